"""A finding names whose frames it is about, and its numbers in a few digits."""

import math

import pytest

from echo_keras.study import facts, flags

FRAME = facts.Frame(
    family="labelled",
    split="train",
    patient="a",
    dataset="camus",
    view="4CH",
    phase="ED",
    number=4,
    size=(1, 1),
    spacing=(0.0, 0.0),
    ejection_fraction=math.nan,
    quality="",
    digest=b"",
    ventricle=None,
)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "4CH ED"),
        ({"phase": "between"}, "4CH frame 4"),
        ({"phase": "", "view": "2CH"}, "2CH frame 4"),
        ({"phase": "", "number": -1}, "4CH frame"),
    ],
)
def test_a_frame_is_named_by_its_phase_or_its_number(changes, name):
    assert flags.name(FRAME._replace(**changes)) == name


def test_a_finding_is_told_in_a_line():
    both = (FRAME, FRAME._replace(phase="ES"))
    flag = flags.Flag("ejection fraction", both, {"EF": 41.264, "pixels": 1234.5})
    assert flags.text(flag) == "a (train) 4CH ED, 4CH ES: EF 41.3, pixels 1234"


def test_equal_frames_are_told_as_an_equation():
    other = FRAME._replace(patient="b", split="test", phase="", number=0)
    flag = flags.Flag("pixels in two splits", (FRAME, other), {})
    assert flags.text(flag) == "a (train) 4CH ED = b (test) 4CH frame 0"


def test_flags_are_kept_apart_by_rule_in_their_order():
    given = [flags.Flag(rule, (FRAME,), {}) for rule in ("holes", "empty", "holes")]
    by_rule = flags.by_rule(given)
    assert list(by_rule) == ["holes", "empty"]
    assert by_rule["holes"] == [given[0], given[2]]
