"""The atlas scatters as the heart, its contrast and its drop-out ask for."""

import dataclasses

import numpy as np
import pytest

from pipeline.phantom import geometry, scanner, tissue
from pipeline.phantom import heart as anatomy

ALONG, ACROSS = (
    np.arange(*limits, dtype=np.float32) for limits in (tissue.ALONG, tissue.ACROSS)
)
MARGIN = 10
"""Millimetres that keep clear of borders, which the atlas roughens."""


@pytest.fixture(scope="module")
def hearts():
    random = np.random.default_rng(4)
    heart = anatomy.draw(random)
    return {"4CH": heart, "2CH": anatomy.two_chamber(heart, random)}


@pytest.fixture
def atlas(hearts):
    """Function to the level of tissue and of blood, dB, in an atlas of 1 mm cells."""
    settings = scanner.draw(hearts["4CH"], np.random.default_rng(5))

    def atlas(view="4CH", **changed):
        parts = tissue.atlas(
            hearts[view],
            dataclasses.replace(settings, **changed),
            1.0,
            np.random.default_rng(6),
        )
        muscle, blood = np.linalg.norm(parts[0], axis=-1), parts[1]
        return 20 * np.log10(muscle), 20 * np.log10(blood)

    return atlas


def beside(heart):
    """Distance of each cell from the cavity and from the wall's outside, mm."""
    along, across = np.meshgrid(ALONG, ACROSS, indexing="ij")
    inner, outer = geometry.half_widths(heart, along, across > 0)
    level = (along > 0) & (along < heart.length)
    beyond = np.abs(across)
    return level & (beyond < inner - MARGIN), level & (beyond > outer + MARGIN)


def test_decibels_are_those_of_an_amplitude():
    found = tissue.decibels(np.float32([0, 20, -20, 6.0206]))
    np.testing.assert_allclose(found, [1, 10, 0.1, 2], rtol=1e-5)


@pytest.mark.parametrize("strength", [1.0, 0.3])
def test_scatterers_have_the_power_of_their_strength_in_equal_parts(strength):
    found = tissue.scatterers(np.random.default_rng(0), (200, 300), strength)
    assert found.dtype == np.complex64
    for part in (found.real, found.imag):
        assert part.mean() == pytest.approx(0, abs=0.01 * strength)
        assert np.mean(part**2) == pytest.approx(strength**2 / 2, rel=0.03)
    assert np.mean(found.real * found.imag) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("shape", [(80, 120), (120, 80)])
def test_patches_vary_by_one_and_less_along_their_longer_side(shape):
    field = tissue.patches(np.random.default_rng(0), shape, (30, 5))
    assert field.shape == shape
    assert field.std() == pytest.approx(1, abs=1e-5)
    down, right = (np.abs(np.diff(field, axis=axis)).mean() for axis in (0, 1))
    assert down < right / 3


@pytest.mark.parametrize("view", anatomy.VIEWS)
def test_the_cavity_is_filled_with_blood_and_little_else(atlas, hearts, view):
    muscle, blood = atlas(view, blood=-14.0)
    cavity, outside = beside(hearts[view])
    lateral = outside & (ACROSS > 0)
    np.testing.assert_allclose(blood[cavity], -14, atol=1e-3)
    np.testing.assert_allclose(blood[lateral], -60, atol=1e-3)
    assert np.median(muscle[cavity]) < np.median(muscle[lateral]) - 20


def test_only_the_four_chamber_view_has_a_right_heart(atlas, hearts):
    for view, filled in (("4CH", True), ("2CH", False)):
        _, blood = atlas(view)
        _, outside = beside(hearts[view])
        found = blood[outside & (ACROSS < 0)] > -59
        assert found.any() == filled


def test_drop_out_dims_the_lateral_wall_alone(atlas, hearts):
    whole, _ = atlas(lateral_loss=0.0)
    lost, _ = atlas(lateral_loss=20.0)
    change = lost - whole
    cavity, outside = beside(hearts["4CH"])
    assert change.min() == pytest.approx(-20, abs=0.1)
    septal = np.broadcast_to(ACROSS < -MARGIN, change.shape)
    for unchanged in (cavity, outside, septal):
        np.testing.assert_allclose(change[unchanged], 0, atol=1e-3)
