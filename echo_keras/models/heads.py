"""Small networks that turn an encoder's features into something comparable."""

import keras


def projecting(encoder, *, hidden, out, synchronized=False):
    """Put a projection head on the average of an encoder's coarsest features.

    Args:
        encoder: Model from frames to a list of feature maps, fine to coarse; its
            weights are shared, not copied.
        hidden: Channels of the head's hidden layer.
        out: Channels of the projection.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model from frames to `(batch, out)` projections, not normalised: the loss does
        that.
    """
    features = pooled(encoder)
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
    precise = keras.mixed_precision.global_policy().variable_dtype
    average = keras.layers.GlobalAveragePooling2D(dtype=precise, name="pooled")
    return keras.Model(encoder.inputs, average(encoder.outputs[-1]), name="pooled")
