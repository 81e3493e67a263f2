"""Rounds of self-training: a recipe's teachers are trained before its own network.

A recipe may name teachers by their recipes, and these theirs. All learn from the labels
that the last one is given.
"""

import json
import pathlib
import sys

from echo_keras import aside, config, errors, facts
from echo_keras.training import finetune, initial, origin, settings

RECIPE_SUFFIX = ".yaml"
FOLDER_SUFFIX = "-teachers"
SHARED = (
    "fraction",
    "fraction_by",
    "subset_seed",
    "validation",
    "between",
    "steps",
    "epochs",
    "mixed_precision",
    "seed",
)
"""Settings that teachers take from whom they teach: labels, length and chance."""


def run(recipe, data, output):
    """Train the teachers whose recipes a recipe names, then its own network.

    Each teacher goes into a folder of its own, `OUTPUT-teachers/NAME`, and is not
    trained again where it stands there already.

    Args:
        recipe: `config.Finetune`. Of its `teachers` those that end in `.yaml` are files
            of recipes, whose settings in `SHARED` are replaced by its own.
        data: Folder of records with the splits train and validation.
        output: Folder to write, as of `finetune.run`.

    Returns:
        Dict as of `finetune.run`.

    Raises:
        InputError: A recipe cannot be read or leads to itself, two teachers have one
            name, or another network stands where a teacher is to go; or as of
            `finetune.run`.
    """
    aside.vacant(output)
    settings.refuse_contradictions(recipe)
    return finetune.run(_taught(recipe, data, output, ()), data, output)


def _taught(recipe, data, output, before):
    """The recipe with folders of trained networks in place of its teachers' recipes."""
    place = pathlib.Path(f"{output}{FOLDER_SUFFIX}")
    found = []
    for word in recipe.teachers:
        if word.endswith(RECIPE_SUFFIX):
            folder = place / pathlib.Path(word).stem
            if str(folder) in found:
                raise errors.InputError(
                    f"two teachers would be written to {folder}; rename the recipe "
                    f"{word}"
                )
            _train(_own(recipe, word, before), data, folder, (*before, word))
            word = str(folder)
        found.append(word)
    return config.replace(recipe, teachers=tuple(found))


def _own(recipe, word, before):
    """A teacher's recipe, with the settings that it shares."""
    if word in before:
        raise errors.InputError(
            f"{word} leads to itself by way of its teachers; let one of them begin "
            "without"
        )
    shared = {name: getattr(recipe, name) for name in SHARED}
    return config.load(config.Finetune, word, **shared)


def _train(recipe, data, folder, before):
    recipe = _taught(recipe, data, folder, before)
    if (folder / initial.MODEL_FILE).is_file():
        _refuse_other(recipe, data, folder)
        sys.stderr.write(f"{folder} is trained already\n")
        return
    sys.stderr.write(f"training the teacher {folder}\n")
    finetune.run(recipe, data, folder)


def _refuse_other(recipe, data, folder):
    """Refuse a network of another recipe, of other records or other first weights."""
    made_by = config.load(config.Finetune, folder / initial.RECIPE_FILE)
    said = facts.read(folder / finetune.SUMMARY_FILE, mend="remove the folder")
    made_from = {
        **origin.records(data),
        "init": origin.weights(recipe.init),
        "teachers": [origin.weights(word) for word in recipe.teachers],
    }
    wanted = json.loads(json.dumps(made_from))
    odd = [name for name, value in wanted.items() if said.get(name) != value]
    counted = ("epochs", "steps", "batch") if recipe.epochs else ()
    odd += [
        name
        for name, value in vars(recipe).items()
        if name not in (*made_from, *counted) and getattr(made_by, name) != value
    ]
    if odd:
        raise errors.InputError(
            f"{folder} holds a network of another run, with other {odd[0]}; remove it, "
            "or name another --output"
        )
