"""Small networks that turn an encoder's features into something comparable."""

import keras


def projection(dim, *, out=128, synchronized=False):
    """Map pooled features to the space in which views are compared.

    Args:
        dim: Channels of the pooled features, and of the hidden layer.
        out: Channels of the projection.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `projection` from `(batch, dim)` to `(batch, out)`, not normalised:
        the loss does that.

    Source: Chen et al. 2020, section 4.2, https://arxiv.org/abs/2002.05709
    """
    inputs = keras.Input((dim,), name="pooled")
    hidden = keras.layers.Dense(dim, use_bias=False, name="hidden")(inputs)
    hidden = keras.layers.BatchNormalization(
        synchronized=synchronized, name="hidden_norm"
    )(hidden)
    hidden = keras.layers.Activation("relu", name="hidden_relu")(hidden)
    projected = keras.layers.Dense(out, name="projected")(hidden)
    return keras.Model(inputs, projected, name="projection")


def pooled(encoder):
    """Average the coarsest feature map of an encoder over all places.

    Args:
        encoder: Model from frames to a list of feature maps, fine to coarse; its
            weights are shared, not copied.

    Returns:
        Model from frames to `(batch, channels)` features.
    """
    average = keras.layers.GlobalAveragePooling2D(name="pooled")
    return keras.Model(encoder.inputs, average(encoder.outputs[-1]), name="pooled")
