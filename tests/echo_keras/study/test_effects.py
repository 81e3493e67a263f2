"""Levels and differences over runs, and what their intervals hold."""

import numpy as np
import pytest

from echo_keras.metrics import bootstrap
from echo_keras.study import effects

FIGURE = "dice_per_image_mean"


def facts(dices):
    """Facts of one image a patient with the given Dice."""
    return [
        {
            "patient": str(number),
            "dice": dice,
            "iou": dice / (2 - dice),
            "hd95": 1.0,
            "assd": 1.0,
            "area": 100,
            "truth_area": 100,
            "shared_area": 100 * dice,
        }
        for number, dice in enumerate(dices)
    ]


@pytest.fixture
def dices():
    return np.random.default_rng(0).uniform(0.7, 0.95, size=40)


def test_one_run_has_the_interval_of_its_patients(dices):
    found = effects.level([facts(dices)], FIGURE)
    assert found["value"] == pytest.approx(dices.mean())
    expected = bootstrap.mean(dices, [str(i) for i in range(40)])
    assert found["patients"] == pytest.approx(expected)
    assert found["both"] == pytest.approx(expected)
    assert (found["runs"], found["spread"]) == (1, None)


def test_runs_that_differ_widen_the_interval_that_draws_them(dices):
    runs = [facts(dices - shift) for shift in (0.0, 0.1, 0.2)]
    found = effects.level(runs, FIGURE)
    assert found["value"] == pytest.approx(dices.mean() - 0.1)
    assert found["spread"] == pytest.approx(0.1)
    narrow, wide = (np.diff(found[name]) for name in ("patients", "both"))
    assert wide > narrow + 0.1


def test_a_constant_gain_in_every_run_is_certain(dices):
    before = [facts(dices), facts(dices - 0.3)]
    after = [facts(dices + 0.02), facts(dices - 0.28)]
    found = effects.difference(before, after, FIGURE)
    for value in (found["value"], *found["patients"], *found["both"]):
        assert value == pytest.approx(0.02)


def test_a_gain_in_half_of_the_runs_is_not_shown_though_each_patient_shows_it(dices):
    before = [facts(dices), facts(dices)]
    after = [facts(dices + 0.04), facts(dices - 0.02)]
    found = effects.difference(before, after, FIGURE)
    assert found["value"] == pytest.approx(0.01)
    assert found["patients"] == pytest.approx((0.01, 0.01))
    reach = 0.03 * 12.706 / 1.96  # half of what is between the two, by Student's t
    assert found["both"] == pytest.approx((0.01 - reach, 0.01 + reach), abs=1e-4)


def test_no_interval_goes_beyond_what_a_figure_can_be(dices):
    near, far = (facts([dice] * 9) for dice in (1.0, 0.9))
    low, high = effects.level([near, far], FIGURE)["both"]
    assert 0 < low < 0.9
    assert high == 1.0
    for case in far:
        case["hd95"] = 9.0
    low, high = effects.level([near, far], "hd95_per_image_mean")["both"]
    assert low == 0.0
    assert high > 9.0


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_the_interval_holds_what_it_should_though_runs_are_few(runs):
    random = np.random.default_rng(0)
    held = 0
    for dices in random.normal(0.8, 0.02, size=(200, runs)):
        low, high = effects.level([facts([dice]) for dice in dices], FIGURE)["both"]
        held += low <= 0.8 <= high
    assert held > 0.87 * 200


def test_distances_and_pooled_dice_are_averaged_over_runs_too(dices):
    runs = [facts(dices), facts(dices - 0.1)]
    assert effects.level(runs, "hd95_per_image_mean")["value"] == 1
    pooled = effects.level(runs, "dice_pooled")["value"]
    assert pooled == pytest.approx(dices.mean() - 0.05)


def rows(predicted, method="biplane"):
    return [
        {
            "patient": str(number),
            "method": method,
            "predicted": value,
            "reference": 50.0,
            "recorded": None,
        }
        for number, value in enumerate(predicted)
    ]


def test_the_error_of_the_ejection_fraction_is_averaged_over_runs():
    runs = [rows([52.0, 49.0]), rows([54.0, 47.0])]
    found = effects.ejection(runs, "biplane", "reference")
    assert found["mae"]["value"] == pytest.approx((2 + 1 + 4 + 3) / 4)
    assert found["bias"]["value"] == pytest.approx((2 - 1 + 4 - 3) / 4)
    assert (found["patients"], found["left_out"]) == (2, 0)


def test_a_patient_whose_mask_is_empty_in_one_run_is_left_out_and_counted():
    runs = [rows([52.0, None]), rows([54.0, 47.0])]
    found = effects.ejection(runs, "biplane", "reference")
    assert (found["patients"], found["left_out"]) == (1, 1)
    assert found["mae"]["value"] == pytest.approx(3)


def test_a_run_without_any_mask_leaves_every_patient_out():
    runs = [rows([52.0, 48.0]), rows([None, None])]
    assert effects.ejection(runs, "biplane", "reference") == {
        **{"mae": None, "bias": None},
        **{"patients": 0, "left_out": 2, "below_0": 0},
    }


def test_without_a_known_reference_there_is_no_error():
    assert effects.ejection([rows([52.0])], "biplane", "recorded") is None
    assert effects.ejection([rows([52.0])], "2CH", "reference") is None
