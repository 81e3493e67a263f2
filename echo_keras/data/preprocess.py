"""Resizing and intensity: one definition for training, export and evaluation."""

import tensorflow as tf

from echo_keras.data import schema


def image(pixels, size):
    """Resize grey frames and bring them to [0, 1].

    Bilinear with an antialiasing filter, the aspect ratio given up: what a network
    sees of a frame is the same whether the frame comes from a record or a request.

    Args:
        pixels: `(..., height, width, 1)` grey values of any real dtype, 0 to 255.
        size: Height and width of the result in pixels.

    Returns:
        `(..., size, size, 1)` float32 in [0, 1].
    """
    resized = tf.image.resize(pixels, (size, size), method="bilinear", antialias=True)
    return tf.clip_by_value(resized / 255.0, 0.0, 1.0)


def mask(labels, size, *, structure=schema.VENTRICLE):
    """Resize label maps by nearest neighbour and pick one structure.

    Args:
        labels: `(..., height, width, 1)` integer labels.
        size: Height and width of the result in pixels.
        structure: Label of the structure that counts as foreground.

    Returns:
        `(..., size, size, 1)` float32, 1 inside the structure and 0 elsewhere.
    """
    resized = tf.image.resize(labels, (size, size), method="nearest")
    return tf.cast(tf.equal(resized, structure), tf.float32)


def grey(pixels):
    """Average the three channels of decoded frames.

    Exact where the channels are equal, as in a grey PNG read as RGB, so that a frame
    gives the same input whichever way it was stored.

    Args:
        pixels: `(..., 3)` values, 0 to 255.

    Returns:
        `(..., 1)` float32, 0 to 255.
    """
    total = tf.reduce_sum(tf.cast(pixels, tf.float32), axis=-1, keepdims=True)
    return total / 3.0


def restore(probability, height, width):
    """Bring a probability map back to the size of the frame that it came from.

    Args:
        probability: `(batch, size, size, 1)` float32 in [0, 1].
        height: Height of the original frame in pixels.
        width: Width of the original frame in pixels.

    Returns:
        `(batch, height, width, 1)` float32 in [0, 1], bilinear.
    """
    return tf.image.resize(probability, (height, width), method="bilinear")
