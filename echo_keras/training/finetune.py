"""Fine-tuning: a segmentation network from a fraction of the labelled patients."""

import json
import time

import keras
import numpy as np
import tensorflow as tf

from echo_keras import aside, config, errors
from echo_keras.data import augment, preprocess, subsets, tfrecords
from echo_keras.losses import segmentation
from echo_keras.training import callbacks, initial, optimizers

MODEL_FILE = "model.keras"
LOSSES = {
    "cross_entropy": segmentation.cross_entropy,
    "dice": segmentation.soft_dice,
    "both": segmentation.cross_entropy_and_dice,
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
        along the run, seconds.

    Raises:
        InputError: The data, the fraction, the first weights or the output do not fit.
    """
    with aside.folder(output) as folder:
        keras.utils.set_random_seed(recipe.seed)
        manifest = tfrecords.manifest(data)
        chosen = labelled_patients(recipe, data)
        frames = {
            split: load(
                data,
                split,
                patients=patients,
                size=recipe.size,
                aspect=recipe.aspect,
                between=recipe.between and split == "train",
            )
            for split, patients in chosen.items()
        }
        if epochs:
            batches = -(-len(frames["train"][0]) // recipe.batch)
            recipe = config.replace(recipe, steps=epochs * batches)
        model = initial.network(recipe)
        start = time.monotonic()
        history = fit(model, recipe, frames)
        summary = {
            "dataset": manifest["dataset"],
            "source_fingerprint": manifest["source_fingerprint"],
            "patients": chosen,
            "frames": {split: len(images) for split, (images, _) in frames.items()},
            "steps": recipe.steps,
            "seconds": round(time.monotonic() - start, 1),
            **history,
        }
        # Without its optimiser, so that plain Keras loads it.
        plain = keras.Model(model.inputs, model.outputs, name=model.name)
        plain.save(folder / MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / "finetune.json").write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def labelled_patients(recipe, data):
    """Draw the patients whose labels a run may see.

    Returns:
        Dict of sorted names for `train` and `validation`. The validation split shrinks
        with the fraction, to one patient at least, unless the recipe keeps it full.
    """
    train = tfrecords.patients(data, "train")
    validation = tfrecords.patients(data, "validation")
    share = max(recipe.fraction, 1 / len(validation))
    if recipe.validation == "full":
        share = 1.0
    return {
        "train": subsets.draw(train, recipe.fraction, seed=recipe.subset_seed),
        "validation": subsets.draw(validation, share, seed=recipe.subset_seed),
    }


def load(data, split, *, patients, size, aspect="stretch", between=False):
    """Read labelled frames and masks of some patients into memory.

    Args:
        data: Folder of records.
        split: Name of the split.
        patients: Names of the patients.
        size: Height and width to resize to, in pixels.
        aspect: How frames are made square, of `preprocess.ASPECTS`.
        between: Whether the labelled frames between ED and ES are wanted too.

    Returns:
        `(frames, size, size, 1)` float32 images in [0, 1] and masks of the same shape,
        float32, 1 inside the left ventricle.

    Raises:
        InputError: No mask shows a left ventricle.
    """
    records = tfrecords.labelled(data, split, patients=patients, between=between)
    pairs = records.map(
        lambda record: (
            preprocess.image(record["image"], size, aspect=aspect),
            preprocess.mask(record["mask"], size, aspect=aspect),
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    images, masks = zip(*pairs.as_numpy_iterator())
    images, masks = np.stack(images), np.stack(masks)
    if not masks.any():
        raise errors.InputError(
            f"none of the {len(masks)} masks of {split} in {data} shows a left "
            "ventricle; do the records come from another data set or structure?"
        )
    return images, masks


def fit(model, recipe, frames):
    """Train a network on frames in memory.

    Args:
        model: Network from frames to probabilities; its weights are changed.
        recipe: `config.Finetune`.
        frames: `train` and `validation`, each images and masks as `load` returns them.

    Returns:
        Dict of lists along the run: `step`, `loss`, `validation_loss` and
        `validation_dice`, at the network's size and of the weights at that step; and
        `dice`, the same of the averaged weights, which are kept.

    Raises:
        InputError: The loss stopped being a number.
    """
    model.compile(
        optimizers.create(
            "adamw",
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=recipe.steps,
            warmup_steps=min(recipe.warmup_steps, recipe.steps // 2),
            average_decay=recipe.average_decay,
        ),
        loss=LOSSES[recipe.loss],
        metrics=[dice],
    )
    checks = max(n for n in range(1, CHECKS + 1) if recipe.steps % n == 0)
    validation = tf.data.Dataset.from_tensor_slices(frames["validation"])
    history = model.fit(
        batches(*frames["train"], recipe=recipe),
        steps_per_epoch=recipe.steps // checks,
        epochs=checks,
        validation_data=validation.batch(recipe.batch),
        callbacks=[
            callbacks.Progress("finetune", recipe.steps),
            callbacks.StopAtBrokenLoss(),
        ],
        verbose=0,
    ).history
    optimizers.use_averages(model)
    scores = model.evaluate(validation.batch(recipe.batch), return_dict=True, verbose=0)
    return {
        "step": [recipe.steps // checks * (i + 1) for i in range(checks)],
        "loss": history["loss"],
        "validation_loss": history["val_loss"],
        "validation_dice": history["val_dice"],
        "dice": scores["dice"],
    }


def batches(images, masks, *, recipe):
    """Endless batches of augmented frames and masks, the same for the same seed.

    Args:
        images: `(frames, size, size, 1)` float32 in [0, 1].
        masks: Same shape, float32 0 or 1.
        recipe: `config.Finetune`.

    Returns:
        `tf.data.Dataset` of pairs `(batch, size, size, 1)`.
    """
    frames = tf.data.Dataset.from_tensor_slices((images, masks))
    frames = frames.shuffle(len(images), seed=recipe.seed).repeat().batch(recipe.batch)
    if recipe.augment:
        frames = tf.data.Dataset.zip((frames, tf.data.Dataset.counter())).map(
            lambda pair, step: augment.paired(*pair, seed=(recipe.seed, step)),
            num_parallel_calls=1,
        )
    return frames.prefetch(2)


def dice(truth, probability):
    """Dice of each image at a threshold of a half: `(batch,)`, 1 if both are empty."""
    inside = tf.cast(probability >= 0.5, tf.float32)
    both = tf.reduce_sum(truth * inside, axis=(1, 2, 3))
    either = tf.reduce_sum(truth + inside, axis=(1, 2, 3))
    return tf.where(either > 0, 2.0 * both / tf.maximum(either, 1.0), 1.0)
