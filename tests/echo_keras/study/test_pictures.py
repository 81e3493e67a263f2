"""Contours lie where the masks end, and pictures keep their proportions."""

import cv2
import numpy as np

from echo_keras.study import pictures


def square(height, width):
    mask = np.zeros((height, width), bool)
    mask[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    return mask


def test_the_aspect_ratio_is_kept():
    picture = pictures.contours(np.zeros((100, 150), np.uint8), [], height=200)
    assert picture.shape == (200, 300, 3)


def test_the_outline_is_drawn_at_the_edge_and_nowhere_else():
    image = np.full((80, 80), 90, np.uint8)
    colour = (255, 0, 0)
    picture = pictures.contours(image, [(square(80, 80), colour)], height=160)
    drawn = (picture[..., 0] > 150) & (picture[..., 1] < 60)
    rows = np.flatnonzero(drawn.any(axis=1))
    assert abs(rows.min() - 40) <= 2
    assert abs(rows.max() - 119) <= 2
    assert not drawn[60:100, 60:100].any()
    np.testing.assert_array_equal(picture[80, 80], (90, 90, 90))


def test_the_border_of_a_hole_is_drawn_too():
    image = np.full((80, 80), 90, np.uint8)
    mask = square(80, 80)
    mask[35:45, 35:45] = False
    picture = pictures.contours(image, [(mask, (255, 0, 0))], height=160)
    rows = np.flatnonzero(picture[60:100, 80, 0] > 150) + 60
    assert abs(rows.min() - 70) <= 2
    assert abs(rows.max() - 89) <= 2


def test_an_empty_mask_draws_nothing():
    image = np.full((40, 40), 7, np.uint8)
    picture = pictures.contours(image, [(np.zeros((40, 40), bool), (255, 0, 0))])
    assert (picture == 7).all()


def test_a_png_holds_the_picture_losslessly():
    picture = np.random.default_rng(0).integers(256, size=(9, 7, 3), dtype=np.uint8)
    pixels = np.frombuffer(pictures.png(picture), np.uint8)
    decoded = cv2.cvtColor(cv2.imdecode(pixels, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    np.testing.assert_array_equal(decoded, picture)
