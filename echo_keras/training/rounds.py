"""Rounds of self-training: a recipe's teachers are trained before its own network.

A recipe may name teachers by their recipes, and these theirs. All learn from the labels
that the last one is given.
"""

import dataclasses
import json
import pathlib
import sys

from echo_keras import config, errors, facts
from echo_keras.training import (
    finetune,
    initial,
    labels,
    length,
    origin,
    pseudo,
    settings,
    work,
)

FOLDER_SUFFIX = "-teachers"
SHARED = (
    "fraction",
    "fraction_by",
    "subset_seed",
    "validation",
    "between",
    "steps",
    "epochs",
    "seed",
    "mixed_precision",
)
"""Settings that teachers take from the last: labels, length, chance and precision."""
_LENGTH = ("epochs", "steps")  # the first that is given counts


def run(recipe, data, output):
    """Train the teachers whose recipes a recipe names, then its own network.

    Each goes into a folder of its own, `OUTPUT-teachers/NAME`, and is not trained again
    where it stands there already. All recipes are looked at before one is trained.

    Args:
        recipe: `config.Finetune`. Of its `teachers` those that end in `.yaml` are files
            of recipes, whose settings in `SHARED` are replaced by its own.
        data: Folder of records with the splits train and validation.
        output: Folder to write, as of `finetune.run`.

    Returns:
        Dict as of `finetune.run`.

    Raises:
        InputError: A recipe cannot be read or leads to itself, two of one name differ,
            or another network stands where a teacher is to go; or as of
            `finetune.run`.
    """
    output = pathlib.Path(output)
    if not any(map(config.is_recipe, recipe.teachers)):
        return finetune.run(recipe, data, output)
    _refuse_taken(recipe, output)
    place = output.with_name(output.name + FOLDER_SUFFIX)
    planned = {}
    recipe = _planned(recipe, place, planned, ())
    _refuse_unfit(recipe, planned)
    for folder, (word, taught) in planned.items():
        try:
            _refuse_unfit(taught, planned)
            if not _is_trained(folder):
                _refuse_taken(taught, folder)
        except errors.InputError as reason:
            raise errors.InputError(f"{word}: {reason}") from reason
        if _is_trained(folder):
            _refuse_other(taught, data, folder)
    pseudo.refuse_none(data, set(labels.choose(recipe, data)["patients"]["train"]))
    return _trained(recipe, data, output, planned)


def _refuse_taken(recipe, output):
    """Refuse an output that is there, or in whose place another run has begun."""
    work.vacant(output)
    known = dataclasses.asdict(recipe)
    for name in ("init", "teachers"):  # told by their weights, which are not there yet
        del known[name]
    if recipe.epochs or not recipe.steps:
        del known["steps"]
    work.refuse_other(output, known)


def _is_trained(folder):
    return (folder / initial.MODEL_FILE).is_file()


def _planned(recipe, place, planned, before):
    """The recipe with folders in place of its teachers' recipes.

    Folders of the teachers, their words and recipes join `planned`, those to train
    first in front; `before` are the files that led here.
    """
    found = []
    for teacher in recipe.teachers:
        if config.is_recipe(teacher):
            folder = place / pathlib.Path(teacher).stem
            _plan(teacher, recipe, folder, planned, before)
            found.append(str(folder))
        else:
            found.append(teacher)
    return config.replace(recipe, teachers=tuple(found))


def _plan(word, student, folder, planned, before):
    file = pathlib.Path(word).resolve()
    if file in before:
        raise errors.InputError(
            f"{word} leads to itself by way of its teachers; let one of them begin "
            "without"
        )
    known, _ = planned.get(folder, (word, None))
    if pathlib.Path(known).resolve() != file:
        raise errors.InputError(
            f"{known} and {word} would both be trained into {folder}; rename one"
        )
    if folder in planned:
        return
    own = config.beside(config.load(config.Finetune, word), word)
    _note_overruled(own, student, word)
    shared = {name: getattr(student, name) for name in SHARED}
    taught = config.replace(own, **shared)
    taught = _planned(taught, folder.parent, planned, (*before, file))
    planned[folder] = (word, taught)


def _note_overruled(own, student, word):
    """Name the settings of a teacher's recipe that the run chooses."""
    usual = config.Finetune()
    for name in SHARED:
        value = getattr(student, name)
        if getattr(own, name) not in (value, getattr(usual, name)):
            beside = _length(student) if name in _LENGTH else f"{name}: {value}"
            sys.stderr.write(
                f"note: {name} of {word} has no effect beside {beside} of the run that "
                "it teaches\n"
            )


def _length(recipe):
    """What decides how long a network is trained, for people."""
    given = [f"{name}: {value}" for name in _LENGTH if (value := getattr(recipe, name))]
    return given[0] if given else "the labelled patients"


def _refuse_unfit(recipe, planned):
    """Refuse a network that could not be built, or teachers that do not suit it."""
    settings.refuse_contradictions(recipe)
    for teacher in recipe.teachers:
        known = planned.get(pathlib.Path(teacher))
        word, made_by = known or (teacher, initial.recipe_of(teacher))
        pseudo.refuse_unfit(recipe, word, made_by)
    initial.network(recipe)


def _trained(recipe, data, output, planned):
    """What `finetune.run` returns, once all that is planned has been trained."""
    last = len(planned) + 1
    for number, (folder, (_, taught)) in enumerate(planned.items(), start=1):
        sys.stderr.write(f"network {number} of {last}: the teacher {folder}\n")
        if _is_trained(folder):
            sys.stderr.write(
                f"it is trained already, by echo-keras {_said(folder).get('code')}\n"
            )
        else:
            summary = finetune.run(taught, data, folder)
            frames = summary["frames"]["validation"]
            sys.stderr.write(
                f"validation dice {summary['dice']:.3f} of {frames} frames\n"
            )
    sys.stderr.write(f"network {last} of {last}: {output}\n")
    return finetune.run(recipe, data, output)


def _refuse_other(recipe, data, folder):
    """Refuse a network of another run, or one whose teachers were trained again."""
    said = _said(folder)
    made_by = initial.recipe_of(str(folder))
    patients = len(said.get("patients", {}).get("train", [1]))
    frames = said.get("frames", {}).get("train", 1)
    recipe = length.by_frames(length.by_patients(recipe, patients), frames)
    records = origin.records(data)
    pairs = {
        "records": ({key: said.get(key) for key in records}, records),
        "first weights": (said.get("init"), origin.weights(recipe.init)),
        "teachers": (said.get("teachers"), [*map(origin.weights, recipe.teachers)]),
    }
    for what, (theirs, own) in pairs.items():
        own = json.loads(json.dumps(own))
        if origin.unplaced(theirs) != origin.unplaced(own):
            raise errors.InputError(
                f"{folder} is of another run, with other {what}; remove "
                f"{folder.parent}, or name another --output"
            )
    for name in ("steps", *vars(recipe)):
        theirs, own = getattr(made_by, name), getattr(recipe, name)
        if theirs != own and name not in ("init", "teachers"):
            raise errors.InputError(
                f"{folder} is of another run, with {name} {theirs} and not {own}; "
                f"give what was given then, remove {folder.parent}, or name another "
                "--output"
            )


def _said(folder):
    """What a finished teacher tells of itself."""
    path = folder / finetune.SUMMARY_FILE
    return facts.read(path, mend=f"remove {folder.parent}")
