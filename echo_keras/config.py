"""Recipes: frozen dataclasses, read strictly from flat YAML."""

import dataclasses
import math
import pathlib
import typing

import yaml

from echo_keras import errors

MAY_BE_ZERO = (
    "seed",
    "subset_seed",
    "warmup_epochs",
    "warmup_steps",
    "weight_decay",
    "average_decay",
    "hidden",
    "projection",
)
BELOW = {"average_decay": 1, "seed": 2**31, "subset_seed": 2**31}


@dataclasses.dataclass(frozen=True)
class Pretrain:
    """How an encoder is pretrained without labels.

    Attributes:
        method: `simclr` or `byol`.
        encoder: Network to pretrain; `unet` for UNet, `resnet50` or the small
            `resnet18` for DeepLabV3.
        init: `random`, `imagenet` (resnet50), a file of its weights (.h5) or the folder
            of a pretrained encoder.
        width: Channels of the encoder's first level; 64 is the published size.
        size: Height and width of the frames in pixels.
        aspect: How frames are made square: `stretch`, or `keep` between black bars.
        views: How a frame is altered: `echo` for ultrasound, `paper` as published.
        positives: What makes a pair of views: one `frame`, two frames of one `video`,
            or of one `patient`, the two chamber views or ED and ES.
        batch: Pairs in a batch, over all replicas.
        accumulate: Batches whose gradients make one step; it does not enlarge the
            negatives, which stay within a batch.
        epochs: Passes over the videos, or patients, each with one random pair of all.
        warmup_epochs: Epochs of rising learning rate, half of the run at most.
        learning_rate: Highest rate.
        weight_decay: Per unit of learning rate; an L2 gradient with `adam`.
        optimizer: `adam`, `adamw`, `lamb` or `lars`; the last wants rates around 1.
        temperature: Of the softmax in NT-Xent (simclr).
        momentum: Share of itself that the target keeps in the first step (byol); it
            rises to 1.
        hidden: Channels of the heads' hidden layers; 0 is as many as the encoder's
            coarsest features (simclr) or 64 for each of the width, the published 4096
            at width 64 (byol).
        projection: Channels of the space in which views are compared; 0 is 128
            (simclr) or 4 for each of the width, the published 256 at width 64 (byol).
        splits: Whose videos are seen; `unlisted` are patients in no split list.
        mixed_precision: `bfloat16` or `float16` to multiply in, `off` for float32, or
            `auto` for bfloat16 where the machine multiplies it natively.
        jit: Whether XLA compiles the network; for one replica, and slower on a CPU.
        seed: Of weights, order and views.
        deterministic: Whether the same run must give the same weights to the last bit,
            which is slower on a GPU.
    """

    method: typing.Literal["simclr", "byol"] = "simclr"
    encoder: typing.Literal["unet", "resnet50", "resnet18"] = "unet"
    init: str = "random"
    width: int = 16
    size: int = 96
    aspect: typing.Literal["stretch", "keep"] = "stretch"
    views: typing.Literal["echo", "paper"] = "echo"
    positives: typing.Literal["frame", "video", "patient"] = "frame"
    batch: int = 64
    accumulate: int = 1
    epochs: int = 40
    warmup_epochs: int = 2
    learning_rate: float = 1e-3
    weight_decay: float = 1e-6
    optimizer: typing.Literal["adam", "adamw", "lamb", "lars"] = "adam"
    temperature: float = 0.1
    momentum: float = 0.996
    hidden: int = 0
    projection: int = 0
    splits: tuple[str, ...] = ("train", "unlisted")
    mixed_precision: typing.Literal["auto", "off", "bfloat16", "float16"] = "auto"
    jit: bool = False
    seed: int = 0
    deterministic: bool = False


