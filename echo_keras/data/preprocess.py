"""Resizing and intensity: one definition for training, export and evaluation."""

import tensorflow as tf

ASPECTS = ("stretch", "keep")
"""How a frame that is not square becomes so: stretched, or kept between black bars."""


def image(pixels, size, *, aspect="stretch"):
    """Resize grey frames and bring them to [0, 1].

    Bilinear with an antialiasing filter: what a network sees of a frame is the same
    whether the frame comes from a record or a request.

    Args:
        pixels: `(..., height, width, 1)` grey values of any real dtype, 0 to 255.
        size: Height and width of the result in pixels.
        aspect: One of `ASPECTS`.

    Returns:
        `(..., size, size, 1)` float32 in [0, 1].
    """

    def resize(shape):
        resized = tf.image.resize(pixels, shape, method="bilinear", antialias=True)
        return tf.clip_by_value(resized / 255.0, 0.0, 1.0)

    return _squared(resize, tf.shape(pixels), size, aspect=aspect)


def structures(labels, size, *, aspect="stretch"):
    """Resize label maps by nearest neighbour.

    Args:
        labels: `(..., height, width, 1)` integer labels.
        size: Height and width of the result in pixels.
        aspect: One of `ASPECTS`.

    Returns:
        `(..., size, size, 1)` of the same dtype, 0 in the bars.
    """

    def resize(shape):
        return tf.image.resize(labels, shape, method="nearest")

    return _squared(resize, tf.shape(labels), size, aspect=aspect)


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


def restore(probability, height, width, *, aspect="stretch"):
    """Bring a probability map back to the size of the frame that it came from.

    Args:
        probability: `(batch, size, size, 1)` float32 in [0, 1].
        height: Height of the original frame in pixels.
        width: Width of the original frame in pixels.
        aspect: One of `ASPECTS`, as for the frame.

    Returns:
        `(batch, height, width, 1)` float32 in [0, 1], bilinear.
    """
    if aspect == "keep":
        top, left, rows, columns = _box(height, width, tf.shape(probability)[1])
        probability = probability[:, top : top + rows, left : left + columns]
    return tf.image.resize(probability, (height, width), method="bilinear")


def _squared(resize, shape, size, *, aspect):
    """Call `resize` with the size wanted, and fill what is left with zeros."""
    if aspect == "stretch":
        return resize((size, size))
    top, left, rows, columns = _box(shape[-3], shape[-2], size)
    resized = resize((rows, columns))
    bars = [[top, size - top - rows], [left, size - left - columns], [0, 0]]
    leading = [[0, 0]] * (resized.shape.rank - 3)
    padded = tf.pad(resized, leading + bars)
    return tf.ensure_shape(padded, (*resized.shape[:-3], size, size, 1))


def _box(height, width, size):
    """Top, left, height and width of a frame that fills a square as far as it can."""
    height, width = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    scale = tf.cast(size, tf.float32) / tf.maximum(height, width)
    rows, columns = (
        tf.maximum(tf.cast(tf.round(side * scale), tf.int32), 1)
        for side in (height, width)
    )
    return (size - rows) // 2, (size - columns) // 2, rows, columns
