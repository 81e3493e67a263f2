"""Ends of networks: projections to compare, and probabilities of structures."""

import itertools

import keras
import tensorflow as tf

from echo_keras.data import schema


def probabilities(logits, name="probability"):
    """Turn logits into probabilities, in float32 whatever the network multiplies in.

    Args:
        logits: `(batch, size, size, channels)`, one channel for the left ventricle
            alone, or one for each label of a mask, background first.
        name: Of the layer.

    Returns:
        Same shape, float32 in [0, 1]; several channels add up to 1.
    """
    kind = "sigmoid" if logits.shape[-1] == 1 else "softmax"
    return keras.layers.Activation(kind, dtype="float32", name=name)(logits)


def ventricle(probability):
    """Pick the left ventricle out of what a segmentation network answers.

    Args:
        probability: `(batch, size, size, channels)` as `probabilities` gives it.

    Returns:
        `(batch, size, size, 1)`.
    """
    if probability.shape[-1] == 1:
        return probability
    return probability[..., schema.VENTRICLE : schema.VENTRICLE + 1]


def projecting(features, *, hidden, out, synchronized=False):
    """Put a projection head on features that are to be compared.

    Args:
        features: Model to `(items, channels)`, of `pooled` or `sampled`; its weights
            are shared, not copied.
        hidden: Channels of the head's hidden layer.
        out: Channels of the projection.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model of the same inputs to `(items, out)` projections, not normalised: the loss
        does that.
    """
    head = perceptron(
        features.output_shape[-1],
        hidden=hidden,
        out=out,
        name="projection",
        synchronized=synchronized,
    )
    return keras.Model(features.inputs, head(features.outputs[0]), name="projecting")


def perceptron(dim, *, hidden, out, name, synchronized=False):
    """Map vectors by one hidden layer with batch norm, as both methods' heads do.

    Args:
        dim: Channels of the vectors.
        hidden: Channels of the hidden layer.
        out: Channels of the result.
        name: Name of the model.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model from `(batch, dim)` to `(batch, out)`.

    Source: Chen et al. 2020, section 4.2, https://arxiv.org/abs/2002.05709; Grill et
    al. 2020, section 3.3, https://arxiv.org/abs/2006.07733
    """
    inputs = keras.Input((dim,), name="features")
    # The norm has an offset of its own, so a bias in front of it would do nothing.
    features = keras.layers.Dense(hidden, use_bias=False, name=f"{name}_hidden")(inputs)
    features = keras.layers.BatchNormalization(
        synchronized=synchronized, name=f"{name}_norm"
    )(features)
    features = keras.layers.Activation("relu", name=f"{name}_relu")(features)
    outputs = keras.layers.Dense(out, name=f"{name}_out")(features)
    return keras.Model(inputs, outputs, name=name)


def pooled(encoder):
    """Average the coarsest feature map of an encoder over all places.

    The mean is taken in the precision of the weights, whatever the features'.

    Args:
        encoder: Model from frames to a list of feature maps, fine to coarse; its
            weights are shared, not copied.

    Returns:
        Model from frames to `(batch, channels)` features.
    """
    frames = keras.Input(encoder.input_shape[1:], name="frame")
    average = keras.layers.GlobalAveragePooling2D(dtype=_precise(), name="pooled")
    return keras.Model(frames, average(encoder(frames)[-1]), name="pooled")


def sampled(encoder, decoder=None):
    """Read features at given places, between the cells of the map bilinearly.

    They are read in the precision of the weights, whatever the features'.

    Args:
        encoder: Model from frames to a list of feature maps, fine to coarse; its
            weights are shared, not copied.
        decoder: Model from these to the one map to read, of `unet.decoder`; without
            one, the coarsest is read.

    Returns:
        Model from frames and `(batch, count, 2)` places in them, see `data.places`, to
        `(batch * count, channels)` features.
    """
    frames = keras.Input(encoder.input_shape[1:], name="frame")
    places = keras.Input((None, 2), name="place")
    levels = encoder(frames)
    features = decoder(levels) if decoder else levels[-1]
    stride = frames.shape[1] // features.shape[1]
    read = keras.layers.Lambda(
        lambda given: _read(*given, stride=stride),
        dtype=_precise(),
        autocast=False,
        name="sampled",
    )
    return keras.Model([frames, places], read([features, places]), name="sampled")


def _read(features, places, *, stride):
    """Cells stand at pixel 0, `stride` and so on, as the layers before them stride."""
    cells = features.shape[1]
    pixel = places * (cells * stride) + (cells * stride - 1) / 2
    where = tf.clip_by_value(pixel / stride, 0.0, cells - 1.0)
    corner = tf.cast(tf.minimum(tf.floor(where), cells - 2.0), tf.int32)
    total = 0.0
    for right_down in itertools.product((0, 1), repeat=2):
        cell = corner + right_down
        away = tf.abs(where - tf.cast(cell, where.dtype))
        share = tf.reduce_prod(1.0 - away, axis=-1, keepdims=True)
        value = tf.gather_nd(features, cell[..., ::-1], batch_dims=1)
        total += share * tf.cast(value, share.dtype)
    return tf.reshape(total, (-1, features.shape[-1]))


def _precise():
    return keras.mixed_precision.global_policy().variable_dtype
