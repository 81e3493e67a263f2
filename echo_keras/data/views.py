"""Random views of frames for pretraining: batched, in the graph, seed in, view out.

Each frame draws from its own place in the global batch, so a frame's view does not
depend on how the batch is split over replicas. Every view comes with its geometry, so
that what it shows can be found in the frame again; see `places`.
"""

import itertools
import math

import tensorflow as tf

from echo_keras.data import augment

PROBE = (0.5, 0.0)


def paper(images, seed, *, first=0, rows=None):
    """Views of the published recipe: crop, flip, brightness and contrast, blur.

    What it does to colours is without effect on a grey frame and left out.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32; the same seed gives the same views.
        first: Position of the first image in the global batch.
        rows: Images in the global batch; by default these are all.

    Returns:
        `(batch, size, size, 1)` float32 in [0, 1], and `(batch, 2, 3)` float32 affine
        maps from a place in the view to the same in the image; see `places`.

    Source: Saeed et al. 2022, https://arxiv.org/abs/2201.07219
    """
    draw, own = _draws(images, seed, first=first, rows=rows)
    across, down = _box(draw, area=(0.08, 1.0), aspect=4 / 3)
    turn = tf.where(draw(0.0, 1.0) < 0.5, -1.0, 1.0)
    nothing = tf.zeros_like(turn)
    crop = [turn * across[0], nothing, across[1], nothing, down[0], down[1]]
    images = augment.warp(
        images, own(_to_pixels(crop, images)), interpolation="BILINEAR"
    )
    images = _jitter(images, draw, own, strength=0.8)
    sigma = tf.where(draw(0.0, 1.0) < 0.5, draw(0.1, 2.0), 0.0)
    return blur(images, own(sigma), radius=11), own(_matrices(crop))


def echo(images, seed, *, first=0, rows=None):
    """Views made for ultrasound, milder, with what a probe and a machine vary.

    The heart is turned and scaled about the probe at the middle of the upper edge and
    cropped; then gamma and dynamic range, haze below the probe, gain, gain over depth,
    a shadow behind a rib, speckle and blur vary. No mirror image, since an apical view
    has its conventional left and right.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        seed: `(2,)` int32; the same seed gives the same views.
        first: Position of the first image in the global batch.
        rows: Images in the global batch; by default these are all.

    Returns:
        `(batch, size, size, 1)` float32 in [0, 1], and `(batch, 2, 3)` float32 affine
        maps from a place in the view to the same in the image; see `places`.
    """
    draw, own = _draws(images, seed, first=first, rows=rows)
    maps = _about_the_probe(draw)
    images = augment.warp(
        images, own(_to_pixels(maps, images)), interpolation="BILINEAR"
    )
    images = augment.gamma(images, own(_column(tf.exp(draw(-0.5, 0.5)))))
    floor = own(_column(tf.maximum(draw(-0.1, 0.1), 0.0)))
    images = tf.maximum(images - floor, 0.0) / (1.0 - floor)
    images += _haze(images, draw, own)
    images *= own(_column(draw(0.7, 1.3)) * _gain_over_depth(images, draw))
    images *= _shadow(images, draw, own)
    images *= 1.0 + own(_column(draw(0.0, 0.5))) * _speckle(images, draw, own)
    sigma = tf.where(draw(0.0, 1.0) < 0.5, draw(0.1, 1.5), 0.0)
    images = blur(tf.clip_by_value(images, 0.0, 1.0), own(sigma), radius=5)
    return images, own(_matrices(maps))


def blur(images, sigma, *, radius):
    """Smooth each image by its own Gaussian, renormalised at the border.

    Args:
        images: `(batch, size, size, 1)` float32 in [0, 1].
        sigma: `(batch,)` standard deviations in pixels; near 0 changes nothing.
        radius: Pixels on each side that the Gaussian reaches.

    Returns:
        Same shape and range.
    """
    place = tf.range(tf.shape(images)[1])
    apart = tf.cast(place[:, None] - place[None], tf.float32)
    width = tf.maximum(sigma, 0.05)[:, None, None]
    kernel = tf.exp(-0.5 * tf.square(apart / width))
    kernel = tf.where(tf.abs(apart) <= radius, kernel, 0.0)
    kernel /= tf.reduce_sum(kernel, axis=2, keepdims=True)
    smooth = tf.matmul(kernel @ images[..., 0], kernel, transpose_b=True)
    return tf.clip_by_value(smooth[..., None], 0.0, 1.0)


def _draws(images, seed, *, first, rows):
    """Make `draw(low, high, *shape)` and `own(values)`.

    The first draws anew, for the whole global batch, a number or a shape of them for
    each image. The second cuts what was computed of these to the images at hand: only
    then, for the last digit of a cosine depends on how many are taken at once.
    """
    batch = tf.shape(images)[0]
    rows = batch if rows is None else rows
    calls = itertools.count()

    def draw(low, high, *shape):
        fresh = tf.random.fold_in(tf.cast(seed, tf.int32), next(calls))
        return tf.random.stateless_uniform((rows, *shape), fresh, low, high)

    def own(values):
        return values[first : first + batch]

    return draw, own


