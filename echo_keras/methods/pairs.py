"""What every method on pairs of views shares: drawing, gathering and descending.

All of it is called inside a replica's step, and counts in the global batch.
"""

import tensorflow as tf

from echo_keras.losses import contrastive


def step(compared, batch, *, view, seed, optimizer, variables):
    """Take one step on the local frames of a global batch.

    Args:
        compared: Function from `(2 batch, size, size, 1)` views, the first ones of all
            frames and then the second, and `(global_batch,)` patients, to losses, a
            tensor of any shape, and the `(2, global_batch, dim)` projections of all
            replicas.
        batch: `(batch, frames, size, size, 1)` uint8 or float in [0, 1], a frame for
            both views or one for each, and `(batch,)` integers, the same for frames of
            the same patient.
        view: Function that draws views, such as `data.views.echo`.
        seed: Seed of the run; with the optimiser's step it gives all views.
        optimizer: A `keras.optimizers.legacy` one, which adds up the replicas'
            gradients.
        variables: What to learn.

    Returns:
        Dict of scalars, this replica's share of `loss`, contrastive `accuracy`,
        `spread`, `alignment` and `uniformity`: Keras adds them up.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    images, patients = batch
    patients = gathered(patients, axis=0)
    views = drawn(view, images, seed=seed, step=optimizer.iterations)
    with tf.GradientTape() as tape:
        losses, projections = compared(views, patients)
        share = tf.reduce_mean(losses) / replicas
    gradients = tape.gradient(share, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    told = {
        "accuracy": contrastive.accuracy(projections, projections, patients=patients),
        "spread": contrastive.spread(projections),
        "alignment": contrastive.alignment(projections),
        "uniformity": contrastive.uniformity(projections),
    }
    return {"loss": share, **{name: told[name] / replicas for name in told}}


def drawn(view, images, *, seed, step):
    """Draw two views of each local frame, or one of each frame of a pair.

    They depend on the seed, the step and the frame's place in the global batch alone,
    so the number of replicas does not change them.

    Args:
        view: Function that draws views, such as `data.views.echo`.
        images: `(batch, frames, size, size, 1)` uint8 or float in [0, 1], a frame for
            both views or one for each.
        seed: Seed of the run.
        step: Scalar integer, the number of the step.

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
            tf.random.fold_in(seed, side),
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
