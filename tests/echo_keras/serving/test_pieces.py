import cv2
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from echo_keras.serving import pieces


def drawn(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def spiral(side):
    """A path one pixel wide, side long, turning inwards: the longest way round."""
    mask = np.zeros((side, side), bool)
    row, column, down, right = 0, 0, 0, 1
    mask[0, 0] = True
    for _ in range(side * side):
        ahead = row + 2 * down, column + 2 * right
        inside = 0 <= ahead[0] < side and 0 <= ahead[1] < side
        if not inside or mask[ahead]:
            down, right = right, -down
        row, column = row + down, column + right
        if not (0 <= row < side and 0 <= column < side) or mask[row, column]:
            break
        mask[row, column] = True
    return mask


def masks():
    random = np.random.default_rng(0)
    noise = [random.uniform(size=(23, 41)) < share for share in (0.2, 0.4, 0.55, 0.8)]
    smooth = cv2.GaussianBlur(random.uniform(size=(90, 70)), (0, 0), 3)
    return [
        *noise,
        smooth > 0.5,
        spiral(31),
        ~spiral(31),
        np.eye(9, dtype=bool),
        np.zeros((4, 6), bool),
        np.ones((4, 6), bool),
        np.ones((1, 1), bool),
    ]


@pytest.mark.parametrize("mask", masks())
def test_the_largest_piece_is_that_of_opencv(mask):
    count, labels, facts, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    kept = pieces.largest(tf.constant(mask)).numpy()
    assert not (kept & ~mask).any()
    if count == 1:
        assert not kept.any()
        return
    sizes = facts[1:, cv2.CC_STAT_AREA]
    assert kept.sum() == sizes.max()
    assert len(np.unique(labels[kept])) == 1


@pytest.mark.parametrize("mask", masks())
def test_holes_are_filled_as_by_scipy(mask):
    found = pieces.filled(tf.constant(mask)).numpy()
    np.testing.assert_array_equal(found, scipy.ndimage.binary_fill_holes(mask))


def test_a_corner_connects_pixels_and_closes_a_hole():
    mask = drawn("..#...", ".#.#..", "..#..#", "......")
    kept = pieces.largest(tf.constant(mask)).numpy()
    np.testing.assert_array_equal(kept, drawn("..#...", ".#.#..", "..#...", "......"))
    np.testing.assert_array_equal(
        pieces.filled(tf.constant(kept)).numpy(),
        drawn("..#...", ".###..", "..#...", "......"),
    )


def test_of_equal_pieces_the_uppermost_is_kept():
    kept = pieces.largest(tf.constant(drawn("...##", ".....", "##..."))).numpy()
    np.testing.assert_array_equal(kept, drawn("...##", ".....", "....."))
