"""The recipe of fine-tuning."""

import dataclasses
import pathlib
import typing

HEARTS = "hearts"
HEARTS_FOLDER = pathlib.Path(__file__).parents[1] / HEARTS
RECIPE_SUFFIX = ".yaml"
FIRST_WEIGHTS = ("random", "imagenet", HEARTS)
"""Words of `init`; anything else names a file or a folder."""
OF_UNETS = ("efficientnet_lite2",)
"""Encoders, beside its own, that the UNet can grow on."""


@dataclasses.dataclass(frozen=True)
class Finetune:
    """How a segmentation network learns from labelled frames.

    Attributes:
        network: `unet` or `deeplabv3`.
        structures: `lv` learns the left ventricle alone, `all` also the myocardium and
            the left atrium, where the masks show them. What is exported, and scored,
            is the left ventricle either way.
        encoder: `resnet50` or `resnet18` of `deeplabv3`. The UNet has its own, or with
            `efficientnet_lite2` that one.
        init: `random`, `imagenet` (resnet50 and efficientnet_lite2), a file of its
            weights (.h5 or .pth), `hearts`, which is a UNet of width 16 that synthetic
            hearts have taught, the folder of a pretrained encoder, or that of a
            fine-tuned network of the same kind.
        width: Channels of the encoder's first level, to which all others are in
            proportion, those of the pyramid too; 64 is the published size, and 32 that
            of efficientnet_lite2.
        size: Height and width of the frames in pixels.
        aspect: How frames are made square: `stretch`, or `keep` between black bars.
        fraction: Share of the labelled patients in (0, 1].
        fraction_by: `patient`, or `image` as published: frames are drawn one by one,
            from more patients.
        subset_seed: Which patients a fraction draws.
        validation: `fraction` shrinks the validation split by patient, to one at least;
            `full` does not.
        between: Whether to train on the labelled frames between ED and ES too, where
            the records have any; validation keeps to these two.
        batch: Frames in a batch.
        steps: Batches of the whole run; 0 leaves their number to that of the patients
            with a label that is drawn: 500 for 15, 2,000 for 300, and 300 at least.
        epochs: Passes over the labelled frames in place of steps; 0 for none. The
            last batch of a pass is filled up from the next, and without teachers no
            batch is larger than a pass.
        checks: Times that the run is validated, or fewer where the steps do not divide.
        keep: Weights to keep: the `last`, or the `best` by the loss at the checks.
        optimizer: `adamw`, `adam`, `lamb`, `lars` or `madgrad`.
        schedule: `cosine` lets the rate fall to 0 after the warm-up, `constant` not.
        warmup_steps: Steps of rising learning rate, half of the run at most.
        learning_rate: Highest rate.
        weight_decay: Per unit of learning rate; an L2 gradient with `adam`, `lars` and
            `madgrad`.
        average_decay: Of the running average of the weights that is kept, 0 for none.
        norm_momentum: Share of the batch norms' running statistics that outlives a
            step: Keras's 0.99, or 0.9 as PyTorch has it and as published. Less in runs
            so short that more than a twentieth of the first ones would be left.
            Nothing is left of ImageNet's, nor of the first ones where
            efficientnet_lite2 begins with random weights.
        freeze_steps: Steps at first in which the encoder's weights do not move; its
            batch norms go on following the frames. Not with `madgrad`.
        layer_decay: Factor of the rate for each stage of the encoder that lies between
            a weight and the head; 1 treats all alike. Not with `madgrad`.
        deep_supervision: Whether coarser levels of the UNet are to answer too, while it
            is trained.
        loss: `cross_entropy`, `dice`, the sum of `both`, or `focal`.
        augment: How far frames and masks are moved and altered at random: `none`,
            `mild` or `strong`.
        teachers: Folders of fine-tuned networks, `hearts`, or recipes (.yaml), named
            from the folder of this one, that are trained first on the same labels;
            from their mean answer on patients without labels is learnt too. None by
            default.
        pseudo_share: Share of each batch that teachers have labelled.
        mixed_precision: `bfloat16` or `float16` to multiply in, `off` for float32, or
            `auto` for bfloat16 where the machine multiplies it natively.
        seed: Of weights, order and augmentation.
    """

    network: typing.Literal["unet", "deeplabv3"] = "unet"
    structures: typing.Literal["lv", "all"] = "lv"
    encoder: typing.Literal["resnet50", "resnet18", "efficientnet_lite2"] = "resnet50"
    init: str = "random"
    width: int = 16
    size: int = 96
    aspect: typing.Literal["stretch", "keep"] = "stretch"
    fraction: float = 1.0
    fraction_by: typing.Literal["patient", "image"] = "patient"
    subset_seed: int = 0
    validation: typing.Literal["fraction", "full"] = "fraction"
    between: bool = False
    batch: int = 16
    steps: int = 0
    epochs: int = 0
    checks: int = 10
    keep: typing.Literal["last", "best"] = "last"
    optimizer: typing.Literal["adamw", "adam", "lamb", "lars", "madgrad"] = "adamw"
    schedule: typing.Literal["cosine", "constant"] = "cosine"
    warmup_steps: int = 25
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    average_decay: float = 0.99
    norm_momentum: float = 0.99
    freeze_steps: int = 0
    layer_decay: float = 1.0
    deep_supervision: bool = False
    loss: typing.Literal["cross_entropy", "dice", "both", "focal"] = "both"
    augment: typing.Literal["none", "mild", "strong"] = "mild"
    teachers: tuple[str, ...] = ()
    pseudo_share: float = 0.5
    mixed_precision: typing.Literal["auto", "off", "bfloat16", "float16"] = "auto"
    seed: int = 0

    @property
    def encoder_name(self):
        """Name of the encoder that the network has."""
        own = self.network == "unet" and self.encoder not in OF_UNETS
        return "unet" if own else self.encoder


def is_recipe(teacher):
    """Whether a teacher is named by the file of its recipe."""
    return teacher.endswith(RECIPE_SUFFIX)


def beside(recipe, path):
    """Find the recipes of teachers from the folder of the file that names them.

    Args:
        recipe: `Finetune`, as that file has it.
        path: The file.

    Returns:
        The recipe with their paths in `teachers`; folders and words stay.
    """
    folder = pathlib.Path(path).parent
    teachers = (
        str(folder / word) if is_recipe(word) else word for word in recipe.teachers
    )
    return dataclasses.replace(recipe, teachers=tuple(teachers))
