"""Fine-tuning: a segmentation network from a fraction of the labelled patients."""

import itertools
import json
import sys
import time

import keras
import numpy as np
import tensorflow as tf

from echo_keras import aside, config
from echo_keras.data import schema, tfrecords
from echo_keras.losses import segmentation
from echo_keras.models import heads, norms, unet
from echo_keras.training import (
    batches,
    callbacks,
    forgetting,
    initial,
    labels,
    layerwise,
    optimizers,
    origin,
    precision,
    pseudo,
    settings,
)

SUMMARY_FILE = "finetune.json"
LOSSES = {
    "cross_entropy": segmentation.cross_entropy,
    "dice": segmentation.soft_dice,
    "both": segmentation.cross_entropy_and_dice,
    "focal": segmentation.focal,
}


def run(recipe, data, output):
    """Fine-tune a network and write it as an artefact.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records with the splits train and validation.
        output: Folder to write: `model.keras`, `recipe.yaml`, `finetune.json`.

    Returns:
        Dict as in `finetune.json`: patients and frames used, loss and validation Dice
        along the run, seconds, and made from what.

    Raises:
        InputError: The data, the fraction, the first weights or the output do not fit.
    """
    settings.refuse_contradictions(recipe)
    for name, because in settings.idle(recipe):
        sys.stderr.write(f"note: {name} has no effect {because}\n")
    with aside.folder(output) as folder:
        keras.utils.set_random_seed(recipe.seed)
        multiply, reason = precision.choose(recipe.mixed_precision)
        sys.stderr.write(f"multiplying in {multiply}: {reason}\n")
        teachers = pseudo.teachers(recipe)
        with precision.policy(multiply):
            model = initial.network(recipe)
        if theirs := initial.other_structures(recipe):
            sys.stderr.write(
                f"note: the head of {recipe.init} is left out and a new one begun, as "
                f"it answers for structures: {theirs}, and the recipe asks for "
                f"structures: {recipe.structures}\n"
            )
        sources = _sources(recipe, data)
        if recipe.between and not tfrecords.holds_sequences(data, "train"):
            sys.stderr.write(
                f"note: between has no effect as {data} holds no labelled frames "
                "between ED and ES\n"
            )
        frames, counts = _frames(recipe, data, sources, teachers)
        if seen := counts.get("pseudo"):
            told = "teachers label {frames} frames of {patients} patients\n"
            sys.stderr.write(told.format(**seen))
        if recipe.epochs:
            recipe = counted(recipe, counts["frames"]["train"])
            settings.refuse_no_choice(recipe)
        model, course = _trained(model, recipe, frames, multiply=multiply)
        summary = {**sources, **counts, "steps": recipe.steps, **course}
        model.save(folder / initial.MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def counted(recipe, frames):
    """Tell a recipe of epochs in steps.

    Args:
        recipe: `config.Finetune` that counts epochs.
        frames: Number of labelled frames to train on.

    Returns:
        The same with steps, and without teachers in batches no larger than an epoch.
    """
    if not recipe.teachers:
        recipe = config.replace(recipe, batch=min(recipe.batch, frames))
    steps = recipe.epochs * -(-frames // batches.labelled_count(recipe))
    return config.replace(recipe, steps=steps, epochs=0)


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
    return frames, counts


def _trained(model, recipe, frames, *, multiply):
    """The network to keep, in float32 and without its optimiser, and its course."""
    start = time.monotonic()
    history = fit(model, recipe, frames, multiply=multiply)
    seconds = round(time.monotonic() - start, 1)
    plain = initial.network(config.replace(recipe, init="random"))
    plain.set_weights(model.get_weights())
    images, truth = frames["validation"]
    answers = plain.predict(images, batch_size=recipe.batch, verbose=0)
    score = float(tf.reduce_mean(dice(truth, answers)))
    return plain, {"precision": multiply, "seconds": seconds, **history, "dice": score}


def fit(model, recipe, frames, *, multiply="float32"):
    """Train a network on frames in memory.

    Args:
        model: Network from frames to probabilities; its weights are changed, at last
            into those that the recipe keeps.
        recipe: `config.Finetune`.
        frames: `train` and `validation`, each images and labels as `labels.load`
            returns them, and `pseudo`, the same of teachers or None.
        multiply: `float32`, `bfloat16` or `float16`, as the network was built.

    Returns:
        Dict of lists along the run: `step`, `loss`, `validation_loss` and
        `validation_dice`, at the network's size and of the weights at that step; and
        `kept_step`, whose weights are kept.

    Raises:
        InputError: The loss stopped being a number.
    """
    momentum = norms.momentum(recipe.norm_momentum, recipe.steps)
    norms.forget(model, momentum)
    learner = _compiled(model, recipe, multiply)
    checks = settings.checks(recipe)
    best = [callbacks.KeepBest()] if recipe.keep == "best" else []
    forget = []
    if settings.forgets(recipe):
        forget = [forgetting.TakeOutFirst(model, momentum)]
    history = learner.fit(
        batches.endless(recipe, frames["train"], frames["pseudo"]),
        steps_per_epoch=recipe.steps // checks,
        epochs=checks,
        validation_data=batches.whole(frames["validation"], recipe.batch),
        callbacks=[
            *forget,
            *best,
            callbacks.Progress("finetune", recipe.steps),
            callbacks.StopAtBrokenLoss(),
        ],
        verbose=0,
    ).history
    optimizers.use_averages(learner)
    kept = int(np.argmin(history["val_loss"])) if best else checks - 1
    return {
        "step": [recipe.steps // checks * (i + 1) for i in range(checks)],
        "loss": history["loss"],
        "validation_loss": history["val_loss"],
        "validation_dice": history["val_dice"],
        "kept_step": recipe.steps // checks * (kept + 1),
    }


def _compiled(model, recipe, multiply):
    """The network as it is trained, ready for `fit`; it shares the model's weights."""
    loss, channels = LOSSES[recipe.loss], model.output_shape[-1]
    learner = model
    if recipe.deep_supervision:
        learner = unet.supervised(model)
        loss = segmentation.supervised(loss, channels)
    scale = None
    if settings.scaled(recipe):
        scale = layerwise.shares(
            model.get_layer(recipe.encoder_name),
            layer_decay=recipe.layer_decay,
            freeze_steps=recipe.freeze_steps,
        )
    optimizer = optimizers.create(
        recipe.optimizer,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        steps=recipe.steps,
        warmup_steps=min(recipe.warmup_steps, recipe.steps // 2),
        schedule=recipe.schedule,
        average_decay=recipe.average_decay,
        scale=scale,
    )

    def dice_of_answer(truth, probability):
        return dice(truth, probability[..., :channels])

    metric = keras.metrics.MeanMetricWrapper(dice_of_answer, name="dice")
    learner.compile(
        precision.optimizer(multiply, optimizer), loss=loss, metrics=[metric]
    )
    return learner


def dice(truth, probability):
    """Dice of the left ventricle of each image, at a threshold of a half.

    Args:
        truth: `(batch, size, size, 1)` labels.
        probability: `(batch, size, size, channels)` as a network answers.

    Returns:
        `(batch,)` in [0, 1], 1 where both are empty.
    """
    truth = tf.cast(truth == schema.VENTRICLE, tf.float32)
    inside = tf.cast(heads.ventricle(probability) >= 0.5, tf.float32)
    both = tf.reduce_sum(truth * inside, axis=(1, 2, 3))
    either = tf.reduce_sum(truth + inside, axis=(1, 2, 3))
    return tf.where(either > 0, 2.0 * both / tf.maximum(either, 1.0), 1.0)
