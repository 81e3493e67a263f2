"""How many steps a fine-tuning takes."""

import math

from echo_keras import config
from echo_keras.training import batches

LEAST = 300
KNOWN_STEPS, KNOWN_PATIENTS = 500, 15


def counted(recipe, *, patients, frames):
    """Tell a recipe in steps.

    Args:
        recipe: `config.Finetune`, which may count epochs or leave its length open.
        patients: Number of labelled patients to train on.
        frames: Number of their frames.

    Returns:
        The same with steps; with epochs, and without teachers, in batches no larger
        than an epoch.
    """
    if recipe.epochs:
        if not recipe.teachers:
            recipe = config.replace(recipe, batch=min(recipe.batch, frames))
        steps = recipe.epochs * -(-frames // batches.labelled_count(recipe))
        return config.replace(recipe, steps=steps, epochs=0)
    return config.replace(recipe, steps=recipe.steps or usual(patients))


def usual(patients):
    """Steps for so many labelled patients, where nobody says how many.

    They grow with the square root of the patients, as they roughly do in the study of
    docs/results/camus.md: 500 steps for 15 patients, 2,200 for 300.

    Returns:
        Multiple of 100, which `checks` divides, and 300 at least.
    """
    steps = KNOWN_STEPS * math.sqrt(patients / KNOWN_PATIENTS)
    return max(int(steps // 100) * 100, LEAST)
