import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.losses import segmentation

LOSSES = [
    segmentation.cross_entropy,
    segmentation.soft_dice,
    segmentation.cross_entropy_and_dice,
]


def maps(*rows):
    """Images of one row each: `(batch, 1, pixels, 1)`."""
    return tf.constant(rows, tf.float32)[:, None, :, None]


def test_an_undecided_network_costs_the_log_of_two():
    truth = maps([0, 1, 1, 0], [0, 0, 0, 0])
    loss = segmentation.cross_entropy(truth, tf.fill(truth.shape, 0.5))
    np.testing.assert_allclose(loss, [math.log(2)] * 2, rtol=1e-6)


def test_cross_entropy_is_the_mean_surprise_of_each_image():
    truth, probability = maps([1, 0], [1, 1]), maps([0.8, 0.4], [0.1, 1.0])
    expected = [-(math.log(0.8) + math.log(0.6)) / 2, -math.log(0.1) / 2]
    loss = segmentation.cross_entropy(truth, probability)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_soft_dice_by_hand():
    truth, probability = (
        maps([1, 1, 0, 0], [0, 0, 0, 1]),
        maps([0.5, 1.0, 0.5, 0.0], [0, 0, 1, 0]),
    )
    # Overlaps 1.5 and 0, sums 4 and 2, one pixel of smoothing on either side.
    expected = [1 - (2 * 1.5 + 1) / (4 + 1), 1 - 1 / 3]
    loss = segmentation.soft_dice(truth, probability)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_answer_costs_nothing_even_where_nothing_is_there(loss):
    truth = maps([0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1])
    np.testing.assert_allclose(loss(truth, truth), np.zeros(3), atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_wrong_answer_costs_more_than_an_undecided_one(loss):
    truth = maps([0, 1, 1, 0], [0, 0, 0, 0])
    wrong, undecided = loss(truth, 1 - truth), loss(truth, truth * 0 + 0.5)
    assert np.all(wrong.numpy() > undecided.numpy())


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_gradient_are_finite_where_the_network_is_certain(loss):
    truth, probability = maps([0, 1, 0, 1], [0, 0, 0, 0]), maps([0, 1, 1, 0], [0] * 4)
    with tf.GradientTape() as tape:
        tape.watch(probability)
        losses = loss(truth, probability)
    assert losses.shape == (2,)
    assert np.all(np.isfinite(losses))
    assert np.all(np.isfinite(tape.gradient(losses, probability)))


def test_both_losses_add_up():
    random = np.random.default_rng(0)
    truth = (random.random((3, 4, 5, 1)) < 0.5).astype(np.float32)
    probability = random.random((3, 4, 5, 1)).astype(np.float32)
    one, other, both = (loss(truth, probability) for loss in LOSSES)
    np.testing.assert_allclose(both, one + other, rtol=1e-6)
