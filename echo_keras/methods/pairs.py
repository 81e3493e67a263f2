"""What every method on pairs of views shares: drawing, gathering and descending.

All of it is called inside a replica's step, and counts in the global batch.
"""

import functools

import keras
import tensorflow as tf

from echo_keras.losses import contrastive


def step(compared, batch, *, view, seed, optimizer, variables, jit=False):
    """Take one step on the local frames of a global batch.

    The batch comes in parts, one after the other in memory, whose gradients are
    averaged before the step. Only views of the same part are compared, so more parts
    give a steadier gradient, but no more negatives.

    Args:
        compared: Function from `(2 batch, size, size, 1)` views, the first ones of all
            frames and then the second, and `(global_batch,)` patients, to losses, a
            tensor of any shape, and the `(2, global_batch, dim)` projections of all
            replicas.
        batch: `(batch, parts, frames, size, size, 1)` uint8 or float in [0, 1], a frame
            for both views or one for each, and `(batch, parts)` integers, the same for
            frames of the same patient.
        view: Function that draws views, such as `data.views.echo`.
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
            views = drawn(
                view, images[:, part], seed=seed, step=optimizer.iterations, part=part
            )
            who = gathered(patients[:, part], axis=0)
            loss, projections, more = descended(views, who)
        gradients = [a + b for a, b in zip(gradients, more)] if gradients else more
        told.append({"loss": loss, **_told(projections, who, parts)})
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
        `(2 batch, size, size, 1)`: the first views of all frames, then the second.
    """
    images = tf.image.convert_image_dtype(images, tf.float32)
    batch = tf.shape(images)[0]
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    seed = tf.stack([seed, tf.cast(step, tf.int32)])
    sides = [
        view(
            images[:, frame],
            tf.random.fold_in(seed, 2 * part + side),
            first=offset(batch),
            rows=batch * replicas,
        )
        for side, frame in enumerate((0, -1))
    ]
    return tf.concat(sides, axis=0)


def gathered(local, *, axis):
    """Gather what all replicas have; the gradient flows back to each.

    Args:
        local: Tensor of the same shape on each replica.
        axis: Along which to place one replica's behind the other's.

    Returns:
        The tensor of the global batch.
    """
    return tf.distribute.get_replica_context().all_gather(local, axis=axis)


def offset(batch):
    """Position of the first of `batch` local frames in the global batch."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group * batch


def prepare(optimizer, variables):
    """Make an optimiser's slots, so that a step is traced once instead of twice.

    That is half a minute where every norm waits for another replica's.
    """
    optimizer._create_all_weights(variables)


def _descended(compared, optimizer, variables, parts, views, patients):
    """Share of the loss, all projections, and gradients of the scaled share."""
    with tf.GradientTape() as tape:
        losses, projections = compared(views, patients)
        share = tf.reduce_mean(losses) / _sharers(parts)
        scaled = optimizer.get_scaled_loss(share) if _scales(optimizer) else share
    return share, projections, tape.gradient(scaled, variables)


def _told(projections, patients, parts):
    told = {
        "accuracy": contrastive.accuracy(projections, projections, patients=patients),
        "spread": contrastive.spread(projections),
        "alignment": contrastive.alignment(projections),
        "uniformity": contrastive.uniformity(projections),
    }
    return {name: value / _sharers(parts) for name, value in told.items()}


def _sharers(parts):
    """How many shares of a number there are in a step, over replicas and parts."""
    return tf.distribute.get_replica_context().num_replicas_in_sync * parts


def _scales(optimizer):
    return isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
