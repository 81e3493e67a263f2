"""The heart's volumes, motion and contours agree with each other."""

import numpy as np
import pytest

from pipeline.phantom import camus, geometry, motion, scanner
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors


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


def test_ejection_fractions_are_mostly_normal_with_a_tail():
    drawn = np.array([heart.ejection_fraction for heart in hearts(400)])
    assert 15 <= drawn.min() < 25
    assert 55 < np.median(drawn) < 60
    assert 0.1 < np.mean(drawn < 45) < 0.3


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


def test_tissue_lies_at_rest_at_end_diastole():
    heart = hearts(1)[0]
    still = motion.moment(heart, 0)
    along, across = np.float32(np.mgrid[-20:150, -60:60])
    rest = geometry.at_rest(heart, still, along, across)
    np.testing.assert_allclose(rest, [along, across], atol=0.2)


def test_the_scan_and_the_heart_are_turned_forth_and_back():
    moment = motion.moment(hearts(1)[0], 0.1)
    x, depth = geometry.to_scan(moment, np.float32(40), np.float32(-12))
    np.testing.assert_allclose(
        geometry.to_heart(moment, x, depth), (40, -12), rtol=1e-4
    )


def test_the_walls_keep_their_order_through_the_beat():
    for heart in hearts(20):
        for time in np.linspace(0, heart.beat, 7):
            moment = motion.moment(heart, time)
            between = (anatomy.STATIONS >= 0.3) & (anatomy.STATIONS <= 1)
            wall = (moment.outer - moment.inner)[:, between]
            assert wall.min() > 4
            assert wall.max() < 22


def test_the_drawn_mask_has_the_area_of_the_float_contour():
    for heart in hearts(5):
        settings = scanner.draw(heart, np.random.default_rng(2))
        sector = sectors.Sector(600, 700, (350, 0), settings.depth / 600)
        for time in (0, heart.systole):
            moment = motion.moment(heart, time)
            within = (anatomy.STATIONS >= 0) & (anatomy.STATIONS <= 1)
            widths = moment.inner.sum(axis=0)[within]
            expected = np.trapz(widths, anatomy.STATIONS[within] * moment.length)
            cells = (camus.mask(heart, sector, time) == 1).sum()
            assert cells * sector.millimetres**2 == pytest.approx(expected, rel=0.01)
