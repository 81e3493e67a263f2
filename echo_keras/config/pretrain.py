"""The recipe of pretraining."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Pretrain:
    """How an encoder is pretrained without labels.

    Attributes:
        method: `simclr` or `byol`.
        contrast: What is told apart: `global` frames as a whole, or `dense` places in
            them; then the UNet's decoder is pretrained too.
        encoder: Network to pretrain; `unet` or `efficientnet_lite2` for UNet,
            `resnet50` or the small `resnet18` for DeepLabV3.
        init: `random`, `imagenet` (resnet50 and efficientnet_lite2), a file of its
            weights (.h5 or .pth), `hearts` (a UNet of width 16), or the folder of a
            pretrained encoder or a fine-tuned network, whose decoder is taken too where
            one is pretrained.
        width: Channels of the encoder's first level; 64 is the published size, and 32
            that of efficientnet_lite2.
        size: Height and width of the frames in pixels.
        aspect: How frames are made square: `stretch`, or `keep` between black bars.
        views: How a frame is altered: `echo` for ultrasound, `paper` as published.
        positives: What makes a pair of views: one `frame`, two frames of one `video`,
            or of one `patient`, the two chamber views or ED and ES. For `dense`, the
            two frames of a video show the same place as far as the heart stands still,
            and two chamber views never do, so `patient` is refused.
        places: Places of each frame that are compared (dense); memory grows with the
            square of these in a batch.
        apart: Least distance of places that are told apart (dense), in units of the
            frame's size; one tenth is about 15 mm in an apical view.
        batch: Pairs in a batch, over all replicas.
        accumulate: Batches whose gradients make one step; it does not enlarge the
            negatives, which stay within a batch.
        epochs: Passes over the videos, or patients, each with one random pair of all.
        warmup_epochs: Epochs of rising learning rate, half of the run at most.
        learning_rate: Highest rate.
        weight_decay: Per unit of learning rate; an L2 gradient with `adam` and
            `lars`.
        optimizer: `adam`, `adamw`, `lamb` or `lars`; the last wants rates
            around .1.
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
    contrast: typing.Literal["global", "dense"] = "global"
    encoder: typing.Literal["unet", "resnet50", "resnet18", "efficientnet_lite2"] = (
        "unet"
    )
    init: str = "random"
    width: int = 16
    size: int = 96
    aspect: typing.Literal["stretch", "keep"] = "stretch"
    views: typing.Literal["echo", "paper"] = "echo"
    positives: typing.Literal["frame", "video", "patient"] = "frame"
    places: int = 32
    apart: float = 0.1
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