@dataclasses.dataclass(frozen=True)
class Finetune:
    """How a segmentation network learns from labelled frames.

    Attributes:
        network: `unet` or `deeplabv3`.
        encoder: Of `deeplabv3`; the UNet has its own.
        init: `random`, `imagenet` (resnet50), a file of its weights (.h5) or the folder
            of a pretrained encoder.
        width: Channels of the encoder's first level; 64 is the published size.
        size: Height and width of the frames in pixels.
        aspect: How frames are made square: `stretch`, or `keep` between black bars.
        fraction: Share of the labelled patients in (0, 1].
        subset_seed: Which patients a fraction draws.
        validation: `fraction` shrinks the validation split likewise, `full` does not.
        between: Whether to train on the labelled frames between ED and ES too, where
            the records have any; validation keeps to these two.
        batch: Frames in a batch.
        steps: Batches of the whole run.
        warmup_steps: Steps of rising learning rate, half of the run at most.
        learning_rate: Highest rate; it falls to 0 as a cosine.
        weight_decay: Per unit of learning rate.
        average_decay: Of the running average of the weights that is kept, 0 for none.
        loss: `cross_entropy`, `dice` or the sum of `both`.
        augment: Whether frames and masks are moved and altered at random.
        seed: Of weights, order and augmentation.
    """

    network: typing.Literal["unet", "deeplabv3"] = "unet"
    encoder: typing.Literal["resnet50", "resnet18"] = "resnet50"
    init: str = "random"
    width: int = 16
    size: int = 96
    aspect: typing.Literal["stretch", "keep"] = "stretch"
    fraction: float = 1.0
    subset_seed: int = 0
    validation: typing.Literal["fraction", "full"] = "fraction"
    between: bool = False
    batch: int = 16
    steps: int = 500
    warmup_steps: int = 25
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    average_decay: float = 0.99
    loss: typing.Literal["cross_entropy", "dice", "both"] = "both"
    augment: bool = True
    seed: int = 0


def replace(recipe, **values):
    """Copy of a recipe with some values changed."""
    return dataclasses.replace(recipe, **values)


def load(recipe, path=None, **options):
    """Build a recipe: an option goes before the YAML, the YAML before the default.

    Args:
        recipe: The dataclass to build, `Pretrain` or `Finetune`.
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
    unknown = sorted(set(values) - set(fields), key=str)
    if unknown:
        raise errors.InputError(
            f"{origin}unknown key {unknown[0]!r}; a {recipe.__name__} recipe has "
            + ", ".join(sorted(fields))
        )
    values = {
        key: _fit(value, fields[key], origin + key) for key, value in values.items()
    }
    for key, value in values.items():
        _bounded(value, key, origin + key)
    return recipe(**values)


def save(recipe, path):
    """Write a recipe, defaults included, as YAML that `load` reads back."""
    values = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(recipe).items()
    }
    pathlib.Path(path).write_text(yaml.safe_dump(values, sort_keys=False))


def _read(path):
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as reason:
        raise errors.InputError(f"cannot read recipe {path}: {reason}") from reason
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise errors.InputError(
            f"recipe {path} must be lines of `key: value`, not a "
            f"{type(values).__name__}"
        )
    return values


def _fit(value, kind, name):
    if typing.get_origin(kind) is typing.Literal:
        allowed = typing.get_args(kind)
        if value not in allowed:
            raise errors.InputError(
                f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}"
            )
        return value
    if typing.get_origin(kind) is tuple:
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise errors.InputError(f"{name} is {value!r}; give a list of words")
    if kind is float and isinstance(value, (int, float, str)):
        return _number(value, name)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise errors.InputError(f"{name} is {value!r}; it must be of type {kind.__name__}")


def _number(value, name):
    """YAML 1.1 reads 1e-3 as a word, so words that are numbers count as numbers."""
    try:
        if not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except ValueError:
        pass
    raise errors.InputError(f"{name} is {value!r}; it must be a number")


def _bounded(value, key, name):
    if key == "splits" and "test" in value:
        raise errors.InputError(
            f"{name} holds test; an encoder that has seen the test patients cannot be "
            "scored on them"
        )
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    zero = key in MAY_BE_ZERO
    if value < 0 or (value == 0 and not zero):
        raise errors.InputError(
            f"{name} is {value}; it must be above 0{', or 0' if zero else ''}"
        )
    if value >= BELOW.get(key, math.inf):
        raise errors.InputError(f"{name} is {value}; it must be below {BELOW[key]}")
