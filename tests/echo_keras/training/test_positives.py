import numpy as np
import pytest

from echo_keras import errors
from echo_keras.training import positives, videos


def video(patient, count, view="4CH"):
    return videos.Video(patient, view, np.zeros(count))


def drawn(pool, times=200):
    """All pairs of places that are drawn in time, as tuples."""
    random = np.random.default_rng(0)
    pairs = np.concatenate([pool.draw(random) for _ in range(times)])
    return {tuple(map(tuple, pair)) for pair in pairs.tolist()}


def test_a_frame_serves_both_views_and_all_are_drawn_in_time():
    pool = positives.pool([video("echonet/a", 3), video("echonet/b", 1)], "frame")
    assert len(pool) == 2
    assert drawn(pool) == {((0, 0),), ((0, 1),), ((0, 2),), ((1, 0),)}


def test_two_frames_of_a_video_are_never_the_same():
    pool = positives.pool([video("echonet/a", 3)], "video")
    expected = {((0, i), (0, j)) for i in range(3) for j in range(3) if i != j}
    assert drawn(pool) == expected


def test_a_video_of_one_frame_is_left_out_of_pairs_of_frames():
    some = [video("echonet/a", 1), video("echonet/b", 2), video("echonet/c", 1)]
    pool = positives.pool(some, "video")
    assert drawn(pool) == {((1, 0), (1, 1)), ((1, 1), (1, 0))}


def test_the_two_chamber_views_of_a_patient_make_a_pair():
    some = [
        video("camus/a", 2, "4CH"),
        video("camus/b", 1, "2CH"),
        video("camus/a", 2, "2CH"),
        video("camus/b", 1, "4CH"),
    ]
    pool = positives.pool(some, "patient")
    assert len(pool) == 2
    first = {((2, i), (0, j)) for i in range(2) for j in range(2)}
    assert drawn(pool) == {*first, ((1, 0), (3, 0))}


def test_where_there_is_one_view_the_ends_of_the_half_sequence_make_a_pair():
    some = [video("camus/a", 8), video("camus/b", 5), video("camus/c", 1)]
    pool = positives.pool(some, "patient")
    assert drawn(pool) == {((0, 0), (0, 7)), ((1, 0), (1, 4))}


def test_patients_of_both_kinds_stand_together():
    some = [video("camus/a", 4), video("camus/b", 1, "2CH"), video("camus/b", 1)]
    pool = positives.pool(some, "patient")
    assert drawn(pool) == {((0, 0), (0, 3)), ((1, 0), (2, 0))}


@pytest.mark.parametrize(
    ("some", "kind", "sentence"),
    [
        ([video("echonet/a", 1)] * 3, "video", "each of the 3 videos has one; build"),
        ([video("echonet/a", 9)], "patient", "hold neither; use positives video"),
        ([video("camus/a", 1)], "patient", "hold neither; use positives video"),
    ],
)
def test_records_that_cannot_give_such_pairs_are_refused(some, kind, sentence):
    with pytest.raises(errors.InputError, match=sentence):
        positives.pool(some, kind)
