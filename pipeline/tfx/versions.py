"""Which code made an artefact: a part of what TFX's cache compares."""

import hashlib
import importlib
import pathlib

import pipeline

READING = ("pipeline", "echo_keras.data")
MEASURING = ("echo_keras.data", "echo_keras.metrics", "echo_keras.study")
TRAINING = (
    "echo_keras.config",
    "echo_keras.data",
    "echo_keras.losses",
    "echo_keras.methods",
    "echo_keras.models",
    "echo_keras.training",
)
SERVING = ("echo_keras.data", "echo_keras.metrics", "echo_keras.serving")
OWN = pathlib.Path(__file__).parent


def digest(*packages, own=()):
    """SHA-256 over the modules of some packages and over some of this one.

    Args:
        *packages: Names of packages; `pipeline` stands for all but this package.
        own: Names of modules of this package.

    Returns:
        First 16 hexadecimal digits.
    """
    paths = [OWN / f"{name}.py" for name in own]
    for name in packages:
        paths += modules(name)
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def modules(package):
    """Files of a package, sorted; of `pipeline` those outside this package."""
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    found = sorted(folder.rglob("*.py"))
    if package == pipeline.__name__:
        found = [path for path in found if OWN not in path.parents]
    return found
