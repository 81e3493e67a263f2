"""Ejection fractions are set beside what is known, and what is odd is counted."""

import pytest

from echo_keras.metrics import scores
from echo_keras.study import ejections


def test_ejection_fractions_below_0_are_counted(arm):
    one = arm("random", 1.0)
    run = one.runs[0]
    row = {"method": "4CH", "reference": 50.0, "recorded": None}
    rows = [
        {**row, "patient": name, "predicted": predicted}
        for name, predicted in (("a", -149.0), ("b", 52.0), ("c", None), ("d", 0.0))
    ]
    run = {
        **run,
        "ejection_fractions": rows,
        "ejection_fraction": scores.ejection(rows),
    }
    arms = [one._replace(runs={0: run, 1: run})]
    [found] = ejections.tabled(arms)
    [told] = found.rows
    assert told[-1] == "3 (1 left out, 1 below 0)"


def test_an_arm_with_a_run_without_any_mask_stays_in_the_table(arm):
    one = arm("random", 1.0)
    rows = [{**row, "predicted": None} for row in one.runs[0]["ejection_fractions"]]
    lost = {"ejection_fractions": rows, "ejection_fraction": scores.ejection(rows)}
    arms = [one._replace(runs={0: one.runs[0], 1: {**one.runs[0], **lost}})]
    [found] = ejections.tabled(arms)
    [told] = found.rows
    assert told[2:] == ["4CH", "-", "-", "-", "-", "0 (1 left out, 0 below 0)"]


def test_unknown_ejection_fractions_have_no_table(arm):
    arms = [arm("random", 1.0)]
    [found] = ejections.tabled(arms)
    assert found.title.endswith("of the reference masks")
    assert found.note.startswith("Method of disks")
    [row] = found.rows
    assert row[2:6] == ["4CH", "2.00 (2.00 to 2.00)", "+2.00 (+2.00 to +2.00)", "-"]


@pytest.mark.parametrize(
    ("dataset", "synthetic", "told"),
    [("camus", False, True), ("camus", True, False), ("echonet", False, False)],
)
def test_one_plane_of_camus_beside_what_two_gave_is_told(arm, dataset, synthetic, told):
    arms = [arm("random", 1.0, dataset=dataset, recorded=51.0)]
    recorded, reference = ejections.tabled(arms, synthetic=synthetic)
    assert recorded.title.endswith("as recorded")
    assert ("two planes" in recorded.note) is told
    assert recorded.note.startswith("Method of disks")
    assert reference.note == "Columns as in the table of ejection fractions above."
