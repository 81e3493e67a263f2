"""Paired augmentation: frame and mask move together, batched in the graph."""

import math

import tensorflow as tf

ROTATION = math.radians(20.0)
SCALE = 0.2
SHIFT = 0.1
SHEAR = 0.1
GAMMA = 0.5
GAIN = 0.2
NOISE = 0.08


def paired(images, masks, seed):
    """Move frames and masks by the same random affine map, then vary the grey values.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        masks: `(batch, size, size, 1)` float32 labels.
        seed: `(2,)` int32; the same seed gives the same result.

    Returns:
        Frames and masks of the same shapes, dtypes and ranges. Masks are resampled
        by nearest neighbour, so no new label appears; what comes from outside is 0.
    """
    seeds = tf.unstack(tf.random.split(tf.cast(seed, tf.int32), 2))
    batch, size = tf.shape(images)[0], tf.shape(images)[1]
    transforms = affine(batch, size, seeds[0])
    images = warp(images, transforms, interpolation="BILINEAR")
    masks = warp(masks, transforms, interpolation="NEAREST")
    return intensity(images, seeds[1]), masks


def affine(batch, size, seed):
    """Draw rotation, scale, shear and shift about the centre of square frames.

    Args:
        batch: Number of frames.
        size: Height and width in pixels.
        seed: `(2,)` int32.

    Returns:
        `(batch, 8)` float32 projective transforms from output to input pixels, as
        `warp` takes them.
    """
    drawn = tf.random.stateless_uniform((6, batch), seed, minval=-1.0, maxval=1.0)
    angle, shear = ROTATION * drawn[0], SHEAR * drawn[1]
    scale_x = tf.exp(math.log(1.0 + SCALE) * drawn[2])
    scale_y = scale_x * tf.exp(math.log(1.0 + SCALE / 2) * drawn[3])
    shift = SHIFT * tf.cast(size, tf.float32) * drawn[4:]
    cos, sin = tf.cos(angle), tf.sin(angle)
    xx, xy = cos / scale_x, (shear * cos - sin) / scale_x
    yx, yy = sin / scale_y, (shear * sin + cos) / scale_y
    centre = (tf.cast(size, tf.float32) - 1.0) / 2.0
    x_shift = centre - (xx + xy) * centre + shift[0]
    y_shift = centre - (yx + yy) * centre + shift[1]
    nothing = tf.zeros_like(angle)
    return tf.stack([xx, xy, x_shift, yx, yy, y_shift, nothing, nothing], axis=1)


def warp(images, transforms, *, interpolation):
    """Resample frames under projective transforms, black outside.

    Args:
        images: `(batch, height, width, channels)` float32.
        transforms: `(batch, 8)` float32, output to input pixels.
        interpolation: `BILINEAR` or `NEAREST`.

    Returns:
        Same shape and dtype as `images`.
    """
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )
    # The op forgets a size that is known, which some layers cannot do without.
    return tf.ensure_shape(warped, images.shape)


def intensity(images, seed):
    """Vary gamma, gain and speckle as between machines and settings.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32.

    Returns:
        Same shape, dtype and range.
    """
    seeds = tf.unstack(tf.random.split(seed, 2))
    shape = (3, tf.shape(images)[0], 1, 1, 1)
    drawn = tf.random.stateless_uniform(shape, seeds[0], minval=-1.0, maxval=1.0)
    noise = tf.random.stateless_normal(tf.shape(images), seeds[1])
    images = gamma(images, tf.exp(GAMMA * drawn[0])) * (1.0 + GAIN * drawn[1])
    images *= 1.0 + NOISE * (1.0 + drawn[2]) * noise
    return tf.clip_by_value(images, 0.0, 1.0)


def gamma(images, exponent):
    """Raise grey values to a power, five times as fast on a CPU as `tf.pow`.

    Args:
        images: `(batch, height, width, channels)` float32 in [0, 1].
        exponent: Positive powers, `(batch, 1, 1, 1)`.

    Returns:
        Same shape, dtype and range; black stays black.
    """
    raised = tf.exp(exponent * tf.math.log(tf.maximum(images, 1e-30)))
    return tf.where(images > 0.0, raised, 0.0)
