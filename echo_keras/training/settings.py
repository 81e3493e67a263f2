"""Which settings of a fine-tuning go together, and which of them do nothing."""

from echo_keras import config, errors
from echo_keras.training import imagenet

_OF_A_FRACTION = ("subset_seed", "fraction_by", "validation")


def refuse_contradictions(recipe):
    """Refuse settings that contradict each other.

    Args:
        recipe: `config.Finetune`.

    Raises:
        InputError: Two do.
    """
    if recipe.deep_supervision and recipe.network != "unet":
        raise errors.InputError(
            f"deep_supervision is for the UNet, and the network is {recipe.network}; "
            "set it to false"
        )
    if recipe.network == "deeplabv3" and recipe.encoder in config.OF_UNETS:
        raise errors.InputError(
            f"{recipe.encoder} is an encoder of the UNet, as it ends at a 32nd of the "
            "size, where deeplabv3 needs an eighth; set network: unet, or encoder: "
            "resnet50"
        )
    if not recipe.epochs:
        refuse_no_choice(recipe)
    if recipe.keep == "best" and recipe.average_decay:
        raise errors.InputError(
            "keep: best takes the weights of one step, but average_decay "
            f"{recipe.average_decay} those of many; set average_decay: 0 or keep: last"
        )
    if recipe.optimizer == "madgrad" and scaled(recipe):
        raise errors.InputError(
            "madgrad steps towards where all gradients so far lead, so that a shorter "
            "step is made up for later; with freeze_steps or layer_decay choose "
            "another optimizer"
        )
    if recipe.teachers and recipe.batch < 2:
        raise errors.InputError(
            "a batch of 1 has no room for labelled and pseudo-labelled frames; set a "
            "larger batch"
        )


def idle(recipe):
    """Settings that were changed and that the run does not look at.

    Args:
        recipe: `config.Finetune`.

    Yields:
        Name of a setting and why it has no effect, as the end of a sentence.
    """
    beside = {
        "encoder": recipe.encoder_name == "unet" and "with network: unet",
        "pseudo_share": not recipe.teachers and "without teachers",
        "steps": recipe.epochs and "beside epochs",
        **dict.fromkeys(_OF_A_FRACTION, recipe.fraction == 1 and "at fraction: 1"),
    }
    usual = config.Finetune()
    for name, because in beside.items():
        if because and getattr(recipe, name) != getattr(usual, name):
            yield name, because


def refuse_no_choice(recipe):
    """Refuse to keep the best weights where they are looked at once.

    Args:
        recipe: `config.Finetune` that counts steps.

    Raises:
        InputError: There is no choice.
    """
    if recipe.keep == "best" and checks(recipe) == 1:
        raise errors.InputError(
            "keep: best has one check to choose from, as "
            f"{recipe.steps or 'the'} steps are to be divided evenly by at most "
            f"{recipe.checks}; set more checks, or other steps or epochs"
        )


def checks(recipe):
    """Times that a run is validated: at most as often as wanted, evenly."""
    return max(n for n in range(1, recipe.checks + 1) if recipe.steps % n == 0)


def scaled(recipe):
    """Whether some weights take shorter steps than others."""
    return recipe.freeze_steps > 0 or recipe.layer_decay != 1.0


def forgets(recipe):
    """Whether nothing may be left of the batch statistics that a network begins with.

    ImageNet's are those of other images. The channels of EfficientNet-Lite2 vary less
    than its first statistics say, so that a twentieth of these can drown what it sees.
    """
    untrained = recipe.init == "random" and recipe.encoder_name in config.OF_UNETS
    return untrained or imagenet.named(recipe.init)
