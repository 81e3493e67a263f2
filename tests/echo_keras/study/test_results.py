"""Rows of cells, arms and differences, and the files that they are written to."""

import csv
import json

import pytest

from echo_keras import config
from echo_keras.study import grid, plan, results, worker

CASE = {"patient": "a", "dice": 0.5, "hd95": 1.0}


@pytest.fixture
def result(tmp_path):
    """Function that makes the result of a cell, and its folder where it finished."""

    def made(name="unet", *, number=0, patients=3, fraction=0.5, failed="", **others):
        recipe = config.Finetune(fraction=fraction, subset_seed=number, seed=7)
        cell = plan.Cell(name, "random", number, recipe, **others)
        folder = tmp_path / cell.name
        folder.mkdir()
        if failed:
            return grid.Result(cell, folder, None, 2.0, failed)
        cost = {"labelled_patients": patients, "seconds": 9.0}
        scores = {"seconds": 1.0, "dice_interval": [0.4, 0.6], "cases": [CASE]}
        (folder / worker.COST).write_text(json.dumps(cost))
        (folder / worker.SCORES).write_text(json.dumps(scores))
        return grid.Result(cell, folder, 0.5, 9.0)

    return made


def test_runs_of_one_recipe_at_one_fraction_are_an_arm(result):
    runs = [
        result(number=0, patients=3),
        result(number=1, failed="it broke"),
        result(number=2, patients=4),
        result(number=3, patients=4),
        result(fraction=0.25, patients=2),
    ]
    few, many = results.arms(runs)
    assert (few.fraction, few.patients, [*few.runs]) == (0.25, 2, [0])
    assert (many.fraction, many.patients, [*many.runs]) == (0.5, 4, [0, 2, 3])
    assert many.folders == {number: runs[number].folder for number in (0, 2, 3)}
    assert many.title == "unet from random"
    assert many.facts([2]) == [[CASE]]


def test_an_arm_names_the_arms_of_its_teachers_though_one_has_failed(result):
    first, second = result("first"), result("second", failed="it broke")
    names = (first.cell.name, second.cell.name)
    [_, student] = results.arms([first, second, result("student", teachers=names)])
    assert student.teachers == (("first", "random"), ("second", "random"))


def test_all_rows_have_the_keys_of_all_cells(result):
    failed, whole = results.rows(
        [result(failed="it broke"), result(number=1, patients=4)]
    )
    assert list(failed) == list(whole)
    assert (failed["failed"], failed["seconds"]) == ("it broke", None)
    assert (whole["failed"], whole["subset_seed"], whole["seed"]) == ("", 1, 7)
    assert (whole["dice_low"], whole["dice_high"]) == (0.4, 0.6)
    assert whole["seconds"] == 9.0  # of the whole cell, not of its scoring
    assert "cases" not in whole


def test_a_failure_does_not_change_what_is_compared(arm):
    """Without `best from random`, which failed, its other arm has nothing beside it."""
    arms = [arm("hearts", 0.05)._replace(recipe_name="best"), arm("random", 0.05)]
    first = ("unet", "random")
    planned = {("best", "random", 0.05)}
    assert results.differences(arms, first, planned) == []
    assert {row["than_recipe"] for row in results.differences(arms, first)} == {"unet"}


def test_a_difference_is_of_the_runs_that_both_have_finished(arm):
    whole, other = arm("random", 1.0, shared=90), arm("simclr", 1.0, shared=94)
    [run], [better] = whole.runs.values(), other.runs.values()
    worse = arm("random", 1.0, shared=10).runs[0]
    whole = whole._replace(runs={0: worse, 1: run})
    first = ("unet", "random")
    told = results.differences([whole, other._replace(runs={1: better})], first)
    [row] = [row for row in told if row["figure"] == "dice_per_image_mean"]
    assert row["runs"] == 1
    assert row["value"] == pytest.approx(0.04)
    apart = other._replace(runs={2: better})
    assert results.differences([whole, apart], first) == []


def test_distances_of_unlike_units_are_in_no_row(arm):
    whole = arm("random", 1.0)
    whole.runs[0]["distance_unit"] = "mixed"
    figures = {row["figure"] for row in results.levels([whole])}
    assert "dice_per_image_mean" in figures
    assert not [name for name in figures if name.startswith(("hd95", "assd"))]


def test_a_table_has_a_column_for_each_end_of_an_interval(tmp_path):
    path = tmp_path / "table.csv"
    results.write(path, [{"a": None, "both": (0.25, 0.5)}, {"a": 1, "both": (0, 1)}])
    with path.open() as file:
        assert list(csv.DictReader(file)) == [
            {"a": "", "both_low": "0.25", "both_high": "0.5"},
            {"a": "1", "both_low": "0", "both_high": "1"},
        ]


def test_a_table_without_rows_is_no_file_though_one_was_there(tmp_path):
    path = tmp_path / "table.csv"
    results.write(path, [])
    path.write_text("of a larger study\n")
    results.write(path, [])
    assert list(tmp_path.iterdir()) == []
