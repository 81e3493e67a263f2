"""A place in the scan, in the heart now and in the heart at rest is one place."""

import dataclasses

import numpy as np
import pytest

from pipeline.phantom import geometry, motion
from pipeline.phantom import heart as anatomy


@pytest.fixture(scope="module")
def heart():
    return anatomy.draw(np.random.default_rng([7, 0]))


@pytest.fixture(scope="module")
def systole(heart):
    return motion.moment(heart, heart.systole)


def floats(*values):
    return [np.float32(value) for value in values]


def at_rest(heart, moment, along, across):
    return geometry.at_rest(heart, moment, *np.broadcast_arrays(*floats(along, across)))


def test_the_scan_and_the_heart_are_turned_forth_and_back(heart):
    moment = motion.moment(heart, 0.1)
    x, depth = geometry.to_scan(moment, np.float32(40), np.float32(-12))
    np.testing.assert_allclose(
        geometry.to_heart(moment, x, depth), (40, -12), rtol=1e-4
    )


def test_a_heart_with_its_apex_to_the_left_leads_down_to_the_right(systole):
    tilted = dataclasses.replace(systole, apex=(-5.0, 20.0), tilt=np.radians(30))
    x, depth = geometry.to_scan(tilted, np.array([0, 60, 0]), np.array([0, 0, 10]))
    third = np.sqrt(3) / 2
    np.testing.assert_allclose(x, [-5, 25, -5 + 10 * third])
    np.testing.assert_allclose(depth, [20, 20 + 60 * third, 15])


def test_tissue_lies_at_rest_at_end_diastole(heart):
    still = motion.moment(heart, 0)
    along, across = np.float32(np.mgrid[-20:150, -60:60])
    rest = geometry.at_rest(heart, still, along, across)
    np.testing.assert_allclose(rest, [along, across], atol=0.2)


@pytest.mark.parametrize("sign", [-1, 1])
def test_cavity_and_wall_are_stretched_by_share_of_their_own_width(
    heart, systole, sign
):
    station, side = np.float32([0.3, 0.5, 0.9]), np.full(3, sign > 0)
    now = geometry.half_widths(systole, station * np.float32(systole.length), side)
    rest = geometry.half_widths(heart, station * np.float32(heart.length), side)
    for share in (0.0, 0.25, 0.75):
        for (inner, outer), (rest_inner, rest_outer) in (
            ((0, now[0]), (0, rest[0])),
            (now, rest),
        ):
            across = sign * (inner + share * (outer - inner))
            along, found = at_rest(heart, systole, station * systole.length, across)
            np.testing.assert_allclose(along, station * heart.length, rtol=1e-5)
            expected = rest_inner + share * (rest_outer - rest_inner)
            np.testing.assert_allclose(found, sign * expected, atol=0.1)


def test_what_is_far_from_the_heart_does_not_move(heart, systole):
    beyond = systole.length + 81
    along, across = at_rest(heart, systole, [beyond, 40, 40], [0, -90, 90])
    assert along[0] == pytest.approx(beyond)
    assert across[1:] == pytest.approx([-90, 90])


def test_tissue_never_folds_over():
    for index in range(20):
        heart = anatomy.draw(np.random.default_rng([7, index]))
        systole = motion.moment(heart, heart.systole)
        grid = np.float32(np.mgrid[0:200, -80:81])
        along, across = geometry.at_rest(heart, systole, *grid)
        assert (np.diff(along, axis=0) > 0).all()
        assert (np.diff(across, axis=1) > 0).all()


@pytest.mark.parametrize("side", [0, 1])
def test_half_widths_are_those_of_the_stations(heart, side):
    along = anatomy.STATIONS * np.float32(heart.length)
    found = geometry.half_widths(heart, along, np.full(along.shape, side == 1))
    np.testing.assert_array_equal(found, [heart.inner[side], heart.outer[side]])
    far = np.float32([-1e3, 1e3])
    found = geometry.half_widths(heart, far, np.full(2, side == 1))
    expected = [heart.inner[side][[0, -1]], heart.outer[side][[0, -1]]]
    np.testing.assert_array_equal(found, expected)


def test_down_the_axis_come_wall_cavity_atrium_and_across_it_both_walls(heart):
    down = np.arange(-60, 250, 0.25, dtype=np.float32)
    labels = geometry.labels(heart, down, np.full_like(down, heart.atrium[2]))
    order = labels[np.flatnonzero(np.diff(labels, prepend=9))]
    assert order.tolist() == [0, 2, 1, 3, 0]
    assert np.ptp(down[labels == 1]) == pytest.approx(heart.length, abs=1)
    assert np.ptp(down[labels == 3]) == pytest.approx(heart.atrium[0], abs=1)
    across = np.arange(-80, 80, 0.25, dtype=np.float32)
    labels = geometry.labels(heart, np.full_like(across, heart.length / 2), across)
    order = labels[np.flatnonzero(np.diff(labels, prepend=9))]
    assert order.tolist() == [0, 2, 1, 2, 0]


def test_the_atrium_ends_at_its_length_and_half_width(heart):
    length, half_width, offset = heart.atrium
    middle = heart.length + 0.42 * length
    along = np.array([middle, heart.length + length, middle, middle])
    across = offset + np.array([0, 0, -half_width, half_width])
    found = geometry.atrial(heart, along, across)
    np.testing.assert_allclose(found, [0, 1, 1, 1], atol=1e-6)
