"""What is written of figures: the field's way, and nothing that is not known."""

import pytest

from echo_keras.study import account, results


@pytest.mark.parametrize(
    ("interval", "runs", "said"),
    [
        ((0.001, 0.02), 5, "better"),
        ((-0.02, -0.001), 5, "worse"),
        ((-0.001, 0.02), 5, "not shown"),
        ((0.001, 0.02), 1, "one run: cannot say"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero_and_more_than_one_run(
    interval, runs, said
):
    assert account.verdict({"both": interval, "runs": runs}) == said


def tables(arms, **options):
    levels = results.levels(arms)
    told = results.differences(arms, ("unet", "random"))
    found = account.tabled(arms, levels, told, **options)
    return {table.title: table for table in found}


def test_our_rows_stand_beside_the_papers_at_its_fractions_and_ours(arm):
    found = tables([arm("random", 0.05), arm("random", 0.01)])
    table = found["Beside the paper, in its aggregate"]
    headings = ["100 %", "50 %", "25 %", "5 % (3 patients)", "1 % (3 patients)"]
    assert table.header == ["", *headings]
    assert table.rows[0][1:] == ["-", "-", "-", ".9000", ".9000"]
    byol = next(row for row in table.rows if row[0] == "paper: BYOL, UNet")
    assert byol[1:] == [".9070", "-", "-", ".8318", "-"]


def test_a_column_tells_all_its_numbers_of_patients(arm):
    by_image = arm("random", 0.05)._replace(recipe_name="paper", patients=5)
    found = tables([arm("random", 0.05), by_image])
    assert found["Dice, mean of images"].header == ["", "5 % (3 to 5 patients)"]


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (["patient"], "fractions of patients"),
        (["image"], "fractions of images"),
        (["patient", "image"], "fractions of patients and of images"),
    ],
)
def test_what_the_fractions_are_of_is_told(arm, units, told):
    arms = [
        arm("random", 0.05)._replace(recipe_name=unit, fraction_by=unit)
        for unit in units
    ]
    found = tables(arms)
    assert f"Columns are {told} and how many" in found["Dice, mean of images"].note
    assert f"ours are {told}, means" in found["Beside the paper, in its aggregate"].note


def test_drawn_hearts_are_not_set_beside_the_papers(arm):
    assert "Beside the paper, in its aggregate" not in tables(
        [arm("random", 0.05)], synthetic=True
    )


def test_differences_are_to_the_first_weights_at_the_same_fraction(arm):
    arms = [arm("random", 1.0), arm("simclr", 1.0, shared=92), arm("simclr", 0.05)]
    [row] = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert row[:3] == ["unet: simclr minus random", "100 %", "+.0200"]
    assert row[-1] == "one run: cannot say"


def test_differences_are_to_the_first_recipe_from_the_same_weights_too(arm):
    shared = {("unet", "random"): 90, ("unet", "simclr"): 91}
    shared |= {("student", "random"): 93, ("student", "simclr"): 95}
    arms = [
        arm(init, 1.0, shared=count)._replace(recipe_name=recipe)
        for (recipe, init), count in shared.items()
    ]
    found = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert [row[:3] for row in found] == [
        ["unet: simclr minus random", "100 %", "+.0100"],
        ["from random: student minus unet", "100 %", "+.0300"],
        ["student: simclr minus random", "100 %", "+.0200"],
        ["from simclr: student minus unet", "100 %", "+.0400"],
    ]


def test_an_arm_apart_is_compared_with_the_first_one(arm):
    arms = [
        arm("random", 1.0),
        arm("hearts", 1.0, shared=92)._replace(recipe_name="best"),
    ]
    [row] = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert row[:3] == ["best from hearts minus unet from random", "100 %", "+.0200"]


def test_a_student_is_compared_with_its_teacher(arm):
    arms = [
        arm("random", 1.0),
        arm("hearts", 1.0, shared=92)._replace(recipe_name="best"),
        arm("hearts", 1.0, shared=93)._replace(
            recipe_name="student", teachers=(("best", "hearts"),)
        ),
    ]
    rows = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert [row[:3] for row in rows[1:]] == [
        ["student from hearts minus unet from random", "100 %", "+.0300"],
        ["from hearts: student minus best", "100 %", "+.0100"],
    ]


def test_an_arm_that_is_left_out_at_a_fraction_changes_what_is_compared_there(arm):
    arms = [
        arm("random", 0.05)._replace(recipe_name="best"),
        *(arm("hearts", share)._replace(recipe_name="best") for share in (0.05, 1.0)),
        *(arm("random", share) for share in (0.05, 1.0)),
    ]
    rows = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert [row[:2] for row in rows] == [
        ["best from hearts minus unet from random", "100 %"],
        ["from random: best minus unet", "5 %"],
        ["best: hearts minus random", "5 %"],
    ]


def test_a_student_is_compared_with_each_of_its_teachers(arm):
    arms = [
        arm("random", 1.0, shared=91)._replace(recipe_name=name) for name in ("a", "b")
    ]
    arms += [
        arm("random", 1.0),
        arm("random", 1.0)._replace(
            recipe_name="student", teachers=(("a", "random"), ("b", "random"))
        ),
    ]
    rows = tables(arms)["Does it help to start or to train otherwise?"].rows
    assert [row[0] for row in rows][2:] == [
        "from random: student minus unet",
        "from random: student minus a",
        "from random: student minus b",
    ]


def test_the_unit_of_distances_is_in_the_title(arm):
    [row] = tables([arm("random", 1.0)])["HD95 (pixels), mean of images"].rows
    assert row == ["unet from random", "4.00 (4.00 to 4.00)"]


def test_end_diastole_and_end_systole_stand_apart(arm):
    found = tables([arm("random", 0.05, es=0.7), arm("random", 1.0, es=0.8)])
    table = found["Dice at end-diastole and at end-systole"]
    assert table.header == ["", "labels", "ED", "ES"]
    assert [row[1:] for row in table.rows] == [
        ["100 %", ".9000 (.9000 to .9000)", ".8000 (.8000 to .8000)"],
        ["5 %", ".9000 (.9000 to .9000)", ".7000 (.7000 to .7000)"],
    ]


def test_without_both_phases_there_is_no_table_of_them(arm):
    assert "Dice at end-diastole and at end-systole" not in tables([arm("random", 1.0)])
