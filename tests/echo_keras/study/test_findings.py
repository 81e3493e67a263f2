"""The first thing that a reader of a report sees is what was shown."""

import re

import pytest

from echo_keras.study import account, findings, results


@pytest.fixture
def compared():
    """Function that makes an arm of two runs with some Dice, and what it differs by."""

    def made(*shares):
        arms = [
            results.Arm("unet", name, 1.0, 3, {n: _run(share) for n in (0, 1)}, {})
            for name, share in zip(["random", *"abcdefghij"], shares)
        ]
        levels = results.levels(arms)
        told = results.differences(arms, ("unet", "random"))
        rows = [row for row in told if row["figure"] == account.MEAN]
        return re.findall("<li>(.*?)</li>", findings._found(arms, levels, rows, ()))

    return made


def _run(dices):
    facts = [
        {
            **{"patient": str(number), "dice": dice, "iou": dice, "hd95": 1.0},
            **{"assd": 1.0, "distance_unit": "mm", "area": 100, "truth_area": 100},
            "shared_area": 100 * dice,
        }
        for number, dice in enumerate(dices)
    ]
    figures = {"ejection_fraction": {}, "ejection_fractions": []}
    return {"cases": facts, "distance_unit": "mm", **figures}


SAME, BETTER = (0.8, 0.9), (0.85, 0.95)


def test_a_few_comparisons_are_all_told(compared):
    best, first, second = compared(SAME, BETTER, SAME)
    assert best.startswith("With 3 labelled patients (100 %) the best row, unet from a")
    assert first.endswith("it helps.")
    assert second.endswith("a difference is not shown.")


def test_the_ejection_fraction_is_told_with_the_best_row():
    rows = [
        {"patient": name, "method": "4CH", "predicted": found, "reference": 60.0}
        for name, found in (("a", 50.0), ("b", 64.0))
    ]
    run = {"ejection_fraction": {"4CH": {}}, "ejection_fractions": rows}
    arm = results.Arm("unet", "random", 1.0, 2, {0: run}, {})
    assert findings._ejection(arm) == (
        " The ejection fraction in its masks misses that in the reference masks by 7.0 "
        "points; on average it lies 3.0 points below it."
    )


def test_of_many_comparisons_those_that_are_shown_are_told(compared):
    _, shown, rest = compared(SAME, BETTER, *[SAME] * 9)
    assert shown.startswith("Starting unet from a instead of random")
    assert rest.startswith("In 9 of 10 comparisons a difference is not shown")


def test_an_arm_that_shares_nothing_with_the_first_is_told_as_such():
    row = {
        **{"recipe": "best", "init": "hearts", "labelled_patients": 3, "runs": 2},
        **{"than_recipe": "unet", "than_init": "random"},
        **{"value": 0.02, "both": (0.01, 0.03)},
    }
    assert findings._said(row) == (
        "Training by best from hearts instead of unet from random with 3 labelled "
        "patients: Dice +.0200 (+.0100 to +.0300); it helps."
    )
