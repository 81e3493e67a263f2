"""UNet: its encoder, pretrained alone, and the segmentation network around it."""

import keras

from echo_keras.models import heads, sizes

WIDTHS = (1, 2, 4, 8, 8)
HALVED_WIDTHS = (1, 2, 3, 4, 8)
COARSE = (1, 2)


def encoder(size, width=64, *, synchronized=False):
    """Contracting path: five levels of two convolutions, each half the size before.

    Args:
        size: Height and width of the input in pixels, a multiple of 16.
        width: Channels of the first level; the levels have 1, 2, 4, 8 and 8 times as
            many. 64 is the published network.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `unet` from `(batch, size, size, 1)` float32 in [0, 1] to a list of
        five feature maps, `(batch, size / 2**level, size / 2**level, channels)`.

    Raises:
        InputError: The size cannot be halved four times.

    Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597
    """
    sizes.refuse(size, "unet", multiple=16)
    inputs = keras.Input((size, size, 1), name="frame")
    features = keras.layers.Rescaling(4.0, offset=-1.0, name="normalise")(inputs)
    levels = []
    for level, factor in enumerate(WIDTHS):
        if level:
            features = keras.layers.MaxPooling2D(name=f"pool{level}")(features)
        channels = (width * factor,) * 2
        features = _block(
            features, channels, f"encoder{level}", synchronized=synchronized
        )
        levels.append(features)
    return keras.Model(inputs, levels, name="unet")


def decoder(encoder, *, synchronized=False):
    """Expanding path alone, to be pretrained with the encoder.

    Args:
        encoder: Model as `encoder` returns it, for the shapes of its feature maps.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model named `unet_decoder` from the encoder's feature maps to `(batch, size,
        size, channels)` features, its layers named as in `segmenter`.
    """
    levels = [keras.Input(shape[1:]) for shape in encoder.output_shape]
    size = encoder.input_shape[1]
    features = _expanded(levels, size, synchronized=synchronized)
    return keras.Model(levels, features, name="unet_decoder")


def segmenter(encoder, *, channels=1):
    """Grow the expanding path on an encoder, by bilinear upsampling.

    Each level joins the skip of the encoder and leaves with the channels of the next
    finer one, as in the published network. On an encoder that begins at half of the
    size the last level has no skip, and each has as many channels as its place says.

    Args:
        encoder: Model from frames to feature maps, each half the size of the one
            before, the first of the frame's size, as `encoder` returns it, or of half
            of it; its weights are shared, not copied.
        channels: Of the answer: 1 for the left ventricle, or one for each label.

    Returns:
        Model from `(batch, size, size, 1)` float32 frames in [0, 1] to
        `(batch, size, size, channels)` float32, as of `heads.probabilities`.
    """
    inputs = keras.Input(encoder.input_shape[1:], name="image")
    features = _expanded(encoder(inputs), inputs.shape[1])
    logits = keras.layers.Conv2D(channels, 1, dtype="float32", name="logits")(features)
    return keras.Model(inputs, heads.probabilities(logits), name="unet_segmenter")


def _expanded(levels, size, *, synchronized=False):
    *skips, features = levels
    if skips[0].shape[1] == size:
        finer = [skips[0], *skips[:-1]]
        filters = [(skip.shape[-1], fine.shape[-1]) for skip, fine in zip(skips, finer)]
    else:
        filters = [(factor * skips[0].shape[-1],) * 2 for factor in HALVED_WIDTHS]
        skips = [None, *skips]
    for level in reversed(range(len(skips))):
        features = keras.layers.UpSampling2D(
            interpolation="bilinear", name=f"grow{level}"
        )(features)
        if skips[level] is not None:
            join = keras.layers.Concatenate(name=f"join{level}")
            features = join([skips[level], features])
        features = _block(
            features, filters[level], f"decoder{level}", synchronized=synchronized
        )
    return features


def supervised(model):
    """Let coarser levels of the expanding path answer too, while a network is trained.

    Args:
        model: As `segmenter` returns it; its weights are shared, not copied.

    Returns:
        Model to `(batch, size, size, answers * channels)` float32: the answer of
        `model`, and those at half and at a quarter of the size, grown by bilinear
        upsampling.

    Source: Lee et al. 2015, https://arxiv.org/abs/1409.5185
    """
    channels = model.output_shape[-1]
    answers = [model.output]
    for level in COARSE:
        features = model.get_layer(f"decoder{level}b_relu").output
        logits = keras.layers.Conv2D(
            channels, 1, dtype="float32", name=f"logits{level}"
        )(features)
        logits = keras.layers.UpSampling2D(
            2**level,
            interpolation="bilinear",
            dtype="float32",
            name=f"grow_logits{level}",
        )(logits)
        answers.append(heads.probabilities(logits, name=f"probability{level}"))
    joined = keras.layers.Concatenate(dtype="float32", name="answers")(answers)
    return keras.Model(model.inputs, joined, name="supervised")


def _block(features, channels, name, *, synchronized):
    for half, filters in zip("ab", channels):
        features = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{name}{half}_conv",
        )(features)
        features = keras.layers.BatchNormalization(
            synchronized=synchronized, name=f"{name}{half}_norm"
        )(features)
        features = keras.layers.Activation("relu", name=f"{name}{half}_relu")(features)
    return features
