import cv2
import numpy as np
import pytest
from scipy import ndimage

from echo_keras.metrics import surface

SPACINGS = [(0.0, 0.0), (0.5, 0.5), (0.308, 0.154)]


def square(top, left, side=10, shape=(40, 60)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def blob(seed, shape=(50, 70)):
    """A ragged shape with holes and islands."""
    noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    return smooth > np.quantile(smooth, 0.7)


def by_distance_transform(truth, prediction, spacing):
    """The definition, written with SciPy over the whole image."""
    pixel = spacing if all(spacing) else (1, 1)
    cross = ndimage.generate_binary_structure(2, 1)
    borders = [
        mask & ~ndimage.binary_erosion(mask, cross) for mask in (truth, prediction)
    ]
    ways = [
        ndimage.distance_transform_edt(~other, sampling=pixel)[border]
        for border, other in (borders, borders[::-1])
    ]
    return max(np.percentile(way, 95) for way in ways), np.concatenate(ways).mean()


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("seed", range(5))
def test_the_distances_are_those_of_a_distance_transform(seed, spacing):
    first, second = blob(seed), blob(seed + 100)
    found = surface.distances(first, second, spacing)
    assert found == pytest.approx(by_distance_transform(first, second, spacing))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_shifted_square_is_as_far_as_it_was_shifted(spacing):
    """Of the 36 pixels of a border, the 10 of one side are 3 away from the other."""
    hausdorff, mean = surface.distances(square(5, 5), square(5, 8), spacing)
    side = spacing[1] or 1
    assert hausdorff == pytest.approx(3 * side)
    assert 0 < mean < 3 * side


def test_one_pixel_from_another_by_hand():
    first, second = square(10, 20, side=1), square(13, 24, side=1)
    assert surface.distances(first, second) == (5, 5)
    assert surface.distances(first, second, (2.0, 1.0)) == pytest.approx([52**0.5] * 2)


def test_a_hole_is_a_border_too():
    ring = square(5, 5, side=21)
    ring[15, 15] = False
    _, mean = surface.distances(square(5, 5, side=21), ring)
    assert mean == pytest.approx(4 * 9 / (80 + 84))


def test_a_far_island_of_less_than_a_twentieth_leaves_the_hausdorff_distance():
    spoiled = square(5, 5, side=20)
    spoiled[38, 58] = True
    hausdorff, mean = surface.distances(square(5, 5, side=20), spoiled)
    assert hausdorff == 0
    assert mean == pytest.approx(np.hypot(38 - 24, 58 - 24) / (76 + 77))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_order_of_the_masks_does_not_matter(spacing):
    pair = blob(1), square(12, 20, shape=(50, 70))
    there = surface.distances(*pair, spacing)
    assert there == pytest.approx(surface.distances(*pair[::-1], spacing))


def test_equal_masks_are_no_distance_apart_at_the_edge_of_the_image_too():
    assert surface.distances(square(0, 0), square(0, 0)) == (0, 0)


def test_two_empty_masks_agree():
    nothing = np.zeros((30, 40), bool)
    assert surface.distances(nothing, nothing, (0.5, 0.5)) == (0, 0)


def test_one_empty_mask_costs_the_diagonal_of_the_image():
    nothing, something = np.zeros((30, 40), bool), square(3, 3, shape=(30, 40))
    assert surface.distances(nothing, something) == (50, 50)
    assert surface.distances(something, nothing, (0.5, 0.5)) == (25, 25)


def test_the_unit_is_stated():
    assert surface.unit((0.3, 0.2)) == "mm"
    assert surface.unit((0.0, 0.0)) == surface.unit((0.3, 0.0)) == "pixels"
