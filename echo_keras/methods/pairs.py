"""What every method on pairs of views shares: drawing, gathering and descending.

All of it is called inside a replica's step, and counts in the global batch.
"""

import functools
import typing

import keras
import tensorflow as tf

from echo_keras.losses import contrastive


class Drawn(typing.NamedTuple):
    """Two views of each local frame, and what of them is to be compared.

    What is compared is a frame as a whole or places in it. Their first views come
    before the second, one frame's before the next.

    Attributes:
        inputs: What the network takes, such as the views.
        ignored: `(local, all)` bool, of one view: which are no negatives of which.
        shown: `(all,)` float32, 1 for what is to be compared, and 0 for what only fills
            up the shape.
    """

    inputs: typing.Any
    ignored: tf.Tensor
    shown: tf.Tensor


def whole(view):
    """Compare frames as a whole: those of the same patient are no negatives.

    Args:
        view: Function that draws views, such as `data.views.echo`.

    Returns:
        Function as `step` wants it.
    """

    def draw(images, patients, **when):
        views, _ = drawn(view, images, **when)
        everyone = gathered(patients, axis=0)
        ignored = patients[:, None] == everyone
        return Drawn(views, ignored, tf.ones_like(everyone, tf.float32))

    return draw


def step(compared, batch, *, draw, seed, optimizer, variables, jit=False):
    """Take one step on the local frames of a global batch.

    The batch comes in parts, one after the other in memory, whose gradients are
    averaged before the step. Only views of the same part are compared, so more parts
    give a steadier gradient, but no more negatives.

    Args:
        compared: Function from `Drawn` to the losses of what is compared, `(local,)` or
            `(2, local)`, and to the `(2, all, dim)` projections of all replicas.
        batch: `(batch, parts, frames, size, size, 1)` uint8 or float in [0, 1], a frame
            for both views or one for each, and `(batch, parts)` integers, the same for
            frames of the same patient.
        draw: Function that makes `Drawn` of `(batch, frames, size, size, 1)` frames and
            `(batch,)` patients, with the `seed`, `step` and `part` of `drawn`.
        seed: Seed of the run; with the optimiser's step it gives all views.
        optimizer: A `keras.optimizers.legacy` one, which adds up the replicas'
            gradients, or one that scales the loss for it.
        variables: What to learn.
        jit: Whether XLA compiles what follows the views; for one replica alone.

    Returns:
        Dict of scalars, this replica's share of `loss`, contrastive `accuracy`,
        `spread`, `alignment` and `uniformity`: Keras adds them up.
    """
    images, patients = batch
    parts = images.shape[1]
    descended = functools.partial(_descended, compared, optimizer, variables, parts)
    if jit:
        descended = tf.function(descended, jit_compile=True)
    gradients, told = None, []
    for part in range(parts):
        # Without this, the parts would be computed, and stored, at the same time.
        with tf.control_dependencies(gradients or ()):
            when = {"seed": seed, "step": optimizer.iterations, "part": part}
            views = draw(images[:, part], patients[:, part], **when)
            loss, projections, more = descended(views)
        gradients = [a + b for a, b in zip(gradients, more)] if gradients else more
        told.append({"loss": loss, **_told(projections, views, parts)})
    if _scales(optimizer):
        gradients = optimizer.get_unscaled_gradients(gradients)
    optimizer.apply_gradients(zip(gradients, variables))
    return {name: tf.add_n([one[name] for one in told]) for name in told[0]}


def drawn(view, images, *, seed, step, part=0):
    """Draw two views of each local frame, or one of each frame of a pair.

    They depend on the seed, the step and the frame's place in the global batch alone,
    so the number of replicas does not change them.

    Args:
        view: Function that draws views, such as `data.views.echo`.
        images: `(batch, frames, size, size, 1)` uint8 or float in [0, 1], a frame for
            both views or one for each.
        seed: Seed of the run.
        step: Scalar integer, the number of the step.
        part: Number of the part of the step's batch.

    Returns:
        `(2 batch, size, size, 1)`: the first views of all frames, then the second; and
        their `(2, batch, 2, 3)` maps, as `data.views` tells them.
    """
    images = tf.image.convert_image_dtype(images, tf.float32)
    batch = tf.shape(images)[0]
    seed = of_step(seed, step)
    sides = [
        view(
            images[:, frame],
            tf.random.fold_in(seed, 2 * part + side),
            first=offset(batch),
            rows=everywhere(batch),
        )
        for side, frame in enumerate((0, -1))
    ]
    views, maps = zip(*sides)
    return tf.concat(views, axis=0), tf.stack(maps)


def gathered(local, *, axis):
    """Gather what all replicas have; the gradient flows back to each.

    Args:
        local: Tensor of the same shape on each replica.
        axis: Along which to place one replica's behind the other's.

    Returns:
        The tensor of the global batch.
    """
    return tf.distribute.get_replica_context().all_gather(local, axis=axis)


def of_step(seed, step):
    """Seed of one step of a run, `(2,)` int32."""
    return tf.stack([seed, tf.cast(step, tf.int32)])


def everywhere(batch):
    """Size of the global batch, `batch` frames being local."""
    return batch * tf.distribute.get_replica_context().num_replicas_in_sync


def offset(batch):
    """Position of the first of `batch` local frames in the global batch."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group * batch


def prepare(optimizer, variables):
    """Make an optimiser's slots, so that a step is traced once instead of twice.

    That is half a minute where every norm waits for another replica's.
    """
    optimizer._create_all_weights(variables)


def _descended(compared, optimizer, variables, parts, views):
    """Share of the loss, all projections, and gradients of the scaled share."""
    with tf.GradientTape() as tape:
        losses, projections = compared(views)
        losses *= tf.cast(_weights(views), losses.dtype)
        share = tf.reduce_mean(losses) / _sharers(parts)
        scaled = optimizer.get_scaled_loss(share) if _scales(optimizer) else share
    return share, projections, tape.gradient(scaled, variables)


def _told(projections, views, parts):
    count = tf.shape(views.ignored)[0]
    first = offset(count)
    shown = tf.boolean_mask(projections, views.shown > 0.0, axis=1)
    figures = {
        "spread": contrastive.spread(shown),
        "alignment": contrastive.alignment(shown),
        "uniformity": contrastive.uniformity(shown),
    }
    # Where no place, or one alone, is in both views there is no figure of it.
    known = {
        name: tf.where(tf.math.is_finite(value), value, 0.0)
        for name, value in figures.items()
    }
    told = {
        "accuracy": contrastive.accuracy(
            projections[:, first : first + count],
            projections,
            offset=first,
            ignored=views.ignored,
            weights=_weights(views),
        ),
        **known,
    }
    return {name: value / _sharers(parts) for name, value in told.items()}


def _weights(views):
    """`(local,)` how much each counts, of mean 1 over all replicas."""
    count = tf.shape(views.ignored)[0]
    first = offset(count)
    mean = tf.reduce_mean(views.shown)
    return tf.math.divide_no_nan(views.shown[first : first + count], mean)


def _sharers(parts):
    """How many shares of a number there are in a step, over replicas and parts."""
    return tf.distribute.get_replica_context().num_replicas_in_sync * parts


def _scales(optimizer):
    return isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
