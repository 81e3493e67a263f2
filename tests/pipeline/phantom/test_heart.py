"""Hearts are drawn as patients' are, and their masks as the hearts."""

import numpy as np
import pytest

from pipeline.phantom import camus, motion, scanner
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors


def hearts(count):
    return [anatomy.draw(np.random.default_rng([7, index])) for index in range(count)]


def test_ejection_fractions_are_mostly_normal_with_a_tail():
    drawn = np.array([heart.ejection_fraction for heart in hearts(400)])
    assert 15 <= drawn.min() < 25
    assert 55 < np.median(drawn) < 60
    assert 0.1 < np.mean(drawn < 45) < 0.3


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
