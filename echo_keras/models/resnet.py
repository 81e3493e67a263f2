"""ResNets for one grey channel, their last two stages dilated instead of strided."""

import keras
import numpy as np

from echo_keras.models import dilated, sizes

BLOCKS = (3, 4, 6, 3)
SHALLOW_BLOCKS = (2, 2, 2, 2)
DILATIONS = ((1, 1), (1, 1), (1, 2), (2, 4))
IMAGENET_WIDTH = 64
IMAGENET_BGR_MEANS = (103.939, 116.779, 123.68)
SCALE, OFFSET = 4.0, -1.0
# The gradient of a strided 1x1 convolution of fewer channels than a register of AVX2 or
# AVX-512 holds is wrong in oneDNN, and written past its memory: oneDNN's issue 6035.
TOO_FEW_TO_STRIDE = 16


def encoder(size, width=IMAGENET_WIDTH, *, blocks=BLOCKS, synchronized=False):
    """Residual network of output stride 8, its layers named as in Keras' ResNet50.

    The first block of a dilated stage keeps the rate of the stage before, so that
    every weight sees the neighbours that it was trained on.

    Args:
        size: Height and width of the input in pixels, a multiple of 8.
        width: Channels of the stem and of the first stage's bottlenecks; 64 is the
            published network.
        blocks: Residual blocks of each of the four stages.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `resnet50` from `(batch, size, size, 1)` float32 in [0, 1] to a list
        of five feature maps at 1/2, 1/4, 1/8, 1/8 and 1/8 of the size, with `width`
        times 1, 4, 8, 16 and 32 channels.

    Raises:
        InputError: The size cannot be halved three times.

    Source: He et al. 2016, https://arxiv.org/abs/1512.03385; dilation as in Chen et al.
    2017, https://arxiv.org/abs/1706.05587
    """
    return _network(
        "resnet50", _bottleneck, size, width, blocks=blocks, synchronized=synchronized
    )


def shallow(size, width=64, *, blocks=SHALLOW_BLOCKS, synchronized=False):
    """ResNet-18, of two convolutions a block, dilated by the same rule.

    Args:
        size: Height and width of the input in pixels, a multiple of 8.
        width: Channels of the stem and of the first stage; 64 is the published network.
        blocks: Residual blocks of each of the four stages.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `resnet18` from `(batch, size, size, 1)` float32 in [0, 1] to a list
        of five feature maps at 1/2, 1/4, 1/8, 1/8 and 1/8 of the size, with `width`
        times 1, 1, 2, 4 and 8 channels.

    Raises:
        InputError: The size cannot be halved three times.

    Source: as of `encoder`
    """
    return _network(
        "resnet18", _basic, size, width, blocks=blocks, synchronized=synchronized
    )


def adopt(encoder, original):
    """Fill an encoder with the weights of Keras' ResNet50, as of ImageNet.

    The three colours of the stem are folded into one grey channel, together with the
    scale and the means that ResNet50 expects; away from the border the stem gives the
    same as the original on a grey image of three equal channels.

    Args:
        encoder: Model of `encoder` with the published width and blocks.
        original: `keras.applications.ResNet50` without its head.
    """
    for layer in encoder.layers:
        if layer.name == "conv1_conv":
            stem = original.get_layer("conv1_conv").get_weights()
            layer.set_weights(_grey_stem(*stem))
        elif layer.weights:
            layer.set_weights(original.get_layer(layer.name).get_weights())


def _network(name, block, size, width, *, blocks, synchronized):
    sizes.refuse(size, name, multiple=8)
    norm = {"epsilon": 1.001e-5, "synchronized": synchronized}
    inputs = keras.Input((size, size, 1), name="frame")
    features = keras.layers.Rescaling(SCALE, offset=OFFSET, name="normalise")(inputs)
    features = keras.layers.ZeroPadding2D(3, name="conv1_pad")(features)
    features = keras.layers.Conv2D(width, 7, strides=2, name="conv1_conv")(features)
    features = _normalised(features, "conv1", norm)
    features = keras.layers.Activation("relu", name="conv1_relu")(features)
    levels = [features]
    features = keras.layers.ZeroPadding2D(1, name="pool1_pad")(features)
    features = keras.layers.MaxPooling2D(3, strides=2, name="pool1_pool")(features)
    for stage, (first, rest) in enumerate(DILATIONS):
        for number in range(blocks[stage]):
            features = block(
                features,
                width * 2**stage,
                f"conv{stage + 2}_block{number + 1}",
                enters=number == 0,
                stride=2 if stage == 1 and number == 0 else 1,
                dilation=rest if number else first,
                norm=norm,
            )
        levels.append(features)
    return dilated.hasten(keras.Model(inputs, levels, name=name))


def _bottleneck(features, channels, name, *, enters, stride, dilation, norm):
    wide = {"padding": "same", "dilation_rate": dilation}
    shortcut = features
    if enters:
        shortcut = _convolved(
            features, f"{name}_0", 4 * channels, 1, norm, strides=stride
        )
    features = _convolved(features, f"{name}_1", channels, 1, norm, strides=stride)
    features = _rectified(features, f"{name}_1_relu")
    features = _convolved(features, f"{name}_2", channels, 3, norm, **wide)
    features = _rectified(features, f"{name}_2_relu")
    features = _convolved(features, f"{name}_3", 4 * channels, 1, norm)
    features = keras.layers.Add(name=f"{name}_add")([shortcut, features])
    return _rectified(features, f"{name}_out")


def _basic(features, channels, name, *, enters, stride, dilation, norm):
    wide = {"padding": "same", "dilation_rate": dilation}
    shortcut = features
    if enters:
        shortcut = _convolved(features, f"{name}_0", channels, 1, norm, strides=stride)
    first = {"padding": "same", "strides": stride} if stride > 1 else wide
    features = _convolved(features, f"{name}_1", channels, 3, norm, **first)
    features = _rectified(features, f"{name}_1_relu")
    features = _convolved(features, f"{name}_2", channels, 3, norm, **wide)
    features = keras.layers.Add(name=f"{name}_add")([shortcut, features])
    return _rectified(features, f"{name}_out")


def _convolved(features, name, filters, kernel, norm, *, strides=1, **options):
    if kernel == 1 and strides > 1 and features.shape[-1] < TOO_FEW_TO_STRIDE:
        thin = keras.layers.AveragePooling2D(1, strides, name=f"{name}_thinned")
        features, strides = thin(features), 1
    options["strides"] = strides
    features = keras.layers.Conv2D(filters, kernel, name=f"{name}_conv", **options)(
        features
    )
    return _normalised(features, name, norm)


def _rectified(features, name):
    return keras.layers.Activation("relu", name=name)(features)


def _normalised(features, name, norm):
    return keras.layers.BatchNormalization(name=f"{name}_bn", **norm)(features)


def _grey_stem(kernel, bias):
    """Fold `255 grey - mean` of each colour, grey being `(input - OFFSET) / SCALE`."""
    shift = -255.0 * OFFSET / SCALE - np.array(IMAGENET_BGR_MEANS)
    folded = 255.0 / SCALE * kernel.sum(axis=2, keepdims=True)
    return [folded, bias + np.einsum("hwco,c->o", kernel, shift)]
