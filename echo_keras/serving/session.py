"""SavedModels run as the model server runs them: through a TF1 Session."""

import dataclasses
import functools
import re
import typing
from pathlib import Path

import numpy as np
import tensorflow as tf

from echo_keras import errors


@dataclasses.dataclass(frozen=True)
class Servable:
    """One loaded version of a model.

    Attributes:
        signatures: `SignatureDef` of each signature, by name.
        run: Function from a signature's name and its inputs, a dict of arrays by input
            name, to a dict of output arrays. Raises `tf.errors.OpError` where the
            graph refuses the inputs. May be called from several threads. That of `load`
            breaks off after `seconds`, if given.
    """

    signatures: dict
    run: typing.Callable


@dataclasses.dataclass(frozen=True)
class Model:
    """The loaded versions of a model, by number, and the labels that name some.

    Attributes:
        versions: `Servable` by number.
        labels: Number by label.
        ended: What became of versions that are loaded no more or could not be: an
            error message, empty where there is none, by number.
    """

    versions: dict
    labels: dict = dataclasses.field(default_factory=dict)
    ended: dict = dataclasses.field(default_factory=dict)


def load(folder):
    """Load a SavedModel.

    Args:
        folder: Folder with `saved_model.pb`.

    Returns:
        `Servable`.

    Raises:
        InputError: The folder holds no SavedModel that can be loaded.
    """
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph)
    try:
        with graph.as_default():
            loaded = tf.compat.v1.saved_model.load(
                session, [tf.saved_model.SERVING], str(folder)
            )
    except (OSError, RuntimeError, tf.errors.OpError) as reason:
        session.close()
        raise errors.InputError(
            f"{folder} holds no SavedModel for serving: {reason}; write one with "
            "echo-keras export"
        ) from reason
    signatures = dict(loaded.signature_def)

    def run(signature, inputs, seconds=None):
        infos = signatures[signature].inputs
        feeds = {infos[name].name: value for name, value in inputs.items()}
        for name, value in feeds.items():
            _check_shape(graph.get_tensor_by_name(name), value)
        outputs = signatures[signature].outputs
        wanted = {name: outputs[name].name for name in outputs}
        fetched = session.run(wanted, feeds, _within(seconds))
        return {name: _array(value) for name, value in fetched.items()}

    return Servable(signatures=signatures, run=run)


def bounded(servable, seconds):
    """The same servable, whose runs break off with `DeadlineExceededError`.

    Args:
        servable: `Servable` as of `load`.
        seconds: Longest run.
    """
    return dataclasses.replace(
        servable, run=functools.partial(servable.run, seconds=seconds)
    )


def version_numbers(folder):
    """Numbers of the versions of one model that are complete.

    Args:
        folder: Folder of one model, which may be missing.

    Returns:
        List of int, in no order.
    """
    return [
        int(path.name)
        for path in _folders(folder)
        if re.fullmatch(r"0|[1-9]\d*", path.name, re.ASCII)
        and (path / "saved_model.pb").is_file()
    ]


def _folders(folder):
    if not Path(folder).is_dir():
        return []
    return [path for path in Path(folder).iterdir() if path.is_dir()]


def _within(seconds):
    if seconds is None:
        return None
    return tf.compat.v1.RunOptions(timeout_in_ms=max(1, round(1000 * seconds)))


def _array(value):
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)


def _check_shape(tensor, value):
    """The wording of the graph's own check, which a Session anticipates otherwise."""
    if not tensor.shape.is_compatible_with(value.shape):
        expected, given = map(_sizes, (tensor.shape, value.shape))
        raise tf.errors.InvalidArgumentError(
            None,
            None,
            f"Shape of tensor {tensor.op.name} [{given}] is not compatible with "
            f"expected shape [{expected}].",
        )


def _sizes(shape):
    return ",".join("?" if size is None else str(size) for size in shape)
