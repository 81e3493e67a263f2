"""Losses of segmentation, on probabilities."""

import tensorflow as tf

SMALLEST = 1e-6


def cross_entropy(truth, probability):
    """Binary cross-entropy of each image.

    Args:
        truth: `(batch, height, width, 1)` float32 masks, 0 or 1.
        probability: Same shape, float32 in [0, 1].

    Returns:
        `(batch,)` mean over the pixels, in nats.
    """
    sure = tf.clip_by_value(probability, SMALLEST, 1.0 - SMALLEST)
    pixels = truth * tf.math.log(sure) + (1.0 - truth) * tf.math.log1p(-sure)
    return -tf.reduce_mean(pixels, axis=(1, 2, 3))


def soft_dice(truth, probability):
    """One minus the Dice of probabilities, for each image.

    Args:
        truth: `(batch, height, width, 1)` float32 masks, 0 or 1.
        probability: Same shape, float32 in [0, 1].

    Returns:
        `(batch,)` in [0, 1].

    Source: Milletari et al. 2016, https://arxiv.org/abs/1606.04797, without squares.
    """
    both = tf.reduce_sum(truth * probability, axis=(1, 2, 3))
    either = tf.reduce_sum(truth + probability, axis=(1, 2, 3))
    return 1.0 - (2.0 * both + 1.0) / (either + 1.0)


def cross_entropy_and_dice(truth, probability):
    """Sum of `cross_entropy` and `soft_dice`: `(batch,)`."""
    return cross_entropy(truth, probability) + soft_dice(truth, probability)
