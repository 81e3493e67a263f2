"""Where first weights come from: chance, ImageNet, pretraining or fine-tuning.

A UNet that was trained on synthetic hearts is part of the package and goes by the word
`hearts`; it has seen no patient, so that it may go wherever the package goes.
"""

import pathlib
import zipfile

import keras

from echo_keras import config, errors
from echo_keras.data import schema
from echo_keras.models import dilated, efficientnet, resnet, unet
from echo_keras.training import imagenet

ENCODER_FILE = "encoder.keras"
DECODER_FILE = "decoder.keras"
MODEL_FILE = "model.keras"
RECIPE_FILE = "recipe.yaml"


def encoder(name, *, size, width, synchronized=False):
    """Build an encoder with random weights.

    Args:
        name: `unet`, `resnet50`, `resnet18` or `efficientnet_lite2`, which its layer
            bears too.
        size: Height and width of the input in pixels.
        width: Channels of the first level.
        synchronized: Share batch statistics between replicas.

    Returns:
        Model from frames to feature maps, fine to coarse.
    """
    build = {
        "unet": unet.encoder,
        "resnet50": resnet.encoder,
        "resnet18": resnet.shallow,
        efficientnet.NAME: efficientnet.encoder,
    }
    return build[name](size, width=width, synchronized=synchronized)


def located(init):
    """Folder or file of first weights, that of `hearts`; None for other words."""
    if init == config.HEARTS:
        return config.HEARTS_FOLDER
    return None if init in config.FIRST_WEIGHTS else pathlib.Path(init)


def network(recipe):
    """Build a segmentation network with the first weights that a recipe asks for.

    Args:
        recipe: `config.Finetune`.

    Returns:
        Model from `(batch, size, size, 1)` frames in [0, 1] to probabilities,
        `(batch, size, size, channels)`: one channel, or one for each label.

    Raises:
        InputError: The weights cannot be had or belong to another architecture.
    """
    base = encoder(recipe.encoder_name, size=recipe.size, width=recipe.width)
    whole = _is_finetuned(recipe.init)
    fill(base, "random" if whole else recipe.init, width=recipe.width)
    channels = 1 if recipe.structures == "lv" else len(schema.STRUCTURES)
    if recipe.network == "unet":
        model = unet.segmenter(base, channels=channels)
        if not whole:
            fill_decoder(model, recipe.init)
    else:
        from echo_keras.models import deeplabv3  # keras-cv takes seconds to import

        filters = deeplabv3.WIDENING * recipe.width
        model = deeplabv3.segmenter(base, channels=channels, filters=filters)
    if whole:
        load_finetuned(model, recipe)
    return model


def fill(encoder, init, *, width):
    """Give an encoder its first weights.

    Args:
        encoder: Model to fill.
        init: `random`, which leaves it as it is; `imagenet`, or a file of those weights
            that ends in `.h5` or `.pth`; `hearts`; or a folder of `echo-keras pretrain`
            or `finetune`.
        width: Channels of the encoder's first level.

    Raises:
        InputError: The weights cannot be had or belong to another architecture.
    """
    if imagenet.named(init):
        path = None if init == "imagenet" else init
        imagenet.fill(encoder, width, path=path)
    elif init != "random":
        load_pretrained(encoder, located(init))


def fill_decoder(network, init):
    """Give a decoder its first weights where pretraining has left any.

    Args:
        network: UNet decoder, or the network that it is part of.
        init: As of `fill`, whose encoder fits; anything but a folder that holds a
            decoder changes nothing.

    Raises:
        InputError: The weights cannot be read.
    """
    folder = located(init)
    if folder is None:
        return
    named = {layer.name: layer for layer in network.layers if layer.weights}
    for path in (folder / DECODER_FILE, folder / MODEL_FILE):
        if path.is_file():
            for source in _loaded(path).layers:
                if source.name in named:
                    named[source.name].set_weights(source.get_weights())


def load_pretrained(encoder, folder):
    """Copy the weights of a trained encoder into a new one.

    Args:
        encoder: Model to fill.
        folder: Artefact of `echo-keras pretrain`, or of `echo-keras finetune`.

    Raises:
        InputError: The folder is no such artefact, or its encoder is of another
            architecture or width.
    """
    source, made_by = _trained(pathlib.Path(folder))
    if source.name != encoder.name:
        raise errors.InputError(
            f"{folder} holds a {source.name} encoder, but the network has a "
            f"{encoder.name} one; give weights of a {encoder.name} encoder, or choose "
            f"the {source.name} one"
        )
    given = [tuple(weight.shape) for weight in source.weights]
    wanted = [tuple(weight.shape) for weight in encoder.weights]
    if given != wanted:
        raise errors.InputError(
            f"the {source.name} encoder in {folder} was trained with width "
            f"{made_by.width}, which does not fit the network's; "
            f"set width: {made_by.width} in its recipe"
        )
    encoder.set_weights(source.get_weights())


