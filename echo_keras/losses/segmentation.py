"""Losses of segmentation, on label maps and probabilities."""

import tensorflow as tf

SMALLEST = 1e-6


def cross_entropy(labels, probability):
    """Cross-entropy of each image, binary where there is one channel.

    Args:
        labels: `(batch, height, width, 1)` float32 numbers of channels; with a single
            channel, 1 inside the structure and 0 outside.
        probability: `(batch, height, width, channels)` float32 in [0, 1], of the
            structure alone or of each label, background first.

    Returns:
        `(batch,)` mean over the pixels, in nats.
    """
    return -tf.reduce_mean(tf.math.log(_likelihood(labels, probability)), axis=(1, 2))


def focal(labels, probability):
    """Cross-entropy that counts a pixel the less the surer the network is of it.

    Args:
        labels: As of `cross_entropy`.
        probability: As of `cross_entropy`.

    Returns:
        `(batch,)` mean over the pixels, in nats.

    Source: Lin et al. 2017, Eq. 4, https://arxiv.org/abs/1708.02002, gamma 2
    """
    likelihood = _likelihood(labels, probability)
    doubt = tf.square(1.0 - likelihood)
    return -tf.reduce_mean(doubt * tf.math.log(likelihood), axis=(1, 2))


def soft_dice(labels, probability):
    """One minus the Dice of probabilities, for each image, mean over the structures.

    Args:
        labels: As of `cross_entropy`.
        probability: As of `cross_entropy`.

    Returns:
        `(batch,)` in [0, 1].

    Source: Milletari et al. 2016, https://arxiv.org/abs/1606.04797, without squares.
    """
    truth = _indicators(labels, probability)
    if probability.shape[-1] > 1:
        truth, probability = truth[..., 1:], probability[..., 1:]
    both = tf.reduce_sum(truth * probability, axis=(1, 2))
    either = tf.reduce_sum(truth + probability, axis=(1, 2))
    return 1.0 - tf.reduce_mean((2.0 * both + 1.0) / (either + 1.0), axis=-1)


def cross_entropy_and_dice(labels, probability):
    """Sum of `cross_entropy` and `soft_dice`: `(batch,)`."""
    return cross_entropy(labels, probability) + soft_dice(labels, probability)


def supervised(loss, channels):
    """Make the loss of several answers side by side, each half as heavy as the last.

    Args:
        loss: One of the functions above.
        channels: Channels of an answer.

    Returns:
        The same kind of function, of `(batch, height, width, answers * channels)`.
    """

    def total(labels, probability):
        count = probability.shape[-1] // channels
        answers = tf.split(probability, count, axis=-1)
        weights = [0.5**number for number in range(count)]
        losses = [loss(labels, answer) for answer in answers]
        return sum(w * one for w, one in zip(weights, losses)) / sum(weights)

    return total


def _likelihood(labels, probability):
    """Probability of what is there: `(batch, height, width)`, never 0 or 1."""
    sure = tf.clip_by_value(probability, SMALLEST, 1.0 - SMALLEST)
    truth = _indicators(labels, probability)
    if probability.shape[-1] == 1:
        sure = tf.where(truth > 0.0, sure, 1.0 - sure)
        return sure[..., 0]
    return tf.reduce_sum(truth * sure, axis=-1)


def _indicators(labels, probability):
    channels = probability.shape[-1]
    if channels == 1:
        return labels
    return tf.one_hot(tf.cast(labels[..., 0], tf.int32), channels)