def _box(draw, *, area, aspect, tries=10):
    """Scale and shift, in units of the size, of a random box along both axes.

    One that does not fit is drawn again, and at last is the whole, as torchvision's.
    """
    share = draw(*area, tries)
    ratio = tf.exp(draw(-math.log(aspect), math.log(aspect), tries))
    sides = tf.stack([tf.sqrt(share * ratio), tf.sqrt(share / ratio)], axis=2)
    fits = tf.cast(tf.reduce_all(sides <= 1.0, axis=2), tf.float32)
    # Of equal values, the first one is taken.
    fitting, chosen = tf.math.top_k(fits, k=1)
    sides = tf.gather(sides, chosen[:, 0], batch_dims=1)
    sides = tf.unstack(tf.where(fitting > 0.0, sides, 1.0), axis=1)
    return [(side, (1.0 - side) * draw(-0.5, 0.5)) for side in sides]


def _about_the_probe(draw):
    """A crop of 0.5 to 1 of the area, then a turn and a scaling about the probe."""
    across, down = _box(draw, area=(0.5, 1.0), aspect=1.2)
    angle = draw(-math.radians(20.0), math.radians(20.0))
    scale = tf.exp(draw(-0.15, 0.15))
    cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
    x, y = PROBE[0] - 0.5, PROBE[1] - 0.5
    x_shift, y_shift = across[1] - x, down[1] - y
    return [
        cos * across[0],
        -sin * down[0],
        cos * x_shift - sin * y_shift + x,
        sin * across[0],
        cos * down[0],
        sin * x_shift + cos * y_shift + y,
    ]


def _matrices(maps):
    """Six `(rows,)` tensors as `(rows, 2, 3)`."""
    return tf.reshape(tf.stack(maps, axis=1), (-1, 2, 3))


def _to_pixels(maps, images):
    """Transforms of `augment.warp` for maps between places measured from the centre.

    Args:
        maps: Six `(rows,)` tensors `xx, xy, x, yx, yy, y`, from a place in the view to
            the one in the image, in units of the size.
        images: `(batch, size, size, 1)`, for their size.

    Returns:
        `(rows, 8)` float32.
    """
    size = tf.cast(tf.shape(images)[1], tf.float32)
    centre = (size - 1.0) / 2.0
    xx, xy, x, yx, yy, y = maps
    x = x * size + centre * (1.0 - xx - xy)
    y = y * size + centre * (1.0 - yx - yy)
    nothing = tf.zeros_like(xx)
    return tf.stack([xx, xy, x, yx, yy, y, nothing, nothing], axis=1)


def _jitter(images, draw, own, *, strength):
    """Brightness and contrast in random order, both clipped, as torchvision's."""
    brightness, contrast = (
        own(_column(draw(1.0 - strength, 1.0 + strength))) for _ in range(2)
    )

    def contrasted(images):
        mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        return tf.clip_by_value(mean + contrast * (images - mean), 0.0, 1.0)

    def brightened(images):
        return tf.clip_by_value(images * brightness, 0.0, 1.0)

    jittered = tf.where(
        own(_column(draw(0.0, 1.0))) < 0.5,
        contrasted(brightened(images)),
        brightened(contrasted(images)),
    )
    return tf.where(own(_column(draw(0.0, 1.0))) < 0.8, jittered, images)


def _gain_over_depth(images, draw, *, sliders=4, strength=0.3):
    """Factor per row between the sliders of time-gain compensation."""
    gains = draw(1.0 - strength, 1.0 + strength, sliders, 1, 1)
    return tf.image.resize(gains, (tf.shape(images)[1], 1))


def _haze(images, draw, own, *, chance=0.3, cells=16):
    """What is added per pixel: light that tissue scatters around it near the probe."""
    size = images.shape[1]
    cell = max(size // cells, 1)
    around = tf.nn.avg_pool2d(images, cell, cell, "SAME")
    around = tf.image.resize(around, (size, size))
    depth = (tf.range(size, dtype=tf.float32) + 0.5)[:, None, None] / size
    reach = own(_column(draw(0.1, 0.4)))
    strength = tf.where(draw(0.0, 1.0) < chance, draw(0.3, 0.9), 0.0)
    return own(_column(strength)) * tf.exp(-depth / reach) * around


def _shadow(images, draw, own, *, chance=0.3):
    """Factor per pixel: a dark ray from the probe, as wide as a rib leaves it."""
    size = tf.shape(images)[1]
    steps = (tf.cast(tf.range(size), tf.float32) + 0.5) / tf.cast(size, tf.float32)
    angles = tf.atan2(steps[None] - PROBE[0], steps[:, None] - PROBE[1])
    middle = own(_column(draw(-0.6, 0.6)))
    width = own(_column(draw(0.03, 0.12)))
    strength = tf.where(draw(0.0, 1.0) < chance, draw(0.3, 0.9), 0.0)
    ray = tf.exp(-0.5 * tf.square((angles[..., None] - middle) / width))
    return 1.0 - own(_column(strength)) * ray


def _speckle(images, draw, own):
    """Noise between -1 and 1 per pixel, its grains about two pixels wide."""
    size = tf.shape(images)[1]
    coarse = (size + 1) // 2
    grains = own(draw(-1.0, 1.0, coarse, coarse, 1))
    return tf.image.resize(grains, (size, size))


def _column(values):
    return values[:, None, None, None]
