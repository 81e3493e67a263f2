import numpy as np
import pytest
from skimage import draw

from pipeline.sources import tracings


def by_skimage(vertices, shape):
    x, y = np.rint(vertices).astype(int).T
    filled = np.zeros(shape, np.uint8)
    filled[draw.polygon(y, x, shape)] = 1
    return filled


def ventricle(random, *, centre=56, spread=3):
    """A trace like the data set's: chords across a tilted long axis, with jitter."""
    steps = np.linspace(0, 1, 20)
    half = 16 * np.sin(np.pi * (0.08 + 0.8 * steps))
    middle = centre - 30 + 60 * steps
    chords = np.stack([centre - half, middle, centre + half, middle + 4], axis=1)
    axis = np.array([[centre, centre - 30, centre + 4, centre + 30]])
    return np.concatenate([axis, chords]) + random.normal(0, spread, (21, 4))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("centre", [56, 2, 110])
def test_the_mask_is_that_of_skimage(seed, centre):
    vertices = tracings.outline(
        ventricle(np.random.default_rng(seed), centre=centre, spread=0.3 * seed)
    )
    np.testing.assert_array_equal(
        tracings.mask(vertices, (112, 112)), by_skimage(vertices, (112, 112))
    )


@pytest.mark.parametrize("seed", range(100))
def test_polygons_that_cross_themselves_are_filled_as_by_skimage(seed):
    random = np.random.default_rng(seed)
    vertices = random.integers(-3, 12, (random.integers(3, 9), 2)).astype(float)
    np.testing.assert_array_equal(
        tracings.mask(vertices, (9, 10)), by_skimage(vertices, (9, 10))
    )


def test_a_square_holds_its_border():
    square = np.array([[1, 1], [3, 1], [3, 3], [1, 3]])
    expected = np.zeros((5, 6), np.uint8)
    expected[1:4, 1:4] = 1
    np.testing.assert_array_equal(tracings.mask(square, (5, 6)), expected)
    assert tracings.area(square) == 4


def test_the_outline_leaves_the_long_axis_out_and_goes_round_once():
    trace = np.array([[9, 9, 9, 9], [1, 2, 3, 2], [0, 4, 4, 4]])
    np.testing.assert_array_equal(
        tracings.outline(trace), [[1, 2], [0, 4], [4, 4], [3, 2]]
    )


@pytest.mark.parametrize(("repeats", "kept"), [([21, 21], 21), ([16, 16], 16)])
def test_a_repeated_trace_is_taken_once(repeats, kept):
    trace = ventricle(np.random.default_rng(0))
    rows = np.concatenate([trace[:count] for count in repeats])
    np.testing.assert_array_equal(tracings.first_trace(rows), trace[:kept])


def test_another_trace_of_the_same_frame_is_left_out():
    random = np.random.default_rng(1)
    first, second = ventricle(random), ventricle(random)
    rows = np.concatenate([first, second])
    np.testing.assert_array_equal(tracings.first_trace(rows), first)


@pytest.mark.parametrize(
    ("place", "leaves"),
    [((0, 0), False), ((5, 3), False), ((5.6, 3), True), ((5, -0.6), True)],
)
def test_an_outline_leaves_the_frame_by_a_rounded_pixel(place, leaves):
    vertices = np.array([[1.0, 1.0], [2.0, 2.0], place])
    assert tracings.leaves(vertices, (4, 6)) == leaves
