"""Figures are written in the field's way, and say no more than is known."""

import pytest

from echo_keras.study import wording


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.91234, False, ".9123"),
        (1.0, False, "1.0000"),
        (0.0, False, ".0000"),
        (0.0044, True, "+.0044"),
        (-0.0004, True, "-.0004"),
    ],
)
def test_shares_are_written_in_the_fields_way(value, signed, text):
    assert wording.figure(value, signed) == text


@pytest.mark.parametrize(
    ("interval", "said"),
    [((0.001, 0.02), "better"), ((-0.02, -0.001), "worse"), ((0.0, 0.02), "open")],
)
def test_a_difference_is_told_where_its_interval_leaves_out_zero(interval, said):
    assert wording.verdict(interval, unsure="open") == said
