import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras.study import facts
from pipeline.tfx import slices


def _frame(**changes):
    values = {
        "family": "labelled",
        "split": "test",
        "patient": "a",
        "dataset": "camus",
        "view": "4CH",
        "phase": "ED",
        "number": 0,
        "size": (10, 10),
        "spacing": (0.0, 0.0),
        "ejection_fraction": float("nan"),
        "quality": "",
        "digest": b"",
        "ventricle": None,
    }
    return facts.Frame(**{**values, **changes})


@pytest.mark.parametrize(
    ("fraction", "band"),
    [
        (0, "EF below 40"),
        (39.9, "EF below 40"),
        (40, "EF 40 to 54"),
        (55, "EF 55 and more"),
        (100, "EF 55 and more"),
    ],
)
def test_a_fraction_lies_in_one_band(fraction, band):
    assert slices.names(_frame(ejection_fraction=fraction)) == ["phase ED", band]


def test_an_unknown_quality_and_fraction_make_no_slice():
    assert slices.names(_frame()) == ["phase ED"]
    assert slices.names(_frame(quality="poor")) == ["phase ED", "quality poor"]


def test_each_slice_sums_up_its_own_cases():
    cases = [
        {
            "patient": patient,
            "dice": dice,
            "iou": dice,
            "shared_area": 1,
            "truth_area": 1,
            "area": 1,
            "hd95": 1.0,
            "assd": 1.0,
            "distance_unit": "mm",
            "slices": ["phase ED", f"quality {quality}"],
        }
        for patient, dice, quality in (("a", 0.5, "good"), ("b", 1.0, "poor"))
    ]
    found = slices.scores(cases)
    means = {name: part["dice_per_image_mean"] for name, part in found.items()}
    assert means == {"phase ED": 0.75, "quality good": 0.5, "quality poor": 1.0}
