"""Smooth random displacements, and sampling at any places, batched in the graph."""

import numpy as np
import tensorflow as tf

KNOTS = 7


def curves(knots, size):
    """Draw cubic B-splines through evenly spaced control values.

    Args:
        knots: `(..., knots)` float32 control values.
        size: Number of places along the curve.

    Returns:
        `(..., size)` float32, smooth and within the range of the control values.
    """
    return tf.linalg.matvec(_basis(size), knots)


def displacements(batch, size, seed, *, reach):
    """Draw a smooth field of displacements for each image.

    Args:
        batch: Number of images.
        size: Height and width in pixels, known.
        seed: `(2,)` int32.
        reach: Largest displacement along each axis, as a share of the size; the field
            does not fold below an eighth.

    Returns:
        `(batch, size, size, 2)` float32 displacements in pixels, x before y.
    """
    shape = (batch, 2, KNOTS, KNOTS)
    knots = reach * size * tf.random.stateless_uniform(shape, seed, -1.0, 1.0)
    basis = _basis(size)
    field = tf.matmul(basis @ knots, basis, transpose_b=True)
    return tf.transpose(field, (0, 2, 3, 1))


def places(transforms, size):
    """Where projective transforms read each pixel of square images.

    Args:
        transforms: `(batch, 8)` float32, output to input pixels, without perspective.
        size: Height and width in pixels.

    Returns:
        `(batch, size, size, 2)` float32 places in pixels, x before y.
    """
    steps = tf.range(size, dtype=tf.float32)
    x, y = steps[None, None, :], steps[None, :, None]
    rows = tf.unstack(transforms[:, :6, None, None], axis=1)
    return tf.stack(
        [a * x + b * y + shift for a, b, shift in (rows[:3], rows[3:])], axis=-1
    )


def sample(images, places, *, interpolation):
    """Read images at the places given, black outside.

    Args:
        images: `(batch, size, size, 1)` float32.
        places: `(batch, size, size, 2)` float32 in pixels, x before y.
        interpolation: `BILINEAR` or `NEAREST`.

    Returns:
        Same shape and dtype as `images`.
    """
    size = images.shape[1]
    # A black frame of one pixel around the image stands for all that is outside.
    flat = tf.reshape(tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]]), [-1])
    first = tf.range(tf.shape(images)[0])[:, None, None] * (size + 2) ** 2
    places = tf.clip_by_value(places, -1.0, float(size)) + 1.0

    def read(column, row):
        return tf.gather(flat, first + row * (size + 2) + column)

    if interpolation == "NEAREST":
        near = tf.cast(tf.floor(places + 0.5), tf.int32)
        return read(near[..., 0], near[..., 1])[..., None]
    corner = tf.minimum(tf.cast(places, tf.int32), size)
    rest = places - tf.cast(corner, tf.float32)
    (left, top), (x, y) = tf.unstack(corner, axis=-1), tf.unstack(rest, axis=-1)
    upper = (1.0 - x) * read(left, top) + x * read(left + 1, top)
    lower = (1.0 - x) * read(left, top + 1) + x * read(left + 1, top + 1)
    return ((1.0 - y) * upper + y * lower)[..., None]


def _basis(size):
    """Cubic B-splines of `KNOTS` control values at each pixel: `(size, KNOTS)`."""
    place = (np.arange(size) + 0.5) / size * (KNOTS - 3)
    apart = np.abs(place[:, None] - (np.arange(KNOTS)[None] - 1.0))
    near = 2 / 3 - apart**2 + apart**3 / 2
    far = np.clip(2.0 - apart, 0.0, None) ** 3 / 6
    return tf.constant(np.where(apart < 1, near, far), tf.float32)
