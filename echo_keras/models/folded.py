"""Batch norms that inference folds into the convolutions before them."""

import keras
import tensorflow as tf


def fold(model):
    """Let each convolution do the work of the batch norm after it, for inference.

    With statistics that stand still a batch norm is a factor and a shift by channel,
    which a convolution can take into its kernel and bias. TensorFlow does that by
    itself in some graphs and precisions and not in others. The model must not have
    been run by `predict` before, nor be trained or saved by Keras afterwards.

    Args:
        model: `keras.Model`. A `keras.layers.Conv2D`, or a depthwise one, without
            activation and the batch norm that alone takes its answer are changed, where
            each is called once.

    Returns:
        The same model; what it answers is the same up to rounding.
    """
    for convolution, norm in _pairs(model):
        scale = norm.gamma / tf.sqrt(norm.moving_variance + norm.epsilon)
        shift = norm.beta - norm.moving_mean * scale
        if isinstance(convolution, keras.layers.DepthwiseConv2D):
            kernel = convolution.depthwise_kernel
            kernel.assign(kernel * tf.reshape(scale, kernel.shape[2:]))
        else:
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
    parts = [p for p in (model, *model.submodules) if isinstance(p, keras.Model)]
    answers = {id(answer) for part in parts for answer in tf.nest.flatten(part.outputs)}
    found = {}
    for part in parts:
        for norm in part.layers:
            convolution = _before(norm)
            if convolution is not None and id(convolution.output) not in answers:
                found[id(norm)] = convolution, norm
    return found.values()


def _before(norm):
    """The convolution whose answer a batch norm alone takes, if that is what it is."""
    if not isinstance(norm, keras.layers.BatchNormalization) or "call" in vars(norm):
        return None
    if not (norm.scale and norm.center and len(norm.inbound_nodes) == 1):
        return None
    layer = norm.inbound_nodes[0].inbound_layers
    if not isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
        return None
    once = len(layer.inbound_nodes) == len(layer.outbound_nodes) == 1
    plain = layer.activation is keras.activations.linear and not isinstance(
        layer, keras.layers.Conv2DTranspose
    )
    return layer if once and plain and norm.axis == [3] else None
