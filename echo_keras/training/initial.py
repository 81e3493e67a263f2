"""Where a network's first weights come from: chance, ImageNet or pretraining."""

import pathlib
import zipfile

import keras

from echo_keras import config, errors
from echo_keras.models import resnet, unet

ENCODER_FILE = "encoder.keras"
RECIPE_FILE = "recipe.yaml"
ENCODER_OF = {"unet": "unet", "deeplabv3": "resnet50"}


def encoder(name, *, size, width, synchronized=False):
    """Build an encoder with random weights.

    Args:
        name: `unet` or `resnet50`.
        size: Height and width of the input in pixels.
        width: Channels of the first level.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model from frames to feature maps, fine to coarse.
    """
    build = {"unet": unet.encoder, "resnet50": resnet.encoder}[name]
    return build(size, width=width, synchronized=synchronized)


def network(recipe, *, synchronized=False):
    """Build a segmentation network with the first weights that a recipe asks for.

    Args:
        recipe: `config.Finetune`.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model from `(batch, size, size, 1)` frames in [0, 1] to probabilities.

    Raises:
        InputError: The weights cannot be had or belong to another architecture.
    """
    base = encoder(
        ENCODER_OF[recipe.network],
        size=recipe.size,
        width=recipe.width,
        synchronized=synchronized,
    )
    if recipe.init == "imagenet":
        _load_imagenet(base, recipe)
    elif recipe.init != "random":
        load_pretrained(base, recipe.init)
    if recipe.network == "unet":
        return unet.segmenter(base, synchronized=synchronized)
    from echo_keras.models import deeplabv3  # keras-cv takes seconds to import

    return deeplabv3.segmenter(base, synchronized=synchronized)


def load_pretrained(encoder, folder):
    """Copy the weights of a pretrained encoder into a new one.

    Args:
        encoder: Model to fill.
        folder: Artefact of `echo-keras pretrain`.

    Raises:
        InputError: The folder is no such artefact, or its encoder is of another
            architecture or width.
    """
    folder = pathlib.Path(folder)
    if not (folder / ENCODER_FILE).is_file():
        raise errors.InputError(
            f"{folder} holds no {ENCODER_FILE}; give random, imagenet or a folder that "
            "echo-keras pretrain wrote"
        )
    recipe = config.load(config.Pretrain, folder / RECIPE_FILE)
    try:
        source = keras.models.load_model(folder / ENCODER_FILE, compile=False)
    except (OSError, ValueError, zipfile.BadZipFile) as reason:
        raise errors.InputError(
            f"cannot load {folder / ENCODER_FILE}: {reason}; was it cut off while "
            "being copied?"
        ) from reason
    if source.name != encoder.name:
        raise errors.InputError(
            f"{folder} holds a {source.name} encoder, but the network has a "
            f"{encoder.name} one; pretrain with --encoder {encoder.name}"
        )
    given = [tuple(weight.shape) for weight in source.weights]
    wanted = [tuple(weight.shape) for weight in encoder.weights]
    if given != wanted:
        raise errors.InputError(
            f"the {source.name} encoder in {folder} was pretrained with width "
            f"{recipe.width}, which does not fit the network's; "
            f"set width: {recipe.width} in its recipe"
        )
    encoder.set_weights(source.get_weights())


def _load_imagenet(base, recipe):
    if base.name != "resnet50":
        raise errors.InputError(
            f"there are no ImageNet weights for the {base.name} encoder; "
            "use --network deeplabv3, or --init random"
        )
    if recipe.width != resnet.IMAGENET_WIDTH:
        raise errors.InputError(
            f"ImageNet weights are for width {resnet.IMAGENET_WIDTH}, the recipe has "
            f"width {recipe.width}; set width: {resnet.IMAGENET_WIDTH} in it"
        )
    resnet.load_imagenet(base)
