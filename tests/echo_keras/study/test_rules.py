"""Each rule draws its line where its constants say, and counts a finding once."""

import math

import pytest

from echo_keras.study import facts, rules

UNLABELLED = {"family": "unlabelled", "phase": "", "ventricle": None}


def ventricle(scale=1.0, **changes):
    """A cylinder whose volume goes with the cube of its scale."""
    whole = facts.Ventricle(
        pixels=round(1000 * scale**2),
        pieces=1,
        holes=0,
        diameters=(scale,) * 20,
        length=scale,
    )
    return whole._replace(**changes)


@pytest.fixture
def frame():
    """Function that makes a frame with pixels of its own."""
    number = iter(range(1000))

    def make(**changes):
        usual = facts.Frame(
            family="labelled",
            split="train",
            patient="a",
            dataset="echonet",
            view="4CH",
            phase="ED",
            number=0,
            size=(100, 100),
            spacing=(0.0, 0.0),
            ejection_fraction=math.nan,
            quality="",
            digest=b"%d" % next(number),
            ventricle=ventricle(),
        )
        return usual._replace(**changes)

    return make


@pytest.fixture
def beat(frame):
    """Function that makes ED and ES of a view with an ejection fraction."""

    def make(fraction, **changes):
        scale = (1 - fraction / 100) ** (1 / 3)
        return [
            frame(**changes),
            frame(phase="ES", ventricle=ventricle(scale), **changes),
        ]

    return make


@pytest.mark.parametrize(
    ("pixels", "found"), [(99, 1), (100, 0), (4000, 0), (4001, 1), (0, 0)]
)
def test_the_size_is_implausible_below_and_above_a_share(frame, pixels, found):
    frames = [frame(ventricle=ventricle(pixels=pixels))]
    assert len(list(rules.implausible(frames))) == found


def test_frames_without_a_label_have_no_ventricle_to_flag(frame):
    frames = [frame(**UNLABELLED), frame(**UNLABELLED)]
    assert rules.apply(frames) == []


def test_phases_are_compared_in_square_centimetres_where_these_are_known(frame):
    small = frame(spacing=(0.4, 0.4))
    large = frame(phase="ES", ventricle=ventricle(pixels=1500), spacing=(0.2, 0.2))
    assert list(rules.reversed_phases([small, large])) == []
    coarse = large._replace(spacing=(0.4, 0.4))
    [flag] = rules.reversed_phases([small, coarse])
    assert flag.numbers == pytest.approx({"ED cm2": 1.6, "ES cm2": 2.4})
    unknown = large._replace(spacing=(0.0, 0.0))
    [flag] = rules.reversed_phases([small, unknown])
    assert flag.numbers == {"ED pixels": 1000, "ES pixels": 1500}


@pytest.mark.parametrize(
    ("dataset", "views", "measured", "found"),
    [
        ("echonet", ["4CH"], 60.0, 0),
        ("echonet", ["4CH"], 61.0, 1),
        ("echonet", ["4CH"], 39.0, 1),
        ("camus", ["4CH"], 69.0, 0),
        ("camus", ["4CH"], 71.0, 1),
        ("camus", ["2CH", "4CH"], 59.0, 0),
        ("camus", ["2CH", "4CH"], 61.0, 1),
    ],
)
def test_more_is_forgiven_where_the_label_saw_more_planes(
    beat, dataset, views, measured, found
):
    frames = [
        frame
        for view in views
        for frame in beat(measured, view=view, dataset=dataset, ejection_fraction=50.01)
    ]
    flags = list(rules.ejection_fractions(frames))
    assert len(flags) == found
    for flag in flags:
        assert flag.frames == tuple(frames)
        assert flag.numbers["EF of the masks"] == pytest.approx(measured)
        assert flag.numbers["EF labelled"] == 50.01


def test_two_views_are_measured_biplane(beat):
    views = [tuple(beat(fraction, view=str(fraction))) for fraction in (20, 68)]
    longer, areas = 0.8 ** (1 / 3), (0.8 * 0.32) ** (1 / 3)
    expected = 100 * (1 - longer * areas)
    assert rules.measured_fraction(views) == pytest.approx(expected)


def test_no_fraction_is_told_without_a_label_or_a_ventricle(beat):
    unlabelled = beat(50)
    empty = beat(50, patient="b", ejection_fraction=90.0)
    empty[1] = empty[1]._replace(ventricle=ventricle(pixels=0))
    assert list(rules.ejection_fractions(unlabelled + empty)) == []
    assert list(rules.reversed_phases(empty)) == []


def test_a_patient_in_three_splits_is_one_finding(frame):
    frames = [
        *(frame(split=split) for split in ("train", "test")),
        frame(split="unlisted", **UNLABELLED),
        frame(split="unlisted", number=1, **UNLABELLED),
        frame(patient="b"),
    ]
    [flag] = rules.patients_in_two_splits(frames)
    assert flag.frames == tuple(frames[:3])
    assert flag.numbers == {"splits": 3}


def test_equal_frames_of_one_patient_are_as_they_should_be(frame):
    stored = frame()
    video = frame(**UNLABELLED)._replace(digest=stored.digest)
    assert list(rules.pixels_in_two_splits([stored, video])) == []
    assert list(rules.pixels_of_two_patients([stored, video])) == []


def test_all_equal_frames_of_two_patients_are_one_finding(frame):
    frames = [frame(number=number) for number in range(3)]
    copies = [stored._replace(patient="b") for stored in frames]
    [flag] = rules.pixels_of_two_patients([*frames, *copies])
    assert flag.numbers == {"equal frames": 3}
    assert [found.patient for found in flag.frames] == ["a", "b"]
    assert list(rules.pixels_in_two_splits([*frames, *copies])) == []


def test_equal_frames_across_splits_name_everybody_who_has_them(frame):
    stored = frame()
    others = [stored._replace(patient="b"), stored._replace(patient="c", split="test")]
    [flag] = rules.pixels_in_two_splits([stored, *others])
    assert {found.owner for found in flag.frames} == {
        ("train", "a"),
        ("train", "b"),
        ("test", "c"),
    }
    assert list(rules.pixels_of_two_patients([stored, *others])) == []
