"""The plan of a study of label efficiency."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Study:
    """What is compared: every first weights under every recipe, fraction and subset.

    Files are named relative to the study's own, and those that a recipe names itself
    relative to the working folder, as in its own command. A recipe or first weights go
    by their file's name without its ending, or by the folder's name.

    Attributes:
        recipes: Files of fine-tuning recipes, or `default` for the recipe of the
            defaults. Init, fraction, subset and seed are the study's to choose.
        inits: First weights: `random`, `imagenet`, a file of its weights (.h5 or .pth),
            `hearts`, a folder of `echo-keras pretrain` or `finetune`, or a pretraining
            recipe (.yaml), which the study runs once for each kind of encoder.
            Differences are to the first.
        without: Pairs such as `unet imagenet`, recipe and first weights, to leave out,
            or `unet imagenet 0.01`, at one fraction alone.
        teachers: Words such as `student unet deeplabv3/simclr`, a recipe and those that
            teach it: the networks of these recipes, from the same labels, label the
            patients without labels for it, beside the teachers that its recipe names.
            They begin with the same first weights, or with those after the stroke.
        fractions: Shares of the labelled patients, each in (0, 1].
        steps: Steps at each fraction, in place of those of the recipes, or of as many
            as the patients call for; none by default.
        subsets: Subsets of patients at each fraction below 1; run number n draws subset
            n with seed n.
        seeds: Runs at fraction 1, where there is one subset.
        runs: Runs at each fraction, which set aside `subsets` and `seeds`; none by
            default.
        split: Split to score on; choose recipes by `validation`.
        synthetic: Whether the hearts are drawn: the report says so and leaves out what
            the paper measured on real ones.
        keep_models: Whether the models are kept when they are scored.
    """

    recipes: tuple[str, ...] = ("default",)
    inits: tuple[str, ...] = ("random",)
    without: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()
    fractions: tuple[float, ...] = (0.05, 1.0)
    steps: tuple[int, ...] = ()
    subsets: int = 5
    seeds: int = 3
    runs: tuple[int, ...] = ()
    split: typing.Literal["validation", "test"] = "test"
    synthetic: bool = False
    keep_models: bool = True
