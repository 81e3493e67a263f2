import itertools
import re

import pytest

from echo_keras import errors
from echo_keras.data import subsets

PATIENTS = [f"patient{number:04d}" for number in range(200)]
FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.999, 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_small_fraction_lies_inside_every_larger_one(seed):
    drawn = [set(subsets.draw(PATIENTS, share, seed=seed)) for share in FRACTIONS]
    for small, large in itertools.combinations(drawn, 2):
        assert small <= large


def test_the_draw_does_not_depend_on_order_or_repetition():
    shuffled = PATIENTS[77:] + PATIENTS[:77][::-1] + PATIENTS[:5]
    assert subsets.draw(shuffled, 0.1) == subsets.draw(PATIENTS, 0.1)


def test_another_patient_in_the_data_set_moves_nobody_but_at_the_edge():
    before = set(subsets.draw(PATIENTS, 0.1))
    after = set(subsets.draw([*PATIENTS, "newcomer"], 0.1))
    assert before - after <= {max(before - after, default="")}
    assert after - before <= {"newcomer"}


def test_all_patients_come_sorted_at_fraction_one():
    assert subsets.draw(PATIENTS[::-1], 1.0) == PATIENTS
    assert subsets.draw(PATIENTS[::-1], 1) == PATIENTS


def test_seeds_draw_different_patients_about_as_often_as_chance():
    draws = [set(subsets.draw(PATIENTS, 0.5, seed=seed)) for seed in range(20)]
    overlaps = [len(one & other) for one, other in itertools.combinations(draws, 2)]
    assert max(overlaps) < 100
    # Two halves of 200 share 50 patients on average, with a deviation of 3.5.
    assert 49 < sum(overlaps) / len(overlaps) < 51


@pytest.mark.parametrize(
    ("patients", "fraction", "count"),
    [(200, 0.05, 10), (30, 0.05, 2), (10, 0.14, 1), (10, 0.16, 2), (10, 0.05, 1)],
)
def test_the_count_is_the_nearest_with_halves_rounded_up(patients, fraction, count):
    assert len(subsets.draw(PATIENTS[:patients], fraction)) == count


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_fraction_outside_its_range_is_refused_by_value(fraction):
    with pytest.raises(errors.InputError, match=re.escape(f"{fraction} is outside")):
        subsets.draw(PATIENTS, fraction)


def test_a_fraction_that_selects_nobody_names_one_that_does():
    with pytest.raises(errors.InputError, match="of 10 patients selects") as refusal:
        subsets.draw(PATIENTS[:10], 0.01)
    smallest = float(re.search(r"use at least (\S+)", str(refusal.value)).group(1))
    assert len(subsets.draw(PATIENTS[:10], smallest)) == 1


def test_no_patients_at_all_are_refused():
    with pytest.raises(errors.InputError, match="0 patients selects none"):
        subsets.draw([], 1.0)
