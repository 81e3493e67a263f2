"""A beat takes the heart through its volumes, walls and valve and back."""

import dataclasses

import numpy as np
import pytest

from pipeline.phantom import heart as anatomy
from pipeline.phantom import motion


def hearts(count):
    return [anatomy.draw(np.random.default_rng([7, index])) for index in range(count)]


def volume_by_hand(moment):
    rows = (np.arange(20) + 0.5) / 20
    widths = sum(np.interp(rows, anatomy.STATIONS, side) for side in moment.inner)
    return sum(np.pi * (widths / 2) ** 2 * moment.length / 20) / 1000


@pytest.mark.parametrize("view", anatomy.VIEWS)
def test_the_method_of_disks_meets_the_ejection_fraction(view):
    for heart in hearts(30):
        if view == "2CH":
            heart = anatomy.two_chamber(heart, np.random.default_rng(1))
        diastolic = volume_by_hand(motion.moment(heart, 0))
        systolic = volume_by_hand(motion.moment(heart, heart.systole))
        measured = 100 * (diastolic - systolic) / diastolic
        assert measured == pytest.approx(heart.ejection_fraction, abs=1e-4)


def test_a_heart_beats_between_its_extremes():
    heart = hearts(1)[0]
    times = np.linspace(0, heart.beat, 60)
    squeeze = [motion.contraction(heart, time) for time in times]
    assert min(squeeze) == 0
    assert motion.contraction(heart, heart.systole) == pytest.approx(1)
    assert max(squeeze) <= 1
    again = [motion.contraction(heart, time + 3 * heart.beat) for time in times]
    np.testing.assert_allclose(again, squeeze, atol=1e-6)
    assert max(np.abs(np.diff(squeeze))) < 0.2


def test_the_walls_keep_their_order_through_the_beat():
    for heart in hearts(20):
        for time in np.linspace(0, heart.beat, 7):
            moment = motion.moment(heart, time)
            between = (anatomy.STATIONS >= 0.3) & (anatomy.STATIONS <= 1)
            wall = (moment.outer - moment.inner)[:, between]
            assert wall.min() > 4
            assert wall.max() < 22


def test_at_end_diastole_a_moment_is_the_heart_at_rest():
    for heart in hearts(5):
        still = motion.moment(heart, 0)
        for name in ("length", "apex", "tilt"):
            assert getattr(still, name) == pytest.approx(getattr(heart, name))
        for name in ("inner", "outer"):
            within = anatomy.STATIONS >= 0.05
            found, expected = getattr(still, name), getattr(heart, name)
            np.testing.assert_allclose(found[:, within], expected[:, within], 1e-4)
        assert (still.contraction, still.opening) == (0, 0)


def test_systole_thickens_the_walls_and_draws_the_base_to_a_still_apex():
    for heart in hearts(10):
        normal = dataclasses.replace(
            heart, ejection_fraction=60.0, breathing=(0.0, 4.0)
        )
        diastole, systole = (motion.moment(normal, t) for t in (0, heart.systole))
        before, after = (
            anatomy.half_widths(moment.outer - moment.inner).mean()
            for moment in (diastole, systole)
        )
        assert 1.3 < after / before < 1.5
        assert np.hypot(*np.subtract(systole.apex, diastole.apex)) < 2
        assert 0.1 < 1 - systole.length / diastole.length < 0.2


def test_breathing_moves_the_heart_as_a_whole():
    still = dataclasses.replace(hearts(1)[0], breathing=(0.0, 4.0))
    breathing = dataclasses.replace(still, breathing=(2.0, 4.0))
    for time, drift in ((0, 0), (1, 2), (2, 0), (3, -2)):
        here, there = motion.moment(still, time), motion.moment(breathing, time)
        moved = np.subtract(there.apex, here.apex)
        np.testing.assert_allclose(moved, [drift, drift / 2], atol=1e-9)
        np.testing.assert_array_equal(there.inner, here.inner)


def test_the_valve_is_shut_in_systole_and_opens_wide_after_it():
    heart = hearts(1)[0]
    systole = np.linspace(0, heart.systole, 9)
    assert {motion.moment(heart, time).opening for time in systole} == {0}
    diastole = np.linspace(heart.systole, heart.beat, 101)
    opening = [motion.moment(heart, time).opening for time in diastole]
    assert max(opening) == pytest.approx(1)
    assert min(opening[1:-1]) > 0


def test_leaflets_hang_on_the_ring_meet_when_shut_and_part_when_open():
    heart = dataclasses.replace(hearts(1)[0], valve=(0.0, 0.6))
    moment = motion.moment(heart, heart.systole)
    left, right = (np.interp(1, anatomy.STATIONS, side) for side in moment.inner)
    ring = left + right
    for opening, overlap in ((0.0, 0.04), (1.0, 1.04 * np.cos(1) - 1)):
        moved = dataclasses.replace(moment, opening=opening)
        (along, septal), (other, lateral) = motion.leaflets(heart, moved)
        assert (septal[0], lateral[0]) == pytest.approx((-left, right))
        assert along[0] == other[0] == moment.length
        assert septal[-1] - lateral[-1] == pytest.approx(overlap * ring)
        tips = np.array([along[-1], other[-1]])
        expected = np.array([0.6, 0.44]) * ring * np.sin(opening)
        np.testing.assert_allclose(moment.length - tips, expected)