def recipe_of(folder):
    """Read by which recipe a network was fine-tuned.

    Args:
        folder: Artefact of `echo-keras finetune`, or `hearts`.

    Returns:
        Its `config.Finetune`.

    Raises:
        InputError: The folder is no such artefact.
    """
    if not _is_finetuned(folder):
        raise errors.InputError(
            f"{_without(folder, MODEL_FILE)}; give a folder that echo-keras finetune "
            f"wrote, or {config.HEARTS}"
        )
    return config.load(config.Finetune, located(folder) / RECIPE_FILE)


def finetuned(folder):
    """Load a fine-tuned network.

    Args:
        folder: As of `recipe_of`.

    Returns:
        Model from `(batch, size, size, 1)` frames in [0, 1] to probabilities, and its
        `config.Finetune`.

    Raises:
        InputError: The folder is no such artefact, or the network cannot be read.
    """
    made_by = recipe_of(folder)
    if made_by.network == "deeplabv3":
        from echo_keras.models import deeplabv3  # noqa: F401  registers its layers
    return _loaded(located(folder) / MODEL_FILE), made_by


def other_structures(recipe):
    """Structures that first weights answer for, where a recipe asks for others.

    Args:
        recipe: `config.Finetune`.

    Returns:
        `lv` or `all` of the fine-tuned network in `init`, whose head is then left out;
        None where it goes on, or where there is none.
    """
    if not _is_finetuned(recipe.init):
        return None
    made_by = recipe_of(recipe.init)
    return made_by.structures if made_by.structures != recipe.structures else None


def refuse_unfit(recipe):
    """Refuse a fine-tuned network of another kind, which its recipe tells already.

    Args:
        recipe: `config.Finetune` of the new network; another `init` than a network
            that was fine-tuned passes.

    Raises:
        InputError: It is of another architecture or width.
    """
    if not _is_finetuned(recipe.init):
        return
    made_by = recipe_of(recipe.init)
    keys = ["network", "width"]
    keys += ["encoder"] * (made_by.encoder_name != recipe.encoder_name)
    for key in keys:
        given, wanted = getattr(made_by, key), getattr(recipe, key)
        if given != wanted:
            raise errors.InputError(
                f"{recipe.init} was fine-tuned with {key} {given}, not {wanted}; set "
                f"{key}: {given} in the recipe, or begin with other weights"
            )


def load_finetuned(model, recipe):
    """Copy the weights of a fine-tuned network into a new one of the same kind.

    A head of other structures keeps its own first weights.

    Args:
        model: Segmentation network to fill.
        recipe: `config.Finetune` of the new network, with the folder in `init`.

    Raises:
        InputError: The folder is no artefact of `echo-keras finetune`, or its network
            is of another architecture or width.
    """
    refuse_unfit(recipe)
    source, _ = finetuned(recipe.init)
    pairs = list(zip(model.weights, source.weights))
    odd = {own.name for own, given in pairs if own.shape != given.shape}
    head = {weight.name for weight in model.get_layer("logits").weights}
    if len(source.weights) != len(model.weights) or odd - head:
        raise errors.InputError(
            f"the network in {recipe.init} is not built as this version builds it; "
            "fine-tune it again"
        )
    for own, given in pairs:
        if own.name not in odd:
            own.assign(given)


def _trained(folder):
    """Encoder of an artefact, and the recipe that made it."""
    if (folder / MODEL_FILE).is_file():
        network, recipe = finetuned(folder)
        return network.get_layer(recipe.encoder_name), recipe
    if not (folder / ENCODER_FILE).is_file():
        raise errors.InputError(
            f"{_without(folder, ENCODER_FILE)}; give random, imagenet, a file of its "
            f"weights ({' or '.join(imagenet.SUFFIXES)}), hearts or a folder that "
            "echo-keras pretrain or finetune wrote"
        )
    recipe = config.load(config.Pretrain, folder / RECIPE_FILE)
    return _loaded(folder / ENCODER_FILE), recipe


def _without(folder, file):
    """What is wrong with a folder that lacks a file."""
    if pathlib.Path(folder).is_dir():
        return f"{folder} holds no {file}"
    return f"there is no folder {folder}"


def _is_finetuned(init):
    folder = located(init)
    return folder is not None and (folder / MODEL_FILE).is_file()


def _loaded(path):
    try:
        return dilated.hasten(keras.models.load_model(path, compile=False))
    except (OSError, ValueError, zipfile.BadZipFile) as reason:
        raise errors.InputError(
            f"cannot load {path}: {reason}; was it cut off while being copied?"
        ) from reason
