"""Connected pieces of masks, by operations that the model server has.

A mask is cut into runs, the pixels of a row that touch, and runs that touch across rows
get the same number. There are some hundred runs where there are a hundred thousand
pixels: this costs as much as a few filters over the box around the mask, and flooding
it pixel by pixel would cost as many filters as the mask is long.
"""

import tensorflow as tf


def largest(mask):
    """Keep the largest piece of a mask; pixels that share a corner are connected.

    Args:
        mask: `(height, width)` bool.

    Returns:
        `(height, width)` bool; of several largest pieces, the uppermost.
    """

    def keep(box):
        runs, root = _pieces(box, sideways=(-1, 0, 1))
        count = tf.shape(root)[0]
        sizes = tf.math.unsorted_segment_sum(tf.cast(box, tf.int32), runs, count)
        totals = tf.math.unsorted_segment_sum(sizes, root, count)
        kept = tf.equal(root, tf.argmax(totals, output_type=tf.int32))
        return box & tf.gather(kept, runs)

    return _in_box(mask, keep)


def filled(mask):
    """Fill holes: what cannot be reached from outside across the pixels' sides.

    Args:
        mask: `(height, width)` bool.

    Returns:
        `(height, width)` bool.
    """

    def fill(box):
        ground = tf.pad(~box, [[1, 1], [1, 1]], constant_values=True)
        runs, root = _pieces(ground, sideways=(0,))
        outside = ground & tf.gather(tf.equal(root, root[0]), runs)
        return ~outside[1:-1, 1:-1]

    return _in_box(mask, fill)


def _in_box(mask, change):
    """Change the smallest box around a mask, outside of which nothing is to change."""
    edges = []
    for axis in (1, 0):
        taken = tf.cast(tf.reduce_any(mask, axis=axis), tf.int32)
        first = tf.argmax(taken, output_type=tf.int32)
        behind = tf.argmax(taken[::-1], output_type=tf.int32)
        edges.append((first, behind, tf.shape(taken)[0] - behind))
    (top, below, bottom), (left, beside, right) = edges
    changed = change(mask[top:bottom, left:right])
    return tf.pad(changed, [[top, below], [left, beside]])


def _pieces(mask, *, sideways):
    """Number the runs of a mask, and name for each the first run of its piece.

    Args:
        mask: `(height, width)` bool.
        sideways: Steps to the right that connect a pixel to the row below.

    Returns:
        `(height, width)` int32 number of each pixel's run, of no meaning outside the
        mask, and `(runs,)` int32; one run at least, so that an empty mask has one.
    """
    starts = mask & ~tf.pad(mask[:, :-1], [[0, 0], [1, 0]])
    order = tf.cumsum(tf.reshape(tf.cast(starts, tf.int32), [-1]))
    runs = tf.reshape(tf.maximum(order - 1, 0), tf.shape(mask))
    pairs = [_touching(mask, starts, runs, step) for step in sideways]
    upper, lower = tf.unstack(tf.concat(pairs, axis=1))

    def join(root, _):
        joined = root
        for ends in (upper, lower):
            least = tf.minimum(tf.gather(root, upper), tf.gather(root, lower))
            places = tf.gather(root, ends)[:, None]
            joined = tf.tensor_scatter_nd_min(joined, places, least)
        joined = tf.gather(joined, joined)
        return joined, tf.reduce_any(tf.not_equal(joined, root))

    count = tf.maximum(tf.reduce_max(order, axis=0), 1)
    root, _ = tf.while_loop(
        lambda _, changed: changed,
        join,
        (tf.range(count), tf.constant(True)),
        shape_invariants=(tf.TensorShape([None]), tf.TensorShape([])),
    )
    return runs, root


def _touching(mask, starts, runs, step):
    """Pairs of runs in neighbouring rows, each pair once: where one of both starts."""
    width = tf.shape(mask)[1]
    left, right = max(-step, 0), max(step, 0)
    above = (slice(None, -1), slice(left, width - right))
    below = (slice(1, None), slice(right, width - left))
    meet = mask[above] & mask[below] & (starts[above] | starts[below])
    return tf.stack([runs[above][meet], runs[below][meet]])
