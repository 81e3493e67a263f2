import pytest

from echo_keras import errors
from pipeline.sources import frames


@pytest.mark.parametrize(
    ("choice", "total", "phases", "expected"),
    [
        ("between", 10, (7, 3), (4, 5, 6)),
        ("between", 10, (3, 4), ()),
        ("between", 10, (), ()),
        ("all", 3, (0, 2), (0, 1, 2)),
        (1, 9, (0, 1), (4,)),
        (2, 8, (0, 1), (2, 6)),
        (4, 8, (0, 1), (1, 3, 5, 7)),
        (8, 3, (0, 1), (0, 1, 2)),
        (3, 3, (), (0, 1, 2)),
    ],
)
def test_the_kept_frames(choice, total, phases, expected):
    assert frames.kept(choice, total, phases=phases) == expected


@pytest.mark.parametrize("total", range(1, 40))
def test_a_number_of_frames_is_met_without_repeats(total):
    kept = frames.kept(8, total, phases=())
    assert len(set(kept)) == min(8, total)
    assert list(kept) == sorted(kept)
    assert max(kept) < total


@pytest.mark.parametrize("text", ["0", "-1", "some", "1.5", ""])
def test_an_unknown_choice_is_refused(text):
    with pytest.raises(errors.InputError, match=f"not {text!r}"):
        frames.choice(text)


def test_known_choices_pass():
    assert [frames.choice(text) for text in ("between", "all", "8", 8)] == [
        "between",
        "all",
        8,
        8,
    ]
