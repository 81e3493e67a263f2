import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.losses import segmentation

LOSSES = [
    segmentation.cross_entropy,
    segmentation.soft_dice,
    segmentation.cross_entropy_and_dice,
    segmentation.focal,
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
    one, other, both = (loss(truth, probability) for loss in LOSSES[:3])
    np.testing.assert_allclose(both, one + other, rtol=1e-6)


def test_focal_loss_counts_each_pixel_by_its_squared_doubt():
    truth, probability = maps([1, 0], [1, 1]), maps([0.8, 0.4], [0.1, 0.5])
    expected = [
        -(0.2**2 * math.log(0.8) + 0.4**2 * math.log(0.6)) / 2,
        -(0.9**2 * math.log(0.1) + 0.5**2 * math.log(0.5)) / 2,
    ]
    np.testing.assert_allclose(
        segmentation.focal(truth, probability), expected, rtol=1e-5
    )


def four(*pixels):
    """One image of one row, with four probabilities a pixel: `(1, 1, pixels, 4)`."""
    return tf.constant(pixels, tf.float32)[None, None]


def test_with_four_channels_only_the_one_of_the_label_is_asked():
    labels = maps([0, 1, 3])
    probability = four([0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.3, 0], [0, 0.4, 0.4, 0.2])
    expected = -(math.log(0.7) + math.log(0.5) + math.log(0.2)) / 3
    loss = segmentation.cross_entropy(labels, probability)
    np.testing.assert_allclose(loss, [expected], rtol=1e-5)
    expected = -(0.09 * math.log(0.7) + 0.25 * math.log(0.5) + 0.64 * math.log(0.2)) / 3
    loss = segmentation.focal(labels, probability)
    np.testing.assert_allclose(loss, [expected], rtol=1e-5)


def test_soft_dice_averages_structures_and_leaves_the_background_out():
    labels = maps([0, 1, 1])
    probability = four([0.9, 0.1, 0, 0], [0.5, 0.5, 0, 0], [0, 1, 0, 0])
    # Ventricle: overlap 1.5, sum 3.6. The others are absent in both, hence perfect.
    expected = 1 - ((2 * 1.5 + 1) / (3.6 + 1) + 1 + 1) / 3
    loss = segmentation.soft_dice(labels, probability)
    np.testing.assert_allclose(loss, [expected], rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [segmentation.cross_entropy, segmentation.focal], ids=lambda f: f.__name__
)
def test_two_channels_cost_what_one_does(loss):
    random = np.random.default_rng(0)
    labels = (random.random((3, 4, 5, 1)) < 0.5).astype(np.float32)
    one = random.random((3, 4, 5, 1)).astype(np.float32)
    two = np.concatenate([1 - one, one], axis=-1)
    np.testing.assert_allclose(
        loss(labels, tf.constant(one)), loss(labels, tf.constant(two)), rtol=1e-4
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_answer_of_four_channels_costs_nothing(loss):
    labels = maps([0, 1, 2, 3], [0, 0, 0, 0])
    perfect = tf.one_hot(tf.cast(labels[..., 0], tf.int32), 4)
    np.testing.assert_allclose(loss(labels, perfect), np.zeros(2), atol=1e-5)
    assert np.all(loss(labels, perfect[..., ::-1]).numpy() > 0.2)


def test_coarser_answers_count_half_as_much_as_the_finer_ones():
    labels = maps([0, 1])
    fine, half, quarter = maps([0.1, 0.9]), maps([0.5, 0.5]), maps([0.8, 0.3])
    loss = segmentation.supervised(segmentation.cross_entropy, 1)
    parts = [segmentation.cross_entropy(labels, one) for one in (fine, half, quarter)]
    expected = (4 * parts[0] + 2 * parts[1] + parts[2]) / 7
    joined = tf.concat([fine, half, quarter], axis=-1)
    np.testing.assert_allclose(loss(labels, joined), expected, rtol=1e-6)
