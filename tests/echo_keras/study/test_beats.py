import numpy as np
import pytest

from echo_keras.study import beats


def cosine(frames, period, *, shift=0):
    """Areas of 60 to 100 that are largest at every multiple of the period."""
    return 80 + 20 * np.cos(2 * np.pi * (np.arange(frames) - shift) / period)


def pairs(found):
    return [(beat.end_diastole, beat.end_systole) for beat in found]


def test_every_whole_beat_is_found():
    found = pairs(beats.found(cosine(100, 30)))
    np.testing.assert_allclose(found, [(0, 15), (30, 45), (60, 75)], atol=1)


def test_a_beat_that_is_cut_off_does_not_count_beside_whole_ones():
    found = pairs(beats.found(cosine(78, 30, shift=15)))
    np.testing.assert_allclose(found, [(15, 30), (45, 60)], atol=1)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_sequence_from_ed_to_es_is_one_beat_in_either_direction(backwards):
    areas = np.linspace(100, 60, 15)
    found = pairs(beats.found(areas[::-1] if backwards else areas))
    assert found == [(14, 0) if backwards else (0, 14)]


def test_ripples_and_a_frame_gone_wrong_are_no_beats():
    random = np.random.default_rng(0)
    areas = cosine(100, 30) + random.normal(0, 1.5, 100)
    areas[20], areas[50] = 0, 500
    found = pairs(beats.found(areas))
    np.testing.assert_allclose(found, [(0, 15), (30, 45), (60, 75)], atol=4)


@pytest.mark.parametrize("areas", [[], [5.0], [7.0] * 9, [0.0] * 9])
def test_where_nothing_moves_there_is_no_beat(areas):
    assert beats.found(areas) == []


def test_the_ejection_fraction_is_that_of_the_median_beat():
    volumes = np.repeat([100, 40, 100, 50, 100, 10], 3)
    found = [beats.Beat(1, 4), beats.Beat(7, 10), beats.Beat(13, 16)]
    assert beats.ejection_fraction(found, volumes) == pytest.approx(60)
    assert np.isnan(beats.ejection_fraction([], volumes))


def test_the_heart_rate_counts_from_diastole_to_diastole():
    found = beats.found(cosine(100, 30))
    assert beats.heart_rate(found, rate=50) == pytest.approx(100, rel=0.05)
    assert np.isnan(beats.heart_rate(found, rate=0))
    assert np.isnan(beats.heart_rate(found[:1], rate=50))


def test_one_outlier_is_left_out():
    np.testing.assert_array_equal(beats.steadied([1, 9, 2, 3]), [1, 2, 3, 3])
