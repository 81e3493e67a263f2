"""Contrastive objectives on two views of each frame, safe in half precision.

Whatever the projections' precision, single precision at least is used inside.
"""

import tensorflow as tf


def nt_xent(views, candidates, *, temperature, offset=0):
    """Normalised temperature-scaled cross entropy, Eq. 1 of SimCLR.

    Each view must recognise the other view of its frame among all candidates.

    Args:
        views: `(2, batch, dim)` projections of two views of each local frame.
        candidates: `(2, global_batch, dim)` projections of all replicas' frames.
        temperature: Softmax temperature, positive.
        offset: Position of the first local frame among the candidates.

    Returns:
        `(2, batch)` loss of each view, in nats.

    Source: Chen et al. 2020, https://arxiv.org/abs/2002.05709
    """
    logits = _logits(views, candidates, temperature, offset)
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


def accuracy(views, candidates, *, offset=0):
    """Share of views that are nearest to the other view of their own frame.

    Args:
        views: `(2, batch, dim)` projections of two views of each local frame.
        candidates: `(2, global_batch, dim)` projections of all replicas' frames.
        offset: Position of the first local frame among the candidates.

    Returns:
        Scalar float32 in [0, 1]; chance is `1 / (2 global_batch - 1)`.
    """
    nearest = tf.argmax(_logits(views, candidates, 1.0, offset), axis=-1)
    batch = tf.shape(views)[1]
    total = tf.shape(candidates)[1]
    partners = tf.cast(_partners(batch, total, offset), nearest.dtype)
    return tf.reduce_mean(tf.cast(nearest == partners, tf.float32))


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


def _logits(views, candidates, temperature, offset):
    """Similarities `(2, batch, 2 global_batch)`, a view's own place masked out."""
    batch, total = tf.shape(views)[1], tf.shape(candidates)[1]
    cosines = tf.einsum("vid,wjd->viwj", _units(views), _units(candidates))
    cosines = tf.reshape(cosines, (2, batch, 2 * total))
    places = _places(batch, total, offset)
    own = tf.range(2 * total) == places[..., None]
    return tf.where(own, cosines.dtype.min, cosines / temperature)


def _units(projections):
    projections = tf.convert_to_tensor(projections)
    precise = projections.dtype if projections.dtype.size > 4 else tf.float32
    return tf.math.l2_normalize(tf.cast(projections, precise), axis=-1)


def _places(batch, total, offset):
    """Where each local view stands among the flattened candidates, `(2, batch)`."""
    first = offset + tf.range(batch)
    return tf.stack([first, first + total])


def _partners(batch, total, offset):
    first, second = tf.unstack(_places(batch, total, offset))
    return tf.stack([second, first])
