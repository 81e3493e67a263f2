"""Volumes meet closed forms and the hearts that phantoms are drawn from."""

import math
import os
import pathlib

import cv2
import numpy as np
import pytest

from echo_keras.metrics import clinical
from pipeline.phantom import camus, echonet, motion, scanner
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors
from pipeline.sources import images, tracings

CAMUS = os.environ.get("ECHO_KERAS_CAMUS")
LENGTH, RADIUS = 45.0, 13.0
FIELD = 112.0


def solid(half_width, *, tilt=0.0, spacing=(1.0, 1.0), scale=1.0):
    """Mask of a solid of revolution: `half_width` by the place from apex to base."""
    shape = [round(FIELD / side) for side in spacing]
    y, x = ((np.indices(shape) + 0.5) * np.reshape(spacing, (2, 1, 1))) - FIELD / 2
    sine, cosine = np.sin(np.radians(tilt)), np.cos(np.radians(tilt))
    place = (x * sine + y * cosine) / (LENGTH * scale) + 0.5
    across = np.abs(x * cosine - y * sine)
    inside = (place >= 0) & (place <= 1)
    return inside & (across <= half_width(np.clip(place, 0, 1)) * scale)


def half_ellipse(place, radius=RADIUS):
    return radius * np.sqrt(1 - (1 - place) ** 2)


def cylinder(place):
    return np.full(np.shape(place), RADIUS)


def volume(mask, spacing=(0.0, 0.0)):
    return clinical.volume(clinical.disks(mask, spacing))


@pytest.mark.parametrize("tilt", [-40, -20, 0, 15, 40])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0, 0.5), (0.4, 0.8), (0.3, 0.3)])
def test_half_an_ellipsoid_has_its_volume_however_it_lies(tilt, spacing):
    mask = solid(half_ellipse, tilt=tilt, spacing=spacing)
    expected = 2 / 3 * math.pi * RADIUS**2 * LENGTH
    assert volume(mask, spacing) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("tilt", [-25, 0, 30])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 0.25)])
