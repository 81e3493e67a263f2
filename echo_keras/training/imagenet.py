"""Keras' ResNet50 as ImageNet has taught it: from a file, or downloaded."""

import os
import pathlib
import urllib.request

import keras

from echo_keras import aside, errors

FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/" + FILE


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
