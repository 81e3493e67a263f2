"""Pixels, beams and cells name the same places."""

import dataclasses

import numpy as np
import pytest

from pipeline.phantom import heart as anatomy
from pipeline.phantom import scanner
from pipeline.phantom import sector as sectors

SPACING = 0.8


@pytest.fixture(scope="module")
def settings():
    random = np.random.default_rng(3)
    drawn = scanner.draw(anatomy.draw(random), random)
    return dataclasses.replace(drawn, depth=120.0, half_angle=0.6)


@pytest.fixture(scope="module")
def beams(settings):
    return sectors.beams(settings, SPACING)


def test_pixels_are_measured_from_the_tip_each_way_by_its_own_size():
    sector = sectors.Sector(5, 7, tip=(3.0, 1.0), millimetres=0.5, aspect=2.0)
    x, depth = sectors.pixels(sector)
    np.testing.assert_array_equal(x, np.tile(np.arange(-3.0, 4), (5, 1)))
    rows = np.array([-0.5, 0, 0.5, 1, 1.5])
    np.testing.assert_array_equal(depth, np.tile(rows[:, None], 7))


def test_beams_fan_out_evenly_from_edge_to_edge(beams):
    np.testing.assert_allclose(beams.angle[[0, -1]], [-0.6, 0.6], rtol=1e-6)
    np.testing.assert_allclose(np.diff(beams.angle), beams.step, atol=1e-6)
    np.testing.assert_allclose(beams.x, -beams.x[:, ::-1], atol=1e-4)
    assert (beams.x[1:, 0] < 0).all()
    far = np.hypot(beams.x, beams.depth)
    np.testing.assert_allclose(far, np.tile(beams.radius[:, None], far.shape[1]), 1e-5)


def test_at_half_the_depth_beams_are_as_close_as_cells(beams):
    apart = np.hypot(np.diff(beams.x), np.diff(beams.depth))
    assert np.diff(beams.radius) == pytest.approx(SPACING, abs=1e-5)
    half = len(beams.radius) // 2
    assert 0.85 * SPACING < apart[half].min() <= apart[half].max() < SPACING


def test_each_cell_lies_in_its_own_column_and_row(beams):
    column, row = sectors.cells(beams, beams.x[1:], beams.depth[1:])
    rows, columns = np.indices(beams.x.shape)[:, 1:]
    np.testing.assert_allclose(column, columns, atol=1e-3)
    np.testing.assert_allclose(row, rows, atol=1e-3)


@pytest.mark.parametrize("aspect", [1.0, 2.0])
def test_the_image_shows_each_cell_where_it_lies_and_nothing_outside(beams, aspect):
    sector = sectors.Sector(130, 160, tip=(79.5, 2.0), millimetres=1.0, aspect=aspect)
    convert = sectors.scan_conversion(sector, beams)
    x, depth = sectors.pixels(sector)
    far, turn = np.hypot(x, depth), np.arctan2(x, depth)
    inside = (far > 2) & (far < beams.radius[-1] - SPACING) & (np.abs(turn) < 0.58)
    for field, expected, error in (
        (beams.x, x, SPACING / 16),
        (beams.depth, depth, SPACING / 16),
        (np.ones_like(beams.x), np.ones_like(x), 1e-6),
    ):
        found = convert(field)
        np.testing.assert_allclose(found[inside], expected[inside], atol=error)
        outside = (far > beams.radius[-1] + 2 * SPACING) | (np.abs(turn) > 0.7)
        assert not found[outside & (far > 20)].any()
    assert inside.sum() > 3000
