import cv2
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import preprocess

SIZES = [(37, 61), (112, 112), (200, 150)]


def disc(height, width, *, row, column, radius):
    rows, columns = np.ogrid[:height, :width]
    near = ((rows + 0.5) / height - row) ** 2 + ((columns + 0.5) / width - column) ** 2
    return (near < radius**2).astype(np.uint8)[..., None]


def centroid(weights):
    """Centre of mass in shares of height and width."""
    height, width = weights.shape[:2]
    rows, columns = np.mgrid[:height, :width] + 0.5
    total = weights.sum()
    flat = weights[..., 0]
    return (rows * flat).sum() / total / height, (columns * flat).sum() / total / width


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_constant_frame_stays_constant(shape, level):
    image = preprocess.image(np.full((*shape, 1), level, np.uint8), 64)
    assert image.shape == (64, 64, 1)
    assert image.dtype == tf.float32
    np.testing.assert_allclose(image, level / 255, atol=1e-6)


@pytest.mark.parametrize("shape", SIZES)
def test_noise_stays_between_zero_and_one(shape):
    noise = np.random.default_rng(0).integers(0, 256, (2, *shape, 1), dtype=np.uint8)
    image = preprocess.image(noise, 64)
    assert image.shape == (2, 64, 64, 1)
    assert 0 <= image.numpy().min() < image.numpy().max() <= 1


def test_a_frame_of_the_right_size_is_only_scaled():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 1), dtype=np.uint8)
    np.testing.assert_allclose(preprocess.image(pixels, 32), pixels / 255, atol=1e-6)


def test_integers_and_floats_give_the_same():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 41, 1), dtype=np.uint8)
    same = preprocess.image(pixels.astype(np.float32), 32)
    np.testing.assert_array_equal(preprocess.image(pixels, 32), same)


def test_a_fine_checkerboard_becomes_grey_when_made_smaller():
    board = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = preprocess.image(board[..., None], 32).numpy()[2:-2, 2:-2]
    np.testing.assert_allclose(grey, 0.5, atol=0.02)


def test_labels_stay_labels_in_their_corners():
    quarters = np.kron([[0, 1], [2, 3]], np.ones((10, 15))).astype(np.uint8)[..., None]
    labels = preprocess.structures(quarters, 8)
    assert labels.dtype == tf.uint8
    expected = np.kron([[0, 1], [2, 3]], np.ones((4, 4)))
    np.testing.assert_array_equal(labels[..., 0], expected)


@pytest.mark.parametrize("size", [31, 48, 128])
@pytest.mark.parametrize("shape", SIZES)
def test_frame_and_mask_stay_aligned_whatever_the_sizes(shape, size):
    labels = disc(*shape, row=0.4, column=0.57, radius=0.2)
    image = preprocess.image(labels * 255, size).numpy()
    mask = preprocess.structures(labels, size).numpy()
    half_a_pixel = 0.5 / size
    for resized in (image, mask):
        np.testing.assert_allclose(
            centroid(resized), centroid(labels), atol=half_a_pixel
        )
    both = 2 * (mask * (image > 0.5)).sum() / (mask.sum() + (image > 0.5).sum())
    assert both > 0.95


def test_equal_channels_average_to_exactly_their_level():
    levels = np.arange(256, dtype=np.uint8)
    grey = preprocess.grey(np.repeat(levels[:, None], 3, axis=1))
    np.testing.assert_array_equal(grey[:, 0], levels)


def test_different_channels_average():
    grey = preprocess.grey(np.array([[[0, 255, 255]], [[10, 20, 60]]], np.uint8))
    assert grey.shape == (2, 1, 1)
    np.testing.assert_allclose(grey[:, 0, 0], [170, 30], rtol=1e-6)


@pytest.mark.parametrize("aspect", preprocess.ASPECTS)
@pytest.mark.parametrize("shape", SIZES)
def test_a_ramp_survives_the_way_to_the_network_and_back(shape, aspect):
    height, width = shape
    rows, columns = (np.mgrid[:height, :width] + 0.5) / [[[height]], [[width]]]
    ramp = (0.3 * rows + 0.7 * columns)[..., None]
    seen = preprocess.image(ramp[None] * 255, 64, aspect=aspect)
    back = preprocess.restore(seen, height, width, aspect=aspect).numpy()[0]
    assert back.shape == (height, width, 1)
    border = 4
    inside = (slice(border, -border), slice(border, -border))
    np.testing.assert_allclose(back[inside], ramp[inside], atol=0.005)


@pytest.mark.parametrize("shape", [(120, 80), (80, 120), (100, 100)])
def test_a_kept_aspect_keeps_a_circle_a_circle_in_frame_and_mask(shape):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    inside = (rows - 41) ** 2 + (columns - 38) ** 2 < 25**2
    labels = inside.astype(np.uint8)[..., None]
    image = preprocess.image(labels * 255, 60, aspect="keep").numpy()[..., 0]
    mask = preprocess.structures(labels, 60, aspect="keep").numpy()[..., 0]
    for circle in (image > 0.5, mask > 0):
        high, wide = (np.flatnonzero(circle.any(axis)).size for axis in (1, 0))
        assert abs(high - wide) <= 1
    assert (mask * (image > 0.5)).sum() > 0.97 * mask.sum()


@pytest.mark.parametrize(
    ("shape", "filled"),
    [((20, 40), (slice(2, 7), slice(0, 10))), ((30, 10), (slice(0, 10), slice(3, 6)))],
)
def test_what_a_kept_aspect_leaves_is_black(shape, filled):
    white = np.full((2, *shape, 1), 255, np.uint8)
    expected = np.zeros((10, 10))
    expected[filled] = 1
    for image in preprocess.image(white, 10, aspect="keep").numpy():
        np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)
    mask = preprocess.structures(white, 10, aspect="keep")
    np.testing.assert_array_equal(mask[1, ..., 0], 255 * expected)


def test_restoring_to_the_same_size_changes_nothing():
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    np.testing.assert_allclose(preprocess.restore(ramp, 8, 8), ramp, atol=1e-6)


def test_enlarging_agrees_with_opencv():
    small = np.random.default_rng(0).random((1, 8, 8, 1)).astype(np.float32)
    expected = cv2.resize(small[0], (20, 12), interpolation=cv2.INTER_LINEAR)
    restored = preprocess.restore(small, 12, 20)
    np.testing.assert_allclose(restored[0, ..., 0], expected, atol=1e-5)
