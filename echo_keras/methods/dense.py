"""Contrast between places: each must be recognised in the other view of its frame."""

import tensorflow as tf

from echo_keras.data import places
from echo_keras.methods import pairs


def draw(view, *, count, apart):
    """Compare places instead of whole frames.

    A place is told from all that lie further away, in its own frame and in every other
    one. Nearer ones are no negatives whoever's they are: apical views are taken alike,
    so the same place of another heart shows the same structure more often than not.

    Args:
        view: Function that draws views, such as `data.views.echo`.
        count: Places of each frame.
        apart: Least distance of places that differ, in units of the frames' size.

    Returns:
        Function as `pairs.step` wants it; the network takes the views and the
        `(2 batch, count, 2)` places in them.
    """

    def drawn(images, _, *, seed, step, part=0):
        views, maps = pairs.drawn(view, images, seed=seed, step=step, part=part)
        batch = tf.shape(images)[0]
        local, seen, shown = places.shared(
            tf.image.convert_image_dtype(images[:, 0], tf.float32),
            maps,
            # Views take the numbers from 0.
            tf.random.fold_in(pairs.of_step(seed, step), -1 - part),
            count=count,
            first=pairs.offset(batch),
            rows=pairs.everywhere(batch),
        )
        local = tf.reshape(local, (-1, 2))
        shown = tf.reshape(tf.cast(shown, tf.float32), (-1,))
        everything = pairs.gathered(local, axis=0)
        shown = pairs.gathered(shown, axis=0)
        ignored = places.near(local, everything, apart=apart) | (shown == 0.0)
        seen = tf.reshape(seen, (2 * batch, count, 2))
        return pairs.Drawn([views, seen], ignored, shown)

    return drawn
