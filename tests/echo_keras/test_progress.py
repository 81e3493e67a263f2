import io
import sys

import pytest

from echo_keras import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Seconds on a clock that only the test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("done", "total", "rate", "expected"),
    [
        (40, 120, 8.0, "convert 40/120 patients 8.0/s 0:10 left"),
        (1, 121, 0.5, "convert 1/121 patients 0.5/s 4:00 left"),
        (120, 120, 2.0, "convert 120/120 patients 2.0/s 0:00 left"),
        (0, 120, 0.0, "convert 0/120 patients 0.0/s 0:00 left"),
        (1, 120, None, "convert 1/120 patients"),
        (130, 120, 10.0, "convert 130/120 patients 10.0/s 0:00 left"),
        (0, 7503, 1.0, "convert 0/7503 patients 1.0/s 2:05:03 left"),
    ],
)
def test_a_line_tells_rate_and_time_left(done, total, rate, expected):
    assert progress.line("convert", done, total, rate, "patients") == expected


def test_a_note_ends_the_line():
    line = progress.line("fit", 1, 2, 1.0, "steps", "loss 0.1")
    assert line == "fit 1/2 steps 1.0/s 0:01 left loss 0.1"


def test_the_rate_leaves_out_what_was_done_before(clock, capsys):
    with progress.bar("fit", 20, before=10) as advance:
        for seconds in (1.0, 5.0):
            clock[0] += seconds
            advance()
    assert capsys.readouterr().err == "fit 12/20 steps 0.2/s 0:40 left\n"


def test_lines_come_every_few_seconds_and_at_the_end(clock, capsys):
    with progress.bar("fit", 10, unit="frames") as advance:
        for seconds in (1.0, 4.0, 1.0, 1.0):
            clock[0] += seconds
            advance(2)
        clock[0] += 2.0
        advance(2, note="done")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "fit 4/10 frames 0.5/s 0:12 left",
        "fit 10/10 frames 1.0/s 0:00 left done",
    ]


def test_the_first_step_pays_for_the_start_and_tells_no_rate(clock, capsys):
    with progress.bar("fit", 101) as advance:
        for seconds in (20.0, 5.0):
            clock[0] += seconds
            advance()
    assert capsys.readouterr().err.splitlines() == [
        "fit 1/101 steps",
        "fit 2/101 steps 0.2/s 8:15 left",
    ]


def test_a_terminal_shows_count_rate_and_note(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.bar("convert", 3, unit="patients") as advance:
        advance(2)
        advance(1, note="loss 0.5")
    shown = terminal.getvalue()
    assert "convert" in shown
    assert "3/3" in shown
    assert "patients" in shown
    assert "/s" in shown
    assert "loss 0.5" in shown


def test_a_terminal_begins_with_what_was_done_before(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.bar("fit", 20, before=10) as advance:
        for seconds in (1.0, 4.0):
            clock[0] += seconds
            advance(2)
    shown = terminal.getvalue()
    assert "14/20" in shown
    assert "0.5/s" in shown
