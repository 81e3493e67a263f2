"""What is measured of a frame is what its mask and pixels show."""

import tracemalloc

import numpy as np
import pytest

from echo_keras.study import facts


def record(image, **more):
    return {
        "image": image[..., None],
        "patient": b"a",
        "dataset": b"camus",
        "view": b"2CH",
        "frame": np.int64(7),
        "spacing": np.array([0.5, 0.25], np.float32),
        **more,
    }


def measured(image, **more):
    return facts.frame(record(image, **more), family="unlabelled", split="train")


def test_pieces_and_holes_are_counted_and_other_labels_are_not():
    mask = np.full((12, 20), 2, np.uint8)
    mask[1:8, 1:8] = 1
    mask[3:5, 3:5] = 0
    mask[8, 8] = 1  # touches the first piece by a corner
    mask[1:4, 12:15] = 1
    mask[2, 13] = 3
    found = facts.ventricle(mask, (1.0, 1.0))
    assert (found.pixels, found.pieces, found.holes) == (49 - 4 + 1 + 8, 2, 2)
    assert len(found.diameters) == 20


def test_a_missing_ventricle_has_no_piece():
    found = facts.ventricle(np.full((4, 4), 2, np.uint8), (1.0, 1.0))
    assert found == (0, 0, 0, (0.0,) * 20, 0.0)


def test_areas_are_in_square_centimetres_and_in_shares_of_the_image():
    mask = np.zeros((20, 50), np.uint8)
    mask[:10, :10] = 1
    more = {"mask": mask[..., None], "phase": b"ED", "quality": b"good"}
    found = measured(mask, ejection_fraction=np.float32(40), **more)
    assert found.square_centimetres == pytest.approx(100 * 0.5 * 0.25 / 100)
    assert found.share == 0.1
    unknown = found._replace(spacing=(0.0, 0.0))
    assert np.isnan(unknown.square_centimetres)


def test_the_digest_tells_pixels_and_shape_apart_and_nothing_else():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    same = measured(image, patient=b"b", frame=np.int64(1))
    assert measured(image).digest == same.digest
    assert measured(image.reshape(2, 8)).digest != same.digest
    assert measured(image[::-1]).digest != same.digest


def test_what_an_unlabelled_frame_lacks_is_unknown():
    found = measured(np.zeros((3, 5), np.uint8))
    assert (found.phase, found.quality, found.ventricle) == ("", "", None)
    assert np.isnan(found.ejection_fraction)
    assert found.size == (3, 5)
    assert found.place == ("unlabelled", "train", "a", "2CH", "", 7)
    same = record(np.zeros((3, 5), np.uint8))
    assert facts.place(same, family="unlabelled", split="train") == found.place


def test_frames_of_a_video_share_what_they_have_in_common():
    image = np.zeros((3, 5), np.uint8)
    measured(image)
    tracemalloc.start()
    frames = [measured(image, frame=np.int64(300 + n)) for n in range(1000)]
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len({id(frame.patient) for frame in frames}) == 1
    assert kept / len(frames) < 300


def test_beats_pair_the_phases_of_each_view():
    frame = measured(np.zeros((3, 5), np.uint8))
    given = [
        frame._replace(patient=patient, view=view, phase=phase, split=split)
        for patient, view, phase, split in (
            ("a", "4CH", "ES", "train"),
            ("a", "4CH", "ED", "train"),
            ("a", "4CH", "between", "train"),
            ("a", "2CH", "ED", "train"),
            ("a", "4CH", "ED", "test"),
            ("b", "4CH", "", "train"),
        )
    ]
    found = facts.beats(given)
    assert found == [(given[3],), (given[1], given[0]), (given[4],)]