def test_the_axis_runs_from_the_apex_to_the_middle_of_the_base(tilt, spacing):
    mask = solid(half_ellipse, tilt=tilt, spacing=spacing)
    down = np.array([np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    centre = FIELD / 2 - np.array(spacing[::-1]) / 2
    expected = [centre - down * LENGTH / 2, centre + down * LENGTH / 2]
    found = clinical.long_axis(mask, spacing)
    np.testing.assert_allclose(found, expected, atol=3)
    assert np.hypot(*(found[1] - found[0])) == pytest.approx(LENGTH, abs=1)


def test_a_cylinder_has_equal_disks_along_its_axis():
    mask = solid(cylinder, spacing=(0.5, 0.25))
    ends = np.array([[0, -LENGTH / 2], [0, LENGTH / 2]]) + FIELD / 2 - (0.125, 0.25)
    diameters, length = clinical.disks(mask, (0.5, 0.25), axis=ends)
    assert length == LENGTH
    np.testing.assert_allclose(diameters[1:-1], 2 * RADIUS, rtol=0.01)
    expected = math.pi * RADIUS**2 * LENGTH
    assert clinical.volume((diameters, length)) == pytest.approx(expected, rel=0.01)


def test_a_round_ventricle_does_not_lose_its_axis():
    mask = solid(lambda place: half_ellipse(place, radius=24.0), tilt=10)
    apex, midpoint = clinical.long_axis(mask)
    assert apex[1] < midpoint[1]
    expected = 2 / 3 * math.pi * 24**2 * LENGTH
    assert volume(mask) == pytest.approx(expected, rel=0.04)


def test_unknown_spacing_counts_pixels():
    mask = solid(half_ellipse, tilt=12)
    for unknown in ((0.0, 0.0), (0.3, 0.0)):
        assert volume(mask, unknown) == volume(mask, (1.0, 1.0))
    assert volume(mask, (2.0, 2.0)) == pytest.approx(8 * volume(mask))


def test_two_planes_make_disks_oval_and_take_the_longer_axis():
    first = clinical.disks(solid(half_ellipse))
    second = clinical.disks(solid(lambda place: half_ellipse(place, radius=9.0)))
    expected = 2 / 3 * math.pi * RADIUS * 9.0 * LENGTH
    assert clinical.volume(first, second) == pytest.approx(expected, rel=0.03)
    shorter = (second[0], second[1] / 2)
    assert clinical.volume(first, shorter) == clinical.volume(first, second)
    assert clinical.volume(shorter, first) == clinical.volume(first, second)


@pytest.mark.parametrize("tilt", [-24, 0, 32])
@pytest.mark.parametrize("scale", [0.9, 0.7])
def test_a_shrunk_copy_ejects_the_missing_cube(scale, tilt):
    fine = (0.5, 0.5)
    diastolic = volume(solid(half_ellipse, tilt=tilt, spacing=fine), fine)
    shrunk = solid(half_ellipse, tilt=tilt, spacing=fine, scale=scale)
    found = clinical.ejection_fraction(diastolic, volume(shrunk, fine))
    assert found == pytest.approx(100 * (1 - scale**3), abs=0.5)


def test_only_the_outline_of_the_largest_piece_counts():
    mask = solid(half_ellipse)
    ragged = mask.copy()
    ragged[50:60, 54:58] = False
    ragged[:5, :9] = True
    ragged[100:, 90] = True
    assert volume(ragged) == volume(mask)


def test_an_empty_mask_has_no_volume_and_no_fraction():
    empty = np.zeros((20, 30), bool)
    assert volume(empty) == 0
    assert np.isnan(clinical.long_axis(empty)).all()
    assert math.isnan(clinical.ejection_fraction(0.0, 10.0))
    assert math.isnan(clinical.ejection_fraction(10.0, 0.0))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_a_mask_of_a_few_pixels_has_a_few_cubic_pixels(shape):
    mask = np.zeros((20, 30), bool)
    mask[5 : 5 + shape[0], 9 : 9 + shape[1]] = True
    assert 0 < volume(mask) < 60


def drawn_masks(heart, settings):
    """Masks of one view in the layout of CAMUS, at end-diastole and end-systole."""
    height = round(settings.depth / camus.SPACING)
    width = round(2 * np.sin(settings.half_angle) * settings.depth / camus.SPACING)
    tip = ((width - 1) / 2, 0.0)
    sector = sectors.Sector(height, width, tip, camus.SPACING)
    for time in (0.0, heart.systole):
        yield camus.mask(heart, sector, time) == anatomy.CAVITY


@pytest.mark.parametrize("seed", range(6))
def test_phantoms_of_camus_meet_their_fraction_in_one_plane_and_in_two(seed):
    random = np.random.default_rng(seed)
    heart = anatomy.draw(random)
    settings = scanner.draw(heart, random)
    views = [heart, anatomy.two_chamber(heart, random)]
    spacing = (camus.SPACING, camus.SPACING)
    planes = [
        [clinical.disks(mask, spacing) for mask in drawn_masks(view, settings)]
        for view in views
    ]
    single = [clinical.volume(plane) for plane in planes[0]]
    double = [clinical.volume(*pair) for pair in zip(*planes)]
    for volumes in (single, double):
        found = clinical.ejection_fraction(*volumes)
        assert found == pytest.approx(heart.ejection_fraction, abs=0.5)
    drawn = anatomy.disks(heart.inner, motion.moment(heart, 0.0).length)
    assert single[0] / 1000 == pytest.approx(drawn, rel=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_phantoms_of_echonet_meet_their_fraction_within_four_points(seed):
    random = np.random.default_rng(seed)
    heart = anatomy.draw(random)
    sector = echonet.place(scanner.draw(heart, random), random)
    volumes = []
    for time in (0.0, heart.systole):
        trace = np.array(echonet.tracing(heart, sector, time))
        volumes.append(volume(tracings.mask(tracings.outline(trace), (112, 112))))
    found = clinical.ejection_fraction(*volumes)
    assert found == pytest.approx(heart.ejection_fraction, abs=4)


@pytest.mark.skipif(not CAMUS, reason="ECHO_KERAS_CAMUS names no folder")
def test_the_axis_ends_at_the_border_with_the_atrium_in_real_hearts():
    files = sorted(pathlib.Path(CAMUS).glob("database_nifti/*/*_4CH_E[DS]_gt.nii.gz"))
    distances = []
    for path in files[:80]:
        [mask], spacing = images.labels(path)
        atrium = cv2.dilate((mask == 3).astype(np.uint8), np.ones((5, 5)))
        rows, columns = np.nonzero((mask == 1) & (atrium == 1))
        ends = [columns.argmin(), columns.argmax()]
        border = np.array([columns[ends].mean(), rows[ends].mean()]) * spacing[::-1]
        _, midpoint = clinical.long_axis(mask == 1, spacing)
        distances.append(np.hypot(*(midpoint - border)))
    assert np.median(distances) < 1
    assert np.quantile(distances, 0.9) < 3
