"""Flat YAML to a frozen dataclass and back, strictly."""

import dataclasses
import difflib
import math
import pathlib
import typing

import yaml

from echo_keras import errors
from echo_keras.config import finetune, pipeline, pretrain, study

MAY_BE_ZERO = (
    "warmup_epochs",
    "warmup_steps",
    "weight_decay",
    "average_decay",
    "norm_momentum",
    "max_rejected",
    "most_flagged",
    "least_dice",
    "least_slice_dice",
)
"""Numbers that may be 0, beside those that are by default."""

BELOW = {
    "apart": 1,
    "average_decay": 1,
    "momentum": 1,
    "norm_momentum": 1,
    "pseudo_share": 1,
    "least_dice": 1,
    "least_slice_dice": 1,
    "seed": 2**31,
    "subset_seed": 2**31,
}
AT_MOST = {"layer_decay": 1}
COMMANDS = {
    finetune.Finetune: "echo-keras finetune",
    pretrain.Pretrain: "echo-keras pretrain",
    study.Study: "echo-keras study",
    pipeline.Pipeline: "echo-keras run",
}
"""Whose recipe each dataclass is."""
WORDS = {
    "augment": {True: "mild", False: "none"},
    "mixed_precision": {False: "off"},
}
"""Words for which YAML 1.1, or a recipe of an earlier version, has yes or no."""


def replace(recipe, **values):
    """Copy of a recipe with some values changed."""
    return dataclasses.replace(recipe, **values)


def load(recipe, path=None, **options):
    """Build a recipe: an option goes before the YAML, the YAML before the default.

    Args:
        recipe: The dataclass to build, such as `Pretrain`.
        path: Flat YAML file with what differs from the defaults, or None.
        **options: Values from the command line; None means not given.

    Returns:
        Instance of `recipe`.

    Raises:
        InputError: The file is not a flat mapping, or a key or a value does not fit.
    """
    values = _read(pathlib.Path(path)) if path else {}
    values |= {key: value for key, value in options.items() if value is not None}
    fields = typing.get_type_hints(recipe)
    origin = f"{path}: " if path else ""
    if unknown := sorted(set(values) - set(fields), key=str):
        raise errors.InputError(f"{origin}{_unknown(unknown[0], values, recipe)}")
    values = {
        key: _fit(_word(value, key), fields[key], origin + key)
        for key, value in values.items()
    }
    for key, value in values.items():
        zero = key in MAY_BE_ZERO or getattr(recipe, key, None) == 0
        _bounded(value, key, origin + key, zero=zero)
        for i, item in enumerate(value if isinstance(value, tuple) else ()):
            _bounded(item, key, f"{origin}{key}[{i}]", zero=zero)
    return recipe(**values)


def _unknown(key, values, recipe):
    """What is wrong with a key that a recipe does not have."""
    for other, command in COMMANDS.items():
        if values.keys() <= typing.get_type_hints(other).keys():
            own = COMMANDS[recipe]
            return (
                f"unknown key {key!r}, as this is a recipe of {command}, not of {own}"
            )
    fields = typing.get_type_hints(recipe)
    near = difflib.get_close_matches(str(key), fields, n=1)
    told = f"{near[0]} is the nearest. A" if near else "a"
    known = ", ".join(sorted(fields))
    return f"unknown key {key!r}; {told} {recipe.__name__} recipe has {known}"


def save(recipe, path):
    """Write a recipe, defaults included, as YAML that `load` reads back."""
    values = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(recipe).items()
    }
    pathlib.Path(path).write_text(yaml.safe_dump(values, sort_keys=False))


class _Loader(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node, deep=False):
        lines = {}
        for key, _ in node.value:
            word, line = str(key.value), key.start_mark.line + 1
            if (first := lines.setdefault(word, line)) != line:
                raise yaml.YAMLError(
                    f"{word} stands in line {first} and again in line {line}"
                )
        return super().construct_mapping(node, deep)


def _read(path):
    try:
        values = yaml.load(path.read_text(), _Loader)
    except FileNotFoundError as reason:
        raise errors.InputError(
            f"cannot read recipe {path}: no such file; is the path right? (A "
            "study's recipes, and a teacher's, are looked for where it lies that names "
            "them.)"
        ) from reason
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as reason:
        raise errors.InputError(f"cannot read recipe {path}: {reason}") from reason
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise errors.InputError(
            f"recipe {path} must be lines of `key: value`, and is "
            + ("a list" if isinstance(values, list) else "text of another kind")
        )
    return values


def _word(value, key):
    return WORDS.get(key, {}).get(value, value) if isinstance(value, bool) else value


def _fit(value, kind, name):
    if typing.get_origin(kind) is typing.Literal:
        allowed = typing.get_args(kind)
        if value not in allowed:
            raise errors.InputError(
                f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}"
            )
        return value
    if typing.get_origin(kind) is tuple:
        return _fit_list(value, typing.get_args(kind)[0], name)
    if kind is float and isinstance(value, (int, float, str)):
        return _number(value, name)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise errors.InputError(f"{name} is {value!r}; it must be of type {kind.__name__}")


def _fit_list(values, kind, name):
    if not isinstance(values, (list, tuple)) or (
        kind is str and not all(isinstance(value, str) for value in values)
    ):
        what = "words" if kind is str else "numbers"
        raise errors.InputError(f"{name} is {values!r}; give a list of {what}")
    return tuple(_fit(value, kind, f"{name}[{i}]") for i, value in enumerate(values))


def _number(value, name):
    """YAML 1.1 reads 1e-3 as a word, so words that are numbers count as numbers."""
    try:
        if not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except ValueError:
        pass
    raise errors.InputError(f"{name} is {value!r}; it must be a number")


def _bounded(value, key, name, *, zero):
    if key == "splits" and not value:
        raise errors.InputError(f"{name} is empty; name one split at least")
    if key == "splits" and "test" in value:
        raise errors.InputError(
            f"{name} holds test; an encoder that has seen the test patients cannot be "
            "scored on them"
        )
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    if value < 0 or (value == 0 and not zero):
        raise errors.InputError(
            f"{name} is {value}; it must be above 0{', or 0' if zero else ''}"
        )
    if value >= BELOW.get(key, math.inf):
        raise errors.InputError(f"{name} is {value}; it must be below {BELOW[key]}")
    if value > AT_MOST.get(key, math.inf):
        raise errors.InputError(f"{name} is {value}; it must be at most {AT_MOST[key]}")
