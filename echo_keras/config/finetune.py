"""The recipe of fine-tuning."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Finetune:
    """How a segmentation network learns from labelled frames.

    Attributes:
        network: `unet` or `deeplabv3`.
        structures: `lv` learns the left ventricle alone, `all` also the myocardium and
            the left atrium, where the masks show them. What is exported, and scored,
            is the left ventricle either way.
        encoder: Of `deeplabv3`; the UNet has its own.
        init: `random`, `imagenet` (resnet50), a file of its weights (.h5), or the folder
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
        loss: `cross_entropy`, `dice`, the sum of `both`, or `focal`.
        augment: Whether frames and masks are moved and altered at random.
        mixed_precision: `bfloat16` or `float16` to multiply in, `off` for float32, or
            `auto` for bfloat16 where the machine multiplies it natively.
        seed: Of weights, order and augmentation.
    """

    network: typing.Literal["unet", "deeplabv3"] = "unet"
    structures: typing.Literal["lv", "all"] = "lv"
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
    loss: typing.Literal["cross_entropy", "dice", "both", "focal"] = "both"
    augment: bool = True
    mixed_precision: typing.Literal["auto", "off", "bfloat16", "float16"] = "auto"
    seed: int = 0
