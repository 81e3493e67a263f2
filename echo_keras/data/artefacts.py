"""What a probe and a machine do to grey values: shadow, gain over depth, blur."""

import math

import tensorflow as tf

from echo_keras.data import elastic

HALF_SECTOR = math.radians(37.5)
RIB = (0.03, 0.12)


def shadow(images, seed, *, chance, depth=(0.3, 0.9)):
    """Darken a ray from the probe, at the middle of the upper edge, as ribs do.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32.
        chance: Share of the images with a shadow.
        depth: Smallest and largest share of the light that is lost in its middle.

    Returns:
        Same shape, dtype and range.
    """
    drawn = tf.random.stateless_uniform((4, tf.shape(images)[0], 1, 1, 1), seed)
    size = images.shape[1]
    steps = (tf.range(size, dtype=tf.float32) + 0.5) / size
    angles = tf.atan2(steps[None] - 0.5, steps[:, None])[None, ..., None]
    middle = HALF_SECTOR * (2.0 * drawn[0] - 1.0)
    width = RIB[0] + (RIB[1] - RIB[0]) * drawn[1]
    lost = tf.where(drawn[2] < chance, depth[0] + (depth[1] - depth[0]) * drawn[3], 0.0)
    return images * (1.0 - lost * tf.exp(-0.5 * tf.square((angles - middle) / width)))


def gain_over_depth(images, seed, *, reach):
    """Brighten and darken by depth, as the sliders of time-gain compensation do.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32.
        reach: Largest change of the gain, as a share of it.

    Returns:
        Same shape, dtype and range.
    """
    shape = (tf.shape(images)[0], elastic.KNOTS)
    sliders = tf.random.stateless_uniform(shape, seed, 1.0 - reach, 1.0 + reach)
    gain = elastic.curves(sliders, images.shape[1])
    return tf.clip_by_value(images * gain[:, :, None, None], 0.0, 1.0)


def blur(images, seed, *, reach, chance=0.5):
    """Smooth some images by a Gaussian, renormalised at the border.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32.
        reach: Largest standard deviation, as a share of the size.
        chance: Share of the images that are smoothed.

    Returns:
        Same shape, dtype and range.
    """
    drawn = tf.random.stateless_uniform((2, tf.shape(images)[0], 1, 1), seed)
    size = images.shape[1]
    sigma = tf.where(drawn[0] < chance, reach * size * drawn[1], 0.0)
    place = tf.range(size, dtype=tf.float32)
    # A deviation near 0 leaves each pixel to itself.
    apart = (place[:, None] - place[None]) / tf.maximum(sigma, 0.05)
    kernel = tf.exp(-0.5 * tf.square(apart))
    kernel /= tf.reduce_sum(kernel, axis=2, keepdims=True)
    smooth = tf.matmul(kernel @ images[..., 0], kernel, transpose_b=True)
    return smooth[..., None]
