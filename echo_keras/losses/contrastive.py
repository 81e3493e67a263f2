"""Contrastive objectives on two views of each frame, safe in half precision.

What is compared may be frames as a whole or places in them: below, a batch is of
either. Whatever the projections' precision, single precision at least is used inside.
"""

import tensorflow as tf


def nt_xent(views, candidates, *, temperature, offset=0, ignored=None):
    """Normalised temperature-scaled cross entropy, Eq. 1 of SimCLR.

    Each view must recognise the other view of its frame among all candidates, except
    those that are no negatives, such as other frames of its patient.

    Args:
        views: `(2, batch, dim)` projections of two views of each local frame.
        candidates: `(2, global_batch, dim)` projections of all replicas' frames.
        temperature: Softmax temperature, positive.
        offset: Position of the first local frame among the candidates.
        ignored: `(batch, global_batch)` bool, which candidates are no negatives of a
            view; by default, and in any case, it is none of its own.

    Returns:
        `(2, batch)` loss of each view, in nats.

    Source: Chen et al. 2020, https://arxiv.org/abs/2002.05709
    """
    logits = _logits(views, candidates, temperature, offset, ignored)
    likelihoods = tf.nn.log_softmax(logits)
    batch = tf.shape(views)[1]
    total = tf.shape(candidates)[1]
    return -tf.gather(likelihoods, _partners(batch, total, offset), batch_dims=2)


def regression(predictions, targets):
    """Distance of each view's prediction from the other view's target, Eq. 2 of BYOL.

    Args:
        predictions: `(2, batch, dim)` predictions from two views of each frame.
        targets: `(2, batch, dim)` what the target network makes of the two views.

    Returns:
        `(batch,)` sum over both directions of `2 - 2 cos`, in [0, 8].

    Source: Grill et al. 2020, https://arxiv.org/abs/2006.07733
    """
    cosines = tf.reduce_sum(_units(predictions) * _units(targets)[::-1], axis=-1)
    return tf.reduce_sum(2.0 - 2.0 * cosines, axis=0)


def accuracy(views, candidates, *, offset=0, ignored=None, weights=1.0):
    """Share of views that are nearest to the other view of their own frame.

    As in the loss, candidates that are no negatives do not stand in the way.

    Args:
        views: `(2, batch, dim)` projections of two views of each local frame.
        candidates: `(2, global_batch, dim)` projections of all replicas' frames.
        offset: Position of the first local frame among the candidates.
        ignored: As of `nt_xent`.
        weights: `(batch,)` float32 of mean 1, how much each frame counts.

    Returns:
        Scalar float32 in [0, 1]; chance is `1 / (2 global_batch - 1)`.
    """
    nearest = tf.argmax(_logits(views, candidates, 1.0, offset, ignored), axis=-1)
    batch = tf.shape(views)[1]
    total = tf.shape(candidates)[1]
    partners = tf.cast(_partners(batch, total, offset), nearest.dtype)
    return tf.reduce_mean(weights * tf.cast(nearest == partners, tf.float32))


def spread(candidates):
    """Standard deviation of the directions, the sign of a collapse when near zero.

    Args:
        candidates: `(2, global_batch, dim)` projections.

    Returns:
        Scalar: 0 where all are the same, 1 where they fill the sphere.

    Source: Chen and He 2021, Fig. 2, https://arxiv.org/abs/2011.10566
    """
    deviation = tf.math.reduce_std(_units(candidates), axis=(0, 1))
    dim = tf.cast(tf.size(deviation), deviation.dtype)
    return tf.reduce_mean(deviation) * tf.sqrt(dim)


def alignment(candidates):
    """Mean squared distance between the directions of the two views of a frame.

    Args:
        candidates: `(2, global_batch, dim)` projections.

    Returns:
        Scalar in [0, 4], 0 where the views agree.

    Source: Wang and Isola 2020, https://arxiv.org/abs/2005.10242
    """
    units = _units(candidates)
    return tf.reduce_mean(tf.reduce_sum(tf.square(units[0] - units[1]), axis=-1))


def uniformity(candidates):
    """Log of the mean Gaussian potential between the directions of different frames.

    Args:
        candidates: `(2, global_batch, dim)` projections of two frames at least.

    Returns:
        Scalar in [-8, 0], 0 where all are the same; taken within each view.

    Source: Wang and Isola 2020, with t = 2, https://arxiv.org/abs/2005.10242
    """
    units = _units(candidates)
    cosines = tf.matmul(units, units, transpose_b=True)
    own = tf.linalg.diag_part(cosines)  # 1 but for rounding, which cancels below
    distances = own[:, :, None] + own[:, None, :] - 2.0 * cosines
    potential = tf.exp(-2.0 * distances)
    total = tf.shape(units)[1]
    others = 1.0 - tf.eye(total, dtype=potential.dtype)
    pairs = tf.cast(2 * total * (total - 1), potential.dtype)
    return tf.math.log(tf.reduce_sum(potential * others) / pairs)


def _logits(views, candidates, temperature, offset, ignored):
    """Similarities `(2, batch, 2 global_batch)`, those that do not count masked out."""
    batch, total = tf.shape(views)[1], tf.shape(candidates)[1]
    cosines = tf.einsum("vid,wjd->viwj", _units(views), _units(candidates))
    cosines = tf.reshape(cosines, (2, batch, 2 * total))
    own = (offset + tf.range(batch))[:, None] == tf.range(total)
    masked = tf.tile(own if ignored is None else own | ignored, (1, 2))
    partner = tf.range(2 * total) == _partners(batch, total, offset)[..., None]
    return tf.where(masked & ~partner, cosines.dtype.min, cosines / temperature)


def _units(projections):
    projections = tf.convert_to_tensor(projections)
    precise = projections.dtype if projections.dtype.size > 4 else tf.float32
    return tf.math.l2_normalize(tf.cast(projections, precise), axis=-1)


def _partners(batch, total, offset):
    """Where each local view's partner stands among the flattened candidates."""
    first = offset + tf.range(batch)
    return tf.stack([first + total, first])
