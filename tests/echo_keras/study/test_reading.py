"""Areas, volumes and beats of a segmented sequence, in the units that are known."""

import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.metrics import clinical
from echo_keras.serving import stream
from echo_keras.study import beats, reading, sequences


def frame(area, volume, *, confidence=0.9):
    mask = np.zeros((4, 5), bool)
    return reading.Frame(mask, area, area - 1, area + 2, volume, confidence)


def of_two_frames(*, spacing=(0.0, 0.0), rate=0.0):
    """A reading of one beat, from a frame of 12 pixels to one of 6."""
    sequence = sequences.Sequence("a", np.zeros((2, 4, 5)), spacing, rate)
    frames = [frame(12, 4000.0), frame(6, 1000.0, confidence=0.7)]
    return reading.Reading(sequence, frames, [beats.Beat(0, 1)], 75.04)


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [
        ((0.5, 0.2), (0.001, "cm^2")),  # 0.1 square mm
        ((0.5, 0.0), (1, "px")),
        ((0.0, 0.0), (1, "px")),
    ],
)
def test_an_area_has_a_unit_where_both_sides_of_a_pixel_are_known(spacing, expected):
    scale, unit = reading.area_scale(of_two_frames(spacing=spacing).sequence)
    assert (pytest.approx(scale), unit) == expected


def test_a_summary_is_in_cubic_centimetres_or_in_pixels_alone():
    told = reading.summary(of_two_frames(spacing=(5.0, 2.0)))
    assert told["beats"] == [
        {
            "ED": {"frame": 0, "area": 1.2, "volume": 4.0},
            "ES": {"frame": 1, "area": 0.6, "volume": 1.0},
        }
    ]
    assert (told["frames"], told["confidence"]) == (2, 0.8)
    assert told["ejection_fraction"] == 75.0
    told = reading.summary(of_two_frames())
    assert told["beats"][0]["ED"] == {"frame": 0, "area": 12, "volume": 4000.0}
    assert (told["area_unit"], told["volume_unit"]) == ("px", "px^3")


def test_the_table_has_no_seconds_where_no_rate_is_known():
    assert reading.table(of_two_frames(rate=8.0)) == (
        "frame,seconds,area_px,area_low_px,area_high_px,volume_px3,confidence,phase\n"
        "0,0.0000,12,11,14,4000.0,0.9000,ED\n"
        "1,0.1250,6,5,8,1000.0,0.7000,ES\n"
    )
    assert reading.table(of_two_frames()).splitlines()[2].startswith("1,,6,")


def test_an_end_of_one_beat_that_begins_the_next_counts_as_diastole():
    whole = of_two_frames()
    found = [beats.Beat(0, 3), beats.Beat(3, 5)]
    marked = reading.phases(reading.Reading(whole.sequence, [], found, 50.0))
    assert marked == {0: "ED", 3: "ED", 5: "ES"}


def test_with_the_size_of_a_pixel_areas_and_volumes_have_units(
    beating, bright, ventricle
):
    sequence = sequences.Sequence("p", beating, spacing=(2.0, 1.5))
    found = reading.read(sequence, list(reading.segmented(sequence, bright)))
    told = reading.summary(found)
    assert (told["area_unit"], told["volume_unit"]) == ("cm^2", "ml")
    diastole = told["beats"][0]["ED"]
    area = ventricle(1.0).sum() * 2.0 * 1.5 / 100
    assert diastole["area"] == pytest.approx(area, rel=0.02)
    volume = clinical.volume(clinical.disks(ventricle(1.0), (2.0, 1.5))) / 1000
    assert diastole["volume"] == pytest.approx(volume, rel=0.02)
    assert told["heart_rate"] is None
    assert reading.table(found).splitlines()[0].split(",")[5] == "volume_mm3"


def test_a_mask_of_another_size_is_refused(beating, bright):
    def halved(images):
        smaller = cv2.imencode(".png", np.zeros((32, 64), np.uint8))[1].tobytes()
        return [{**bright(images)[0], "mask_png_bytes": smaller}]

    with pytest.raises(errors.InputError, match=r"mask of \(32, 64\) pixels"):
        list(reading.segmented(sequences.Sequence("a", beating[:1]), halved))


@pytest.mark.parametrize(("pixels", "largest"), [(2**23, 8), (3 * 64 * 64, 3), (9, 1)])
def test_batches_of_large_frames_are_small(
    beating, bright, monkeypatch, pixels, largest
):
    sizes = []

    def segment(images):
        sizes.append(len(images))
        return bright(images)

    monkeypatch.setattr(stream, "PIXELS", pixels)
    sequence = sequences.Sequence("a", beating[:10])
    assert len(list(reading.segmented(sequence, segment))) == 10
    assert max(sizes) == largest


def test_a_still_sequence_has_no_beat(beating, bright):
    sequence = sequences.Sequence("still", beating[[0] * 4])
    found = reading.read(sequence, list(reading.segmented(sequence, bright)))
    assert reading.summary(found)["ejection_fraction"] is None
    assert not reading.phases(found)
