"""Tables line up in plain text, and lose nothing on a narrow terminal."""

import re

from echo_keras.study import tables

HEADER = ["", "train", "test"]
ROWS = [["patients", "300", "50"], ["a longer label", "1/2/3", ""]]


def test_plain_columns_are_aligned_by_spaces():
    assert tables.text(HEADER, ROWS, terminal=False).split("\n") == [
        "                train  test",
        "patients          300    50",
        "a longer label  1/2/3",
    ]


def test_a_terminal_gets_every_cell_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    shown = tables.text(HEADER, ROWS, terminal=True)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    lines = [line.split() for line in plain.split("\n")]
    assert lines[0] == ["train", "test"]
    assert lines[-2:] == [["patients", "300", "50"], ["a", "longer", "label", "1/2/3"]]


def test_markdown_has_a_line_for_every_row():
    table = tables.Table("Title", "A note.", ["", "5 %"], [["a", ".9"], ["b", ".8"]])
    assert tables.markdown([table]).splitlines() == [
        *("## Title", "", "A note.", ""),
        *("|  | 5 % |", "| --- | --- |", "| a | .9 |", "| b | .8 |"),
    ]
