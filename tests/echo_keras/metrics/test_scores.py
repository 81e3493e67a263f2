import numpy as np
import pytest

from echo_keras.metrics import bootstrap, scores


def fact(patient="a", *, area=100, truth=100, shared=80, hd95=2.0, unit="mm"):
    total = area + truth
    return {
        "patient": patient,
        "dice": 2 * shared / total if total else 1.0,
        "iou": shared / (total - shared) if total else 1.0,
        "hd95": hd95,
        "assd": hd95 / 2,
        "distance_unit": unit,
        "area": area,
        "truth_area": truth,
        "shared_area": shared,
    }


def test_the_three_aggregates_of_dice_by_hand():
    """128 small hearts at .8 and one ten times as large at .5."""
    facts = [fact(str(i)) for i in range(128)]
    facts.append(fact("large", area=1000, truth=1000, shared=500))
    found = scores.summary(facts)
    assert found["dice_per_image_mean"] == pytest.approx((128 * 0.8 + 0.5) / 129)
    pooled = (128 * 160 + 1000) / (128 * 200 + 2000)
    assert found["dice_pooled"] == pytest.approx(pooled)
    assert found["dice_pooled_per_batch_of_128"] == pytest.approx((0.8 + 0.5) / 2)


def test_every_figure_has_an_interval_around_it():
    random = np.random.default_rng(0)
    facts = [
        fact(
            str(i // 2), shared=int(random.integers(60, 100)), hd95=random.uniform(0, 9)
        )
        for i in range(60)
    ]
    found = scores.summary(facts)
    for name in scores.FIGURES:
        low, high = found[scores.interval_name(name)]
        assert low < found[name] < high
    dices = [case["dice"] for case in facts]
    expected = bootstrap.mean(dices, [case["patient"] for case in facts])
    assert found["dice_per_image_interval"] == expected


def test_empty_masks_on_both_sides_agree():
    found = scores.summary([fact(area=0, truth=0, shared=0, hd95=0.0)])
    assert [found[name] for name in scores.DICES] == [1, 1, 1]
    assert found["dice_pooled_interval"] == (1, 1)
    assert found["missed"] == 0


def test_an_empty_mask_on_one_side_is_counted():
    facts = [fact(), fact(area=0, shared=0), fact(truth=0, shared=0)]
    assert scores.summary(facts)["missed"] == 2


def test_millimetres_and_pixels_are_not_averaged():
    found = scores.summary([fact(), fact(unit="pixels")])
    assert found["distance_unit"] == "mixed"
    assert found["hd95_per_image_mean"] is found["assd_per_image_interval"] is None


def test_a_model_does_not_differ_from_itself():
    facts = [fact(str(i), shared=60 + i) for i in range(9)]
    for value, interval in scores.differences(facts, facts).values():
        assert value == 0
        assert interval == (0, 0)


def test_differences_are_the_second_minus_the_first_paired():
    worse = [fact(str(i), shared=60 + 2 * i) for i in range(12)]
    better = [fact(str(i), shared=65 + 2 * i, hd95=1.0) for i in range(12)]
    found = scores.differences(worse, better)
    for name in scores.DICES:
        value, interval = found[name]
        assert value == pytest.approx(0.05)
        assert interval == pytest.approx((0.05, 0.05))
    assert found["hd95_per_image_mean"] == (-1, (-1, -1))


def test_ejection_fractions_are_compared_method_by_method():
    rows = [
        {"patient": p, "method": m, "predicted": x, "reference": y, "recorded": z}
        for p, m, x, y, z in [
            ("a", "4CH", 50.0, 52.0, 60.0),
            ("b", "4CH", 40.0, 40.0, None),
            ("c", "4CH", None, 30.0, 35.0),
            ("a", "biplane", 55.0, 52.0, 60.0),
        ]
    ]
    found = scores.ejection(rows)
    against = found["4CH"]["reference"]
    assert (against["patients"], against["left_out"]) == (2, 1)
    assert (against["mae"], against["bias"]) == (1, -1)
    assert found["4CH"]["recorded"]["mae"] == 10
    assert found["biplane"]["reference"]["bias"] == 3


def test_unknown_references_are_left_out():
    row = {"patient": "a", "method": "4CH", "predicted": 50.0, "reference": 50.0}
    assert scores.ejection([{**row, "recorded": None}])["4CH"]["recorded"] is None
