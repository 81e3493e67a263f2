"""EfficientNet-Lite2 for one grey channel, without its classification head."""

from typing import NamedTuple

import keras

from echo_keras.models import sizes

NAME = "efficientnet_lite2"
IMAGENET_WIDTH = 32
DROPPED = 0.2  # share of the last block's branches, in proportion less before it
GREYS = {"scale": 255 / 128, "offset": -127 / 128}  # as ImageNet's network sees them
# What PyTorch's network calls the norm after a convolution, and the weights of a norm.
_NORMS = {"stem": 0, "expand": 0, "depthwise": 1, "project": 2}
_OF_A_NORM = ("weight", "bias", "running_mean", "running_var")


class Stage(NamedTuple):
    """Blocks in a row whose answers have as many channels.

    Attributes:
        kernel: Size of the depthwise kernels.
        repeats: Number of blocks.
        channels: Channels of the answer at the published width.
        stride: Of the first block.
        expansion: Channels within a block for each that enters it.
    """

    kernel: int
    repeats: int
    channels: int
    stride: int
    expansion: int


STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 3, 24, 2, 6),
    Stage(5, 3, 48, 2, 6),
    Stage(3, 4, 88, 2, 6),
    Stage(5, 4, 120, 1, 6),
    Stage(5, 5, 208, 2, 6),
    Stage(3, 1, 352, 1, 6),
)


def encoder(size, width=IMAGENET_WIDTH, *, synchronized=False):
    """Inverted bottlenecks with depthwise convolutions, 4.4 million weights.

    Args:
        size: Height and width of the input in pixels, a multiple of 32.
        width: Channels of the stem, to which all others are in proportion; 32 is the
            published network.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `efficientnet_lite2` from `(batch, size, size, 1)` float32 in [0, 1]
        to a list of five feature maps, at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size, of
        16, 24, 48, 120 and 352 channels at the published width.

    Raises:
        InputError: The size cannot be halved five times.

    Source: Tan and Le 2019, https://arxiv.org/abs/1905.11946, as the Lite networks
    have it: ReLU6, and no squeeze and excitation.
    """
    sizes.refuse(size, NAME, multiple=32)
    norm = {"synchronized": synchronized}
    inputs = keras.Input((size, size, 1), name="frame")
    features = keras.layers.Rescaling(**GREYS, name="normalise")(inputs)
    features = _convolved(features, "stem", width, norm, kernel=3, strides=2)
    features = _rectified(features, "stem")
    levels, blocks = [], _blocks(width)
    for number, block in enumerate(blocks):
        if block.stride > 1:
            levels.append(features)
        dropped = DROPPED * number / len(blocks)
        features = _block(features, block, f"block{number}", norm, dropped=dropped)
    return keras.Model(inputs, [*levels, features], name=NAME)


def adopt(encoder, original):
    """Fill an encoder with weights that ImageNet has taught in PyTorch.

    The three colours of the stem are summed, so that it answers as the original does
    to a grey image of three equal channels.

    Args:
        encoder: Model of `encoder` with the published width.
        original: Dict of name to array, as the package `efficientnet_lite_pytorch`
            names them; those of the head are left out.

    Raises:
        KeyError: A weight is missing.
        ValueError: A weight has another shape.
    """
    for layer in encoder.layers:
        if layer.weights:
            layer.set_weights(_adopted(layer, original))


def _blocks(width):
    """Every block as a `Stage` of its own, at a width."""
    return [
        stage._replace(
            repeats=1,
            channels=max(stage.channels * width // IMAGENET_WIDTH, 1),
            stride=1 if repeat else stage.stride,
        )
        for stage in STAGES
        for repeat in range(stage.repeats)
    ]


def _block(inputs, block, name, norm, *, dropped):
    features, entering = inputs, inputs.shape[-1]
    if block.expansion > 1:
        wide = block.expansion * entering
        features = _convolved(features, f"{name}_expand", wide, norm)
        features = _rectified(features, f"{name}_expand")
    # In bfloat16 its gradients take five times as long on a CPU.
    features = keras.layers.DepthwiseConv2D(
        block.kernel,
        block.stride,
        "same",
        use_bias=False,
        dtype="float32",
        name=f"{name}_depthwise_conv",
    )(features)
    features = _normalised(features, f"{name}_depthwise", norm)
    features = _rectified(features, f"{name}_depthwise")
    features = _convolved(features, f"{name}_project", block.channels, norm)
    if block.stride > 1 or entering != block.channels:
        return features
    if dropped:
        each = (None, 1, 1, 1)  # whole branches, image by image
        features = keras.layers.Dropout(dropped, each, name=f"{name}_drop")(features)
    return keras.layers.Add(name=f"{name}_add")([features, inputs])


def _convolved(features, name, filters, norm, *, kernel=1, strides=1):
    features = keras.layers.Conv2D(
        filters, kernel, strides, "same", use_bias=False, name=f"{name}_conv"
    )(features)
    return _normalised(features, name, norm)


def _normalised(features, name, norm):
    return keras.layers.BatchNormalization(name=f"{name}_norm", **norm)(features)


def _rectified(features, name):
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(features)


def _adopted(layer, original):
    """Weights of the layer that has the place of one in PyTorch's network."""
    *block, part, kind = layer.name.split("_")
    within = f"_blocks.{block[0].removeprefix('block')}." if block else ""
    if kind == "norm":
        return [
            original[f"{within}_bn{_NORMS[part]}.{weight}"] for weight in _OF_A_NORM
        ]
    name = f"{within}_{part}_conv" if block else "_conv_stem"
    kernel = original[f"{name}.weight"].transpose(2, 3, 1, 0)
    if part == "depthwise":
        kernel = kernel.swapaxes(2, 3)
    elif part == "stem":
        kernel = kernel.sum(axis=2, keepdims=True)
    return [kernel]
