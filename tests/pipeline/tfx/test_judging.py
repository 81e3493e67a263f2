import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import judging

FLOORS = {"least_dice": 0.5, "least_slice_dice": 0.4, "slice_patients": 2}


def test_a_first_model_above_the_floors_is_blessed(scores):
    good = scores({"a": 0.8, "b": 0.9})
    assert judging.objections(good, None, **FLOORS) == []


def test_a_model_below_the_floor_is_refused_with_its_dice(scores):
    [mean, worst] = judging.objections(scores({"a": 0.2, "b": 0.4}), None, **FLOORS)
    assert mean == "Dice 0.3000 on test is below 0.5"
    assert worst == "Dice 0.3000 on its worst slice, phase ED, is below 0.4"


def test_a_slice_of_too_few_patients_is_not_judged(scores):
    thin = scores({"a": 0.9, "b": 0.9})
    thin["slices"]["quality poor"] = {"patients": 1, "dice_per_image_mean": 0.1}
    assert judging.objections(thin, None, **FLOORS) == []


def test_a_model_surely_worse_than_the_last_is_refused_on_each_slice(scores):
    last = scores({name: 0.90 + 0.01 * i for i, name in enumerate("abcdef")})
    worse = scores({name: 0.85 + 0.01 * i for i, name in enumerate("abcdef")})
    found = judging.objections(worse, last, **FLOORS)
    assert [text.split(" its")[0] for text in found] == ["on all cases", "on phase ED"]
    assert "-0.0500 (-0.0500 to -0.0500)" in found[0]


def test_a_model_that_may_be_as_good_as_the_last_is_blessed(scores):
    last = scores({"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.9})
    mixed = scores({"a": 0.8, "b": 0.9, "c": 0.6, "d": 0.95})
    assert judging.objections(mixed, last, **FLOORS) == []


def test_the_difference_pairs_the_same_cases_whatever_their_order(scores):
    last, found = scores({"a": 0.5, "b": 0.9}), scores({"b": 0.9, "a": 0.5})
    assert judging.difference(found, last) == (0.0, 0.0, 0.0)
