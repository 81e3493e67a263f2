"""Which code made an artefact: a part of what TFX's cache compares."""

import hashlib
import importlib
import pathlib

import pipeline

READING = (
    "pipeline",
    "echo_keras.data",
    "echo_keras.metrics.clinical",
    "echo_keras.study.facts",
    "echo_keras.study.summary",
)
MEASURING = ("echo_keras.data", "echo_keras.metrics", "echo_keras.study")
TRAINING = (
    "echo_keras.config",
    "echo_keras.data",
    "echo_keras.losses",
    "echo_keras.methods",
    "echo_keras.metrics.overlap",
    "echo_keras.models",
    "echo_keras.training",
)
EXPORTING = tuple(
    f"echo_keras.serving.{name}"
    for name in ("card", "endpoints", "export", "pieces", "session", "warmup")
)
SERVING = ("echo_keras.data", "echo_keras.metrics", "echo_keras.serving")
OWN = pathlib.Path(__file__).parent


def digest(*packages, own=()):
    """SHA-256 over the modules of some packages and over some of this one.

    Args:
        *packages: Names of packages and modules; `pipeline` stands for all of it but
            this package.
        own: Names of modules of this package, or of other files in it.

    Returns:
        First 16 hexadecimal digits.
    """
    paths = [OWN / (name if "." in name else f"{name}.py") for name in own]
    for name in packages:
        paths += modules(name)
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def modules(package):
    """Files of a package, sorted, or of a module; of `pipeline` those outside this."""
    file = pathlib.Path(importlib.import_module(package).__file__)
    found = sorted(file.parent.rglob("*.py")) if file.stem == "__init__" else [file]
    if package == pipeline.__name__:
        found = [path for path in found if OWN not in path.parents]
    return found
