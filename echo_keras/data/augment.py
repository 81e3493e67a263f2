"""Paired augmentation: frame and mask move together, batched in the graph."""

import dataclasses
import math

import tensorflow as tf

from echo_keras.data import artefacts, elastic


@dataclasses.dataclass(frozen=True)
class Ranges:
    """How far frames are altered at random; 0 leaves a transform out.

    Attributes:
        rotation: Largest angle either way, in radians.
        scale: Largest growth, and its inverse; height differs from width by half of it.
        shift: Largest shift along each axis, as a share of the size.
        shear: Largest shear either way.
        elastic: Largest smooth displacement along each axis, as a share of the size.
        gamma: Largest logarithm of the power of the grey values, either way.
        gain: Largest change of the brightness, as a share of it.
        noise: Half the largest deviation of speckle, as a share of the grey value.
        blur: Largest deviation of a Gaussian, as a share of the size; half the frames.
        gain_over_depth: Largest change of the brightness at any depth.
        shadow: Share of the frames with a shadow behind a rib.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    gamma: float = 0.0
    gain: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    gain_over_depth: float = 0.0
    shadow: float = 0.0


MILD = Ranges(
    rotation=math.radians(20.0),
    scale=0.2,
    shift=0.1,
    shear=0.1,
    gamma=0.5,
    gain=0.2,
    noise=0.08,
)
STRONG = Ranges(
    rotation=math.radians(30.0),
    scale=0.3,
    shift=0.15,
    shear=0.15,
    elastic=0.04,
    gamma=0.7,
    gain=0.3,
    noise=0.15,
    blur=0.012,
    gain_over_depth=0.3,
    shadow=0.3,
)


def paired(images, masks, *, seed, ranges=MILD):
    """Move frames and masks by the same random map, then vary the grey values.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        masks: `(batch, size, size, 1)` float32 labels.
        seed: `(2,)` int32; the same seed gives the same result.
        ranges: How far to go.

    Returns:
        Frames and masks of the same shapes, dtypes and ranges. Masks are resampled
        by nearest neighbour, so no new label appears; what comes from outside is 0.
    """
    seeds = tf.unstack(tf.random.split(tf.cast(seed, tf.int32), 2))
    batch, size = tf.shape(images)[0], tf.shape(images)[1]
    transforms = affine(batch, size, seeds[0], ranges=ranges)
    if ranges.elastic:
        size = images.shape[1]
        fresh = tf.random.fold_in(seeds[0], 1)
        moves = elastic.displacements(batch, size, fresh, reach=ranges.elastic)
        places = elastic.places(transforms, size) + moves
        images = elastic.sample(images, places, interpolation="BILINEAR")
        masks = elastic.sample(masks, places, interpolation="NEAREST")
    else:
        images = warp(images, transforms, interpolation="BILINEAR")
        masks = warp(masks, transforms, interpolation="NEAREST")
    return _altered(images, seeds[1], ranges), masks


def affine(batch, size, seed, *, ranges=MILD):
    """Draw rotation, scale, shear and shift about the centre of square frames.

    Args:
        batch: Number of frames.
        size: Height and width in pixels.
        seed: `(2,)` int32.
        ranges: How far to go.

    Returns:
        `(batch, 8)` float32 projective transforms from output to input pixels, as
        `warp` takes them.
    """
    drawn = tf.random.stateless_uniform((6, batch), seed, minval=-1.0, maxval=1.0)
    angle, shear = ranges.rotation * drawn[0], ranges.shear * drawn[1]
    scale_x = tf.exp(math.log(1.0 + ranges.scale) * drawn[2])
    scale_y = scale_x * tf.exp(math.log(1.0 + ranges.scale / 2) * drawn[3])
    shift = ranges.shift * tf.cast(size, tf.float32) * drawn[4:]
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


def intensity(images, seed, *, ranges=MILD):
    """Vary gamma, gain and speckle as between machines and settings.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32.
        ranges: How far to go.

    Returns:
        Same shape, dtype and range.
    """
    seeds = tf.unstack(tf.random.split(seed, 2))
    shape = (3, tf.shape(images)[0], 1, 1, 1)
    drawn = tf.random.stateless_uniform(shape, seeds[0], minval=-1.0, maxval=1.0)
    noise = tf.random.stateless_normal(tf.shape(images), seeds[1])
    images = gamma(images, tf.exp(ranges.gamma * drawn[0]))
    images *= 1.0 + ranges.gain * drawn[1]
    images *= 1.0 + ranges.noise * (1.0 + drawn[2]) * noise
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


def _altered(images, seed, ranges):
    """Blur, then what `intensity` varies, then what depends on the place."""
    own = [tf.random.fold_in(seed, number) for number in range(3)]
    if ranges.blur:
        images = artefacts.blur(images, own[0], reach=ranges.blur)
    images = intensity(images, seed, ranges=ranges)
    if ranges.gain_over_depth:
        reach = ranges.gain_over_depth
        images = artefacts.gain_over_depth(images, own[1], reach=reach)
    if ranges.shadow:
        images = artefacts.shadow(images, own[2], chance=ranges.shadow)
    return images
