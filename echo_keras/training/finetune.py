"""Fine-tuning: a segmentation network from a fraction of the labelled patients."""

import dataclasses
import itertools
import json
import sys

import keras
import tensorflow as tf

from echo_keras import config
from echo_keras.data import schema, tfrecords
from echo_keras.training import (
    fitting,
    initial,
    labels,
    length,
    origin,
    precision,
    pseudo,
    settings,
    work,
)

SUMMARY_FILE = "finetune.json"


def run(recipe, data, output, *, checkpoint_seconds=60.0):
    """Fine-tune a network and write it as an artefact.

    The work is done in `OUTPUT.partial`, which becomes `OUTPUT` when it is whole; the
    same run goes on there after it was killed, from the last checkpoint, and ends in
    the same weights. Dropout is drawn anew, so that with it they are others as good.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records with the splits train and validation.
        output: Folder to write: `model.keras`, `recipe.yaml`, `finetune.json`.
        checkpoint_seconds: Least time between two checkpoints, which are written where
            a run is validated.

    Returns:
        Dict as in `finetune.json`: patients and frames used, loss and validation Dice
        along the run, seconds, and made from what.

    Raises:
        InputError: The data, the fraction, the first weights or the output do not fit.
    """
    settings.refuse_contradictions(recipe)
    for name, because in settings.idle(recipe):
        sys.stderr.write(f"note: {name} has no effect {because}\n")
    work.vacant(output)
    keras.utils.set_random_seed(recipe.seed)
    multiply, reason = precision.choose(recipe.mixed_precision)
    sys.stderr.write(f"multiplying in {multiply}: {reason}\n")
    with precision.policy(multiply):
        model = initial.network(recipe)
    teachers = pseudo.teachers(recipe)  # later, as loading them draws from the seed
    sources = _sources(recipe, data)
    _note_left_out(recipe, data)
    recipe = length.by_patients(recipe, len(sources["patients"]["train"]))
    identity = _identity(recipe, sources, multiply)
    with work.folder(output, identity, code=sources["code"]) as folder:
        frames, counts = _frames(recipe, data, sources, teachers)
        recipe = length.by_frames(recipe, counts["frames"]["train"])
        settings.refuse_no_choice(recipe)
        how = {"checkpoints": folder / work.CHECKPOINTS, "seconds": checkpoint_seconds}
        model, told = _trained(model, recipe, frames, multiply=multiply, **how)
        sources["code"] = work.codes(folder)
        summary = {**sources, **counts, "steps": recipe.steps, **told}
        _write(folder / work.ARTEFACT, model, recipe, summary)
    return summary


def _identity(recipe, sources, multiply):
    """All that decides the result."""
    given = dataclasses.asdict(recipe)
    if recipe.epochs:
        del given["steps"]
    return {
        **given,
        "init": origin.unplaced(sources["init"]),
        "teachers": origin.unplaced(sources["teachers"]),
        "precision": multiply,
        "data": sources["records_fingerprint"],
        "tensorflow": tf.__version__,
    }


def _note_left_out(recipe, data):
    """Tell what the run leaves out that was given."""
    if theirs := initial.other_structures(recipe):
        sys.stderr.write(
            f"note: the head of {recipe.init} is left out and a new one begun, as it "
            f"answers for structures: {theirs}, and the recipe asks for structures: "
            f"{recipe.structures}\n"
        )
    if recipe.between and not tfrecords.holds_sequences(data, "train"):
        sys.stderr.write(
            f"note: between has no effect as {data} holds no labelled frames between "
            "ED and ES\n"
        )


def _sources(recipe, data):
    """What the run is made from: records, labels, first weights, teachers, code."""
    records = origin.records(data)
    chosen = labels.choose(recipe, data)
    init, *teachers = map(origin.weights, (recipe.init, *recipe.teachers))
    drawn = chosen["patients"]["train"]
    if any(map(origin.learnt, (init, *teachers))):
        known = labels.marks(data, schema.SPLITS)
    else:
        known = labels.marks(data, ["train"], patients=drawn)
    for given in (init, *teachers):
        labels.refuse_more(given, chosen, known)
    untold = itertools.chain(*map(origin.unmarked, (init, *teachers)))
    for folder in dict.fromkeys(untold):
        sys.stderr.write(
            f"{folder} does not tell whose labels it learnt from, so that no test "
            "patient among them would be noticed\n"
        )
    marks = sorted(set().union(*(known[patient] for patient in drawn)))
    versions = {"tensorflow": tf.__version__, "code": origin.code()}
    made_from = {"init": init, "teachers": teachers, **versions}
    return {**records, **chosen, origin.FRAMES: marks, **made_from}


def _frames(recipe, data, sources, teachers):
    """Frames in memory, by split and as teachers have labelled them; their counts."""
    frames = {
        split: labels.load(
            recipe,
            data,
            split,
            patients=patients,
            images=sources["images"] if split == "train" else None,
        )
        for split, patients in sources["patients"].items()
    }
    counts = {"frames": {split: len(images) for split, (images, _) in frames.items()}}
    frames["pseudo"] = None
    if teachers:
        labelled = sources["patients"]["train"]
        loaded = pseudo.load(recipe, data, teachers, labelled=labelled)
        frames["pseudo"], counts["pseudo"] = loaded
        told = "teachers label {frames} frames of {patients} patients\n"
        sys.stderr.write(told.format(**counts["pseudo"]))
    return frames, counts


def _trained(model, recipe, frames, *, multiply, **how):
    """The network to keep, in float32 and without its optimiser, and its course."""
    told = fitting.fit(model, recipe, frames, multiply=multiply, **how)
    plain = initial.network(config.replace(recipe, init="random"))
    plain.set_weights(model.get_weights())
    images, truth = frames["validation"]
    answers = plain.predict(images, batch_size=recipe.batch, verbose=0)
    score = float(tf.reduce_mean(fitting.dice(truth, answers)))
    return plain, {"precision": multiply, **told, "dice": score}


def _write(folder, model, recipe, summary):
    with work.written(folder):
        model.save(folder / initial.MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
