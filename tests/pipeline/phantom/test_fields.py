"""Gain, noise and haze differ by the decibels that the scanner's settings name."""

import dataclasses

import numpy as np
import pytest

from pipeline.phantom import fields, scanner
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors

DEPTH, CELL = 140.0, 1.0
PLAIN = {"edge_loss": (0.0, 0.0), "time_gain": (0.0,) * 8, "shadows": ()}


@pytest.fixture(scope="module")
def settings():
    random = np.random.default_rng(3)
    drawn = scanner.draw(anatomy.draw(random), random)
    return dataclasses.replace(drawn, depth=DEPTH, haze_depth=20.0, **PLAIN)


@pytest.fixture(scope="module")
def beams(settings):
    return sectors.beams(settings, CELL)


@pytest.fixture
def change(settings, beams):
    """Function to the decibels by which changed settings change the three fields."""

    def change(**changed):
        other = dataclasses.replace(settings, **changed)
        after, before = (
            fields.draw(each, beams, np.random.default_rng(5))
            for each in (other, settings)
        )
        return [20 * np.log10(np.abs(a) / np.abs(b)) for a, b in zip(after, before)]

    return change


def test_time_gain_lifts_echoes_and_noise_between_its_eight_depths(change):
    gain, noise, haze = change(time_gain=(0, 0, 0, 6, 0, 0, 0, 0))
    for field in (gain, noise):
        np.testing.assert_allclose(field[60], 6, atol=1e-4)
        np.testing.assert_allclose(field[50], 3, atol=1e-4)
        np.testing.assert_allclose(field[:41], 0, atol=1e-4)
        np.testing.assert_allclose(field[80:], 0, atol=1e-4)
    np.testing.assert_allclose(haze, 0, atol=1e-4)


def test_a_shadow_deepens_over_fifteen_millimetres_and_dims_echoes_alone(change, beams):
    shadow = (float(beams.angle[40]), 5 * beams.step, 30.0, 12.0)
    gain, noise, haze = change(shadows=(shadow,))
    np.testing.assert_allclose(gain[:31], 0, atol=1e-4)
    assert gain[36, 40] == pytest.approx(-12 * 6 / 15, abs=1e-3)
    np.testing.assert_allclose(gain[45:, 40], -12, atol=1e-3)
    np.testing.assert_allclose(gain[45:, [35, 45]], -12 / np.e, atol=1e-3)
    np.testing.assert_allclose(gain[:, 65:], 0, atol=1e-3)
    np.testing.assert_allclose([noise, np.abs(haze)], 0, atol=1e-4)


def test_each_edge_loses_its_own_echoes(change, beams):
    left, *_ = change(edge_loss=(8.0, 0.0))
    right, *_ = change(edge_loss=(0.0, 8.0))
    np.testing.assert_allclose(left[:, 0], -8, atol=1e-3)
    np.testing.assert_allclose(left[:, beams.angle > 0], 0, atol=1e-4)
    assert (np.diff(left[0, beams.angle < 0]) > 0).all()
    np.testing.assert_allclose(right, left[:, ::-1], atol=1e-3)


def test_noise_has_its_level_at_mid_depth_in_every_beam(settings, beams):
    _, noise, _ = fields.draw(settings, beams, np.random.default_rng(5))
    level = 20 * np.log10(noise)
    np.testing.assert_allclose(level[70], settings.noise, atol=1e-4)
    assert (np.diff(level, axis=0) > 0).all()
    assert np.ptp(level, axis=1).max() == 0


def test_haze_falls_by_as_much_over_each_of_its_depths(change, settings):
    *_, endless = change(haze_depth=1e9)
    expected = [0, 8.7, 17.4, 26.1]
    np.testing.assert_allclose(endless[:61:20].T, [expected] * endless.shape[1], 1e-4)
    gain, noise, stronger = change(haze=settings.haze + 6)
    np.testing.assert_allclose(stronger, 6, atol=1e-4)
    np.testing.assert_allclose([gain, noise], 0, atol=1e-4)
