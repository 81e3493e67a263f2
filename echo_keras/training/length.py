"""How many steps a fine-tuning takes."""

from echo_keras import config
from echo_keras.training import batches

# What the study of docs/results/camus.md took: 500 steps for 15 patients, 1,000 for 75
# and 2,000 for 300, which is this power of their number, and 300 for 3.
STEPS, PATIENTS, POWER = 500, 15, 0.46
LEAST = 300


def by_patients(recipe, patients):
    """The recipe with a number of steps, where it counts neither steps nor epochs.

    Args:
        recipe: `config.Finetune`.
        patients: Number of labelled patients to train on.

    Returns:
        The same recipe, or a copy with steps in whole hundreds.
    """
    if recipe.steps or recipe.epochs:
        return recipe
    hundreds = round(STEPS * (patients / PATIENTS) ** POWER / 100)
    return config.replace(recipe, steps=max(100 * hundreds, LEAST))


def by_frames(recipe, frames):
    """The recipe with steps in place of epochs, where it counts these.

    Args:
        recipe: `config.Finetune`.
        frames: Number of labelled frames to train on.

    Returns:
        The same recipe, or a copy with steps, whose batches are no larger than an
        epoch unless it has teachers.
    """
    if not recipe.epochs:
        return recipe
    if not recipe.teachers:
        recipe = config.replace(recipe, batch=min(recipe.batch, frames))
    steps = recipe.epochs * -(-frames // batches.labelled_count(recipe))
    return config.replace(recipe, steps=steps, epochs=0)
