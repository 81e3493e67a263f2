"""Batch norms that inference folds into the convolutions before them."""

import keras
import tensorflow as tf


def fold(model):
    """Let each convolution do the work of the batch norm after it, for inference.

    With statistics that stand still a batch norm is a factor and a shift by channel,
    which a convolution can take into its kernel and bias. TensorFlow does that by
    itself in some graphs and precisions and not in others. The model must not be
    trained or saved by Keras afterwards.

    Args:
        model: Any `keras.Model`; pairs of a `keras.layers.Conv2D` without activation
            and a batch norm that alone takes its answer are changed.

    Returns:
        The same model; what it answers is the same up to rounding.
    """
    for convolution, norm in _pairs(model):
        scale = norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
        shift = norm.beta - norm.moving_mean * scale
        convolution.kernel.assign(convolution.kernel * scale)
        if convolution.use_bias:
            convolution.bias.assign(convolution.bias * scale + shift)
            norm.call = _same
        else:
            norm.beta.assign(shift)
            norm.call = _Shift(norm.beta)
    return model


class _Shift:
    """The call of a batch norm of which the shift is left."""

    def __init__(self, shift):
        self._shift = shift

    def __call__(self, inputs, training=None, mask=None):
        return tf.nn.bias_add(inputs, tf.cast(self._shift, inputs.dtype))


def _same(inputs, training=None, mask=None):
    return inputs


def _pairs(model):
    """Convolutions and the batch norms that follow them, each pair once."""
    found = {}
    for part in (model, *model.submodules):
        for norm in part.layers if isinstance(part, keras.Model) else ():
            convolution = _before(norm)
            if convolution is not None:
                found[id(norm)] = convolution, norm
    return found.values()


def _before(norm):
    """The convolution whose answer a batch norm alone takes, if that is what it is."""
    if not isinstance(norm, keras.layers.BatchNormalization):
        return None
    if len(norm.inbound_nodes) != 1:
        return None
    layer = norm.inbound_nodes[0].inbound_layers
    if not isinstance(layer, keras.layers.Conv2D) or len(layer.outbound_nodes) != 1:
        return None
    return layer if layer.activation is keras.activations.linear else None
