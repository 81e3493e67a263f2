"""Fine-tuning: a segmentation network from a fraction of the labelled patients."""

import json
import sys
import time

import keras
import tensorflow as tf

from echo_keras import aside, config
from echo_keras.data import augment, schema
from echo_keras.losses import segmentation
from echo_keras.models import heads
from echo_keras.training import (
    callbacks,
    initial,
    labels,
    optimizers,
    origin,
    precision,
)

SUMMARY_FILE = "finetune.json"
LOSSES = {
    "cross_entropy": segmentation.cross_entropy,
    "dice": segmentation.soft_dice,
    "both": segmentation.cross_entropy_and_dice,
    "focal": segmentation.focal,
}
CHECKS = 10


def run(recipe, data, output, *, epochs=None):
    """Fine-tune a network and write it as an artefact.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records with the splits train and validation.
        output: Folder to write: `model.keras`, `recipe.yaml`, `finetune.json`.
        epochs: Passes over the labelled frames, in place of the recipe's steps.

    Returns:
        Dict as in `finetune.json`: patients and frames used, loss and validation Dice
        along the run, seconds, and made from what.

    Raises:
        InputError: The data, the fraction, the first weights or the output do not fit.
    """
    with aside.folder(output) as folder:
        keras.utils.set_random_seed(recipe.seed)
        source = origin.records(data)
        chosen = labels.patients(recipe, data)
        frames = {
            split: labels.load(recipe, data, split, patients=patients)
            for split, patients in chosen.items()
        }
        if epochs:
            batches_each = -(-len(frames["train"][0]) // recipe.batch)
            recipe = config.replace(recipe, steps=epochs * batches_each)
        model, facts = _trained(recipe, frames)
        summary = {
            **source,
            "patients": chosen,
            "frames": {split: len(images) for split, (images, _) in frames.items()},
            "steps": recipe.steps,
            **facts,
            "tensorflow": tf.__version__,
            "code": origin.code(),
        }
        model.save(folder / initial.MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def _trained(recipe, frames):
    """The network to keep, in float32 and without its optimiser, and its course."""
    multiply, reason = precision.choose(recipe.mixed_precision)
    sys.stderr.write(f"multiplying in {multiply}: {reason}\n")
    with precision.policy(multiply):
        model = initial.network(recipe)
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
            into their running averages.
        recipe: `config.Finetune`.
        frames: `train` and `validation`, each images and labels as `labels.load`
            returns them.
        multiply: `float32`, `bfloat16` or `float16`, as the network was built.

    Returns:
        Dict of lists along the run: `step`, `loss`, `validation_loss` and
        `validation_dice`, at the network's size and of the weights at that step.

    Raises:
        InputError: The loss stopped being a number.
    """
    optimizer = optimizers.create(
        "adamw",
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        steps=recipe.steps,
        warmup_steps=min(recipe.warmup_steps, recipe.steps // 2),
        average_decay=recipe.average_decay,
    )
    model.compile(
        precision.optimizer(multiply, optimizer),
        loss=LOSSES[recipe.loss],
        metrics=[dice],
    )
    checks = max(n for n in range(1, CHECKS + 1) if recipe.steps % n == 0)
    validation = tf.data.Dataset.from_tensor_slices(frames["validation"])
    history = model.fit(
        batches(*frames["train"], recipe=recipe),
        steps_per_epoch=recipe.steps // checks,
        epochs=checks,
        validation_data=validation.map(_as_floats).batch(recipe.batch),
        callbacks=[
            callbacks.Progress("finetune", recipe.steps),
            callbacks.StopAtBrokenLoss(),
        ],
        verbose=0,
    ).history
    optimizers.use_averages(model)
    return {
        "step": [recipe.steps // checks * (i + 1) for i in range(checks)],
        "loss": history["loss"],
        "validation_loss": history["val_loss"],
        "validation_dice": history["val_dice"],
    }


def batches(images, labels, *, recipe):
    """Endless batches of augmented frames and labels, the same for the same seed.

    Args:
        images: `(frames, size, size, 1)` float32 in [0, 1].
        labels: Same shape, uint8.
        recipe: `config.Finetune`.

    Returns:
        `tf.data.Dataset` of pairs `(batch, size, size, 1)` float32.
    """
    frames = tf.data.Dataset.from_tensor_slices((images, labels))
    frames = frames.shuffle(len(images), seed=recipe.seed).repeat().batch(recipe.batch)
    frames = frames.map(_as_floats)
    if recipe.augment:
        frames = tf.data.Dataset.zip((frames, tf.data.Dataset.counter())).map(
            lambda pair, step: augment.paired(*pair, seed=(recipe.seed, step)),
            num_parallel_calls=1,
        )
    return frames.prefetch(2)


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


def _as_floats(images, labels):
    return images, tf.cast(labels, tf.float32)
