"""What is told while a study runs."""

import io
import types

import pytest

from echo_keras import config
from echo_keras.study import live, plan


def result(cell, dice=0.9, seconds=10.0, reason=""):
    return types.SimpleNamespace(cell=cell, dice=dice, seconds=seconds, reason=reason)


@pytest.fixture
def cells():
    values = {"fractions": [0.5, 1.0], "steps": [500, 500], "subsets": 2, "seeds": 1}
    study = config.load(config.Study, **values)
    return plan.cells(study, None)


@pytest.fixture
def results(cells):
    return {cell.name: None for cell in cells}


def test_the_time_left_is_that_of_finished_cells_of_the_same_kind(cells, results):
    first, whole, last = cells
    assert live.seconds_left(cells, results) is None
    results[whole.name] = result(whole, seconds=100.0)
    assert live.seconds_left(cells, results) == 200
    results[first.name] = result(first, seconds=10.0)
    assert live.seconds_left(cells, results) == 10
    assert live.seconds_left(cells, results, {last.title: 4.0}) == 6
    assert live.seconds_left(cells, results, {last.title: 99.0}) == 0
    assert live.seconds_left(cells, results, {"pretraining of simclr": 4.0}) == 10
    results[last.name] = result(last)
    assert live.seconds_left(cells, results) == 0


def test_more_steps_and_more_labels_a_pass_take_longer(tmp_path):
    (tmp_path / "passes.yaml").write_text("epochs: 50\n")
    (tmp_path / "steps.yaml").write_text("steps: 500\n")
    (tmp_path / "open.yaml").write_text("batch: 8\n")
    left = {}
    for name, steps in (("steps", (300, 600)), ("passes", ()), ("open", ())):
        study = config.load(
            config.Study,
            recipes=[f"{name}.yaml"],
            fractions=[0.25, 1.0],
            steps=steps,
            subsets=1,
            seeds=1,
        )
        few, whole = plan.cells(study, tmp_path)
        results = {few.name: result(few, seconds=60.0), whole.name: None}
        left[name] = live.seconds_left([few, whole], results)
    assert left == {"steps": 120, "passes": 240, "open": 120}
    assert live.seconds_left([few, whole], {few.name: None, whole.name: None}) is None


def test_steps_do_not_tell_how_long_passes_take(cells, results):
    counted = cells[0]._replace(recipe=config.replace(cells[0].recipe, epochs=3))
    counted = counted._replace(recipe_name="passes")
    found = {**results, cells[0].name: result(cells[0]), counted.name: None}
    assert live.seconds_left(cells, found) == 20
    assert live.seconds_left([*cells, counted], found) is None


def test_failed_cells_do_not_tell_how_long_others_take(cells, results):
    results[cells[0].name] = result(cells[0], dice=None, seconds=0.1, reason="NaN")
    assert live.seconds_left(cells, results) is None


def test_the_table_holds_means_and_counts(cells, results):
    first, whole, last = cells
    results |= {
        first.name: result(first, dice=0.8),
        last.name: result(last, dice=0.9),
        whole.name: result(whole, dice=None),
    }
    header, [row] = live.summary(cells, results)
    assert header == ["", "50 %", "100 %"]
    assert row == ["default from random", "0.8500 2/2", "0/1 1 failed"]


def test_an_arm_that_is_left_out_at_a_fraction_has_a_dash_there(cells, results):
    _, [row] = live.summary([cells[0], cells[2]], results)
    assert row == ["default from random", "0/2"]
    other = cells[1]._replace(recipe_name="other")
    _, rows = live.summary([*cells, other], {**results, other.name: None})
    assert rows[1] == ["other from random", "-", "0/1"]


def test_without_a_terminal_each_cell_is_told_at_its_start_and_end(
    cells, results, monkeypatch
):
    told = io.StringIO()
    monkeypatch.setattr(live.sys, "stderr", told)
    first, second, _ = cells
    with live.shown(cells, results) as update:
        update({first.title: 0.0})
        update({first.title: 0.2})
        results[first.name] = result(first)
        update({second.title: 0.0}, ended=results[first.name])
        results[second.name] = result(second, dice=None, reason="it was NaN")
        update({}, ended=results[second.name])
    lines = told.getvalue().splitlines()
    assert lines == [
        "study 0/3 cells, ? left  default from random, 50 %, run 0: begins",
        "study 1/3 cells, 0:00:20 left  default from random, 50 %, run 0: "
        "dice 0.9000 in 0:00:10",
        "study 1/3 cells, 0:00:20 left  default from random, 100 %, run 0: begins",
        "study 2/3 cells, 0:00:10 left  default from random, 100 %, run 0: "
        "failed, as it was NaN",
    ]


def test_a_pretraining_that_is_not_done_is_told_beside_the_time_of_the_cells(
    cells, results, monkeypatch
):
    told, pending = io.StringIO(), [1, 2]
    monkeypatch.setattr(live.sys, "stderr", told)
    with live.shown(cells, results, pending=pending.pop) as update:
        update({"pretraining of byol-unet-16": 0.0})
        update({"pretraining of simclr-unet-16": 0.0})
        pending.append(0)
        update({cells[0].title: 0.0})
    assert [line.split("  ")[0] for line in told.getvalue().splitlines()] == [
        "study 0/3 cells, ? and 2 pretrainings left",
        "study 0/3 cells, ? and 1 pretraining left",
        "study 0/3 cells, ? left",
    ]


def test_a_terminal_sees_a_table(cells, results, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(live.sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with live.shown(cells, results, workers=2) as update:
        results[cells[0].name] = result(cells[0], seconds=100.0)
        update({cells[1].title: 65.0, cells[2].title: 5.0})
    shown = terminal.getvalue()
    assert "0.9000 1/2" in shown
    assert "study 1/3 cells, 0:01:05 left" in shown  # 200 s less 70, by two workers
    assert "default from random, 100 %, run 0 0:01:05" in shown
    assert "default from random, 50 %, run 1 0:00:05" in shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (3725.4, "1:02:05"), (None, "?")]
)
def test_the_clock(seconds, text):
    assert live.clock(seconds) == text
