import itertools

import numpy as np
import pytest

from echo_keras.metrics import bootstrap


def test_frames_of_one_patient_have_no_interval():
    assert bootstrap.mean([0.2, 0.9], ["a", "a"]) == pytest.approx((0.55, 0.55))


def test_equal_scores_have_no_interval():
    interval = bootstrap.mean([0.7] * 6, list("aabbcc"))
    assert interval == pytest.approx((0.7, 0.7))


def test_two_patients_are_drawn_both_or_one_twice():
    low, high = bootstrap.mean([0.0, 1.0], ["a", "b"])
    assert (low, high) == (0, 1)


def test_three_patients_match_all_their_27_draws():
    values, patients = [0.1, 0.5, 0.4, 0.9], ["a", "b", "b", "c"]
    frames = {"a": [0.1], "b": [0.5, 0.4], "c": [0.9]}
    means = [
        np.mean(np.concatenate([frames[name] for name in drawn]))
        for drawn in itertools.product("abc", repeat=3)
    ]
    expected = np.quantile(means, [0.025, 0.975], method="inverted_cdf")
    np.testing.assert_allclose(bootstrap.mean(values, patients), expected)


def test_the_interval_of_many_patients_is_that_of_the_normal_law():
    values = np.random.default_rng(1).normal(size=400)
    low, high = bootstrap.mean(values, np.arange(400))
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.01)
    assert high == pytest.approx(values.mean() + half, abs=0.01)


def test_repeating_every_frame_does_not_narrow_the_interval():
    values = np.random.default_rng(2).uniform(size=30)
    patients = np.arange(30)
    once = bootstrap.mean(values, patients)
    thrice = bootstrap.mean(np.tile(values, 3), np.tile(patients, 3))
    np.testing.assert_allclose(thrice, once)


def test_a_ratio_with_equal_denominators_is_a_mean():
    values, patients = [0.2, 0.4, 0.9], ["a", "b", "c"]
    doubled = bootstrap.ratio(np.multiply(values, 5), [5, 5, 5], patients)
    np.testing.assert_allclose(doubled, bootstrap.mean(values, patients))


def test_a_constant_gain_is_a_certain_difference():
    second = np.random.default_rng(3).uniform(size=10)
    interval = bootstrap.mean_difference(second + 0.1, second, np.arange(10))
    np.testing.assert_allclose(interval, (0.1, 0.1))


def test_draws_without_any_pixel_are_left_out():
    interval = bootstrap.ratio([0.0, 3.0], [0.0, 4.0], ["empty", "full"])
    assert interval == pytest.approx((0.75, 0.75))


def test_the_seed_decides_the_interval():
    values, patients = np.random.default_rng(4).uniform(size=50), np.arange(50)
    first, again, other = (
        bootstrap.mean(values, patients, seed=seed, draws=500) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_figure_comes_with_its_interval():
    columns = [[1.0, 2.0], [3.0, 4.0]]
    found, (low, high) = bootstrap.estimate(
        columns, ["a", "b"], bootstrap.mean_of_ratios
    )
    assert found == pytest.approx(4 / 6)
    assert (low, high) == (0.5, 0.75)


def test_a_mean_over_batches_leaves_out_the_empty_ones():
    sums = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 0.0, 0.0], [0.0] * 4])
    found = bootstrap.mean_of_ratios(sums)
    np.testing.assert_allclose(found, [0.625, 0.5, np.nan])


def test_a_figure_that_no_draw_defines_has_no_interval():
    found = bootstrap.estimate([[0.0, 0.0]], ["a"], bootstrap.mean_of_ratios)
    np.testing.assert_array_equal(np.hstack(found), [np.nan] * 3)


def test_draws_cut_into_parts_are_those_of_one_piece(monkeypatch):
    columns, patients = np.random.default_rng(5).uniform(size=(9, 2)), list("aabbccdde")
    whole = bootstrap.resampled(columns, patients, seed=7, draws=50)
    monkeypatch.setattr(bootstrap, "_DRAWS_AT_ONCE", 8)
    bootstrap._times.cache_clear()
    np.testing.assert_allclose(
        bootstrap.resampled(columns, patients, seed=7, draws=50), whole
    )
