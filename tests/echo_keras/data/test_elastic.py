import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import augment, elastic

SIZE = 32


@pytest.fixture
def noise():
    return tf.random.stateless_uniform((3, SIZE, SIZE, 1), (1, 2))


@pytest.mark.parametrize("interpolation", ["BILINEAR", "NEAREST"])
def test_affine_places_are_read_as_the_projective_transform_reads_them(
    noise, interpolation
):
    transforms = augment.affine(3, SIZE, (0, 1), ranges=augment.STRONG)
    places = elastic.places(transforms, SIZE)
    read = elastic.sample(noise, places, interpolation=interpolation)
    expected = augment.warp(noise, transforms, interpolation=interpolation)
    agree = np.isclose(read, expected, atol=1e-4)
    assert agree.mean() > 0.999  # a place half-way may be rounded to either side
    assert (expected.numpy() == 0).mean() > 0.02


def test_a_place_between_pixels_gives_their_mean_and_one_outside_black():
    image = tf.reshape(tf.constant([1.0, 3.0, 5.0, 11.0]), (1, 2, 2, 1))
    places = tf.constant([[[0.5, 0.5], [1.0, 0.5]], [[-1.0, 0.0], [1.5, 1.0]]])
    read = elastic.sample(image, places[None], interpolation="BILINEAR")
    np.testing.assert_allclose(read[0, ..., 0], [[5, 7], [0, 5.5]])
    near = tf.constant([[[0.4, 0.4], [0.6, 0.4]], [[-0.6, 0.0], [1.0, 1.4]]])
    read = elastic.sample(image, near[None], interpolation="NEAREST")
    np.testing.assert_allclose(read[0, ..., 0], [[1, 3], [0, 11]])


def test_displacements_stay_within_reach_and_do_not_fold():
    field = elastic.displacements(200, SIZE, (0, 1), reach=0.06).numpy()
    assert field.shape == (200, SIZE, SIZE, 2)
    assert 0.03 * SIZE < np.abs(field).max() <= 0.06 * SIZE
    down, right = (np.diff(field, axis=axis) for axis in (1, 2))
    columns_x = 1 + right[:, :-1, :, 0]
    rows_y = 1 + down[:, :, :-1, 1]
    area = columns_x * rows_y - down[:, :, :-1, 0] * right[:, :-1, :, 1]
    assert area.min() > 0


def test_displacements_are_smooth_and_everywhere_alike():
    field = elastic.displacements(500, SIZE, (0, 1), reach=0.1).numpy()
    bends = np.diff(field, n=2, axis=1)
    assert np.abs(bends).max() < 0.1 * np.abs(field).max()
    spread = field.std(axis=(0, 3))
    assert spread.min() > 0.5 * spread.max()
    assert np.abs(field.mean(axis=(0, 1, 2))).max() < 0.1 * field.std()


def test_curves_through_equal_values_are_flat_and_through_a_line_straight():
    knots = tf.constant([[2.0] * elastic.KNOTS, list(range(elastic.KNOTS))])
    flat, line = elastic.curves(knots, SIZE).numpy()
    np.testing.assert_allclose(flat, 2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(line), (elastic.KNOTS - 3) / SIZE, rtol=1e-4)
