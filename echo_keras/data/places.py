"""Places that both views of a frame show: drawn in the frame, found in each view.

A place is `(x, y)`, right of and below the centre of a frame or view, in units of its
size, so that both lie in [-0.5, 0.5]. The views' affine maps are known, hence the
correspondence is exact.
"""

import tensorflow as tf

CANDIDATES = 8
DARK = 0.03
CELLS = 8


def shared(frames, maps, seed, *, count, first=0, rows=None):
    """Draw places that both views show, where the frame is not black.

    Outside the sector of an ultrasound image all places look the same and none can be
    recognised; so those are taken that have something bright within about an eighth of
    the size.

    Args:
        frames: `(batch, size, size, 1)` float32 in [0, 1].
        maps: `(2, batch, 2, 3)` of the two views, as `views` tells them.
        seed: `(2,)` int32; the same seed gives the same places.
        count: Places of each frame.
        first: Position of the first frame in the global batch.
        rows: Frames in the global batch; by default these are all.

    Returns:
        `(batch, count, 2)` places in the frames, `(2, batch, count, 2)` the same in the
        views, float32, and `(batch, count)` bool, false for those that fill up where
        too few were found.
    """
    batch = tf.shape(frames)[0]
    rows = batch if rows is None else rows
    many = (rows, CANDIDATES * count, 2)
    drawn = tf.random.stateless_uniform(many, tf.cast(seed, tf.int32), -0.5, 0.5)
    drawn = drawn[first : first + batch]
    seen = found(drawn, maps)
    margin = 0.5 - 0.5 / tf.cast(tf.shape(frames)[1], tf.float32)
    shown = tf.reduce_all(tf.abs(seen) <= margin, axis=(0, -1)) & _lit(frames, drawn)
    # Of equal values, the first ones are taken: a random choice, since these are drawn.
    best, chosen = tf.math.top_k(tf.cast(shown, tf.float32), k=count)
    pick = {"indices": chosen, "batch_dims": 1}
    sides = [tf.gather(side, **pick) for side in tf.unstack(seen)]
    return tf.gather(drawn, **pick), tf.stack(sides), best > 0.0


def found(places, maps):
    """Find places of a frame in a view of it.

    Args:
        places: `(batch, count, 2)` in the frames.
        maps: `(..., batch, 2, 3)` from the views to the frames.

    Returns:
        `(..., batch, count, 2)` in the views, perhaps outside.
    """
    back = tf.linalg.inv(maps[..., :2])
    away = places - maps[..., None, :, 2]
    return tf.einsum("...bij,...bnj->...bni", back, away)


def near(places, others, *, apart):
    """Which places lie too near to each other to be told apart.

    Args:
        places: `(n, 2)` in any frames.
        others: `(m, 2)` in any frames.
        apart: Least distance of places that differ, in units of the frames' size.

    Returns:
        `(n, m)` bool.
    """
    squares = tf.square(places[:, None] - others)
    return tf.reduce_sum(squares, axis=-1) < apart**2


def _lit(frames, places):
    """Whether the coarse cell of each place holds anything brighter than black."""
    size = frames.shape[1]
    cell = max(size // CELLS, 1)
    cells = tf.nn.max_pool2d(frames, cell, cell, "SAME")[..., 0]
    inside = tf.cast(tf.floor((places + 0.5) * size / cell), tf.int32)
    inside = tf.minimum(inside, cells.shape[1] - 1)
    return tf.gather_nd(cells, inside[..., ::-1], batch_dims=1) > DARK
