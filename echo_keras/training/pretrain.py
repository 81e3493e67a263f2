"""Pretraining: an encoder from unlabelled videos, on any number of replicas."""

import json
import time

import keras
import numpy as np
import tensorflow as tf

from echo_keras import aside, config, errors, progress
from echo_keras.data import preprocess, tfrecords, views
from echo_keras.methods import byol, simclr
from echo_keras.training import callbacks, initial, optimizers, strategy

SUMMARY_FILE = "pretrain.json"
VIEWS = {"paper": views.paper, "echo": views.echo}


def run(recipe, data, output, *, replicas=None):
    """Pretrain an encoder and write it as an artefact.

    Args:
        recipe: `config.Pretrain`.
        data: Folders of records, of one data set or several.
        output: Folder to write: `encoder.keras`, of stock Keras layers alone,
            `recipe.yaml` and `pretrain.json`.
        replicas: Devices to spread each batch over; see `strategy.create`.

    Returns:
        Dict as in `pretrain.json`: loss, contrastive accuracy and spread of each epoch,
        videos, steps, replicas, seconds, frames per second, data fingerprints.

    Raises:
        InputError: The data, the batch, the replicas or the output do not fit.
    """
    with aside.folder(output) as folder:
        devices = strategy.create(replicas)
        keras.utils.set_random_seed(recipe.seed)
        origins = [_origin(source) for source in data]
        videos = load(data, recipe.splits, size=recipe.size)
        model, history = _fit(recipe, videos, devices)
        summary = {
            **history,
            "videos": len(videos),
            "frames": sum(map(len, videos)),
            "replicas": devices.num_replicas_in_sync,
            "data": origins,
            "tensorflow": tf.__version__,
        }
        model.encoder.save(folder / initial.ENCODER_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def load(data, splits, *, size):
    """Read the frames of unlabelled videos into memory.

    Args:
        data: Folders of records.
        splits: Splits to read.
        size: Height and width to resize to, in pixels.

    Returns:
        List of `(frames, size, size, 1)` uint8 arrays, one a video.
    """

    def frame(encoded):
        pixels = preprocess.image(tf.io.decode_png(encoded, channels=1), size)
        return tf.image.convert_image_dtype(pixels, tf.uint8, saturate=True)

    videos = tfrecords.unlabelled(data, splits).map(
        lambda video: tf.map_fn(frame, video["frames"], fn_output_signature=tf.uint8),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    loaded = []
    with progress.bar("load", _count(data, splits), unit="videos") as advance:
        for video in videos.as_numpy_iterator():
            loaded.append(video)
            advance()
    return loaded


def order(counts, *, epochs, batch, seed):
    """Draw one frame of every video anew in each epoch, in a new order.

    Args:
        counts: Number of frames of each video.
        epochs: Number of epochs.
        batch: Videos in a batch; those that fill no batch are left out of an epoch.
        seed: Seed of the whole run.

    Yields:
        `(batch, 2)` int array of video and frame for each step. It depends on the seed
        and the epoch alone, so a run can begin at any step.
    """
    counts = np.asarray(counts)
    for epoch in range(epochs):
        random = np.random.default_rng([seed, epoch])
        frames = (random.random(len(counts)) * counts).astype(int)
        drawn = np.stack([np.arange(len(counts)), frames], axis=1)
        random.shuffle(drawn)
        yield from (
            drawn[first : first + batch]
            for first in range(0, len(drawn) - batch + 1, batch)
        )


def batches(videos, recipe):
    """Global batches of frames, `(batch, size, size, 1)` uint8, in `order`.

    Args:
        videos: List of arrays, as `load` returns them.
        recipe: `config.Pretrain`.

    Returns:
        `tf.data.Dataset` of one element a step; replicas share each element.
    """
    counts = [len(video) for video in videos]

    def gathered():
        steps = order(
            counts, epochs=recipe.epochs, batch=recipe.batch, seed=recipe.seed
        )
        for step in steps:
            yield np.stack([videos[video][frame] for video, frame in step])

    shape = (recipe.batch, recipe.size, recipe.size, 1)
    frames = tf.data.Dataset.from_generator(
        gathered, output_signature=tf.TensorSpec(shape, tf.uint8)
    )
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return frames.with_options(options).prefetch(2)


def _fit(recipe, videos, devices):
    """Train: the model, and its history with steps, seconds and frames per second."""
    per_epoch = _steps_per_epoch(recipe, len(videos), devices.num_replicas_in_sync)
    steps = per_epoch * recipe.epochs
    with devices.scope():
        model = _model(recipe, steps, synchronized=devices.num_replicas_in_sync > 1)
    start = time.monotonic()
    history = model.fit(
        batches(videos, recipe),
        epochs=recipe.epochs,
        steps_per_epoch=per_epoch,
        callbacks=[
            callbacks.Progress("pretrain", steps),
            callbacks.StopAtBrokenLoss(),
        ],
        verbose=0,
    ).history
    seconds = time.monotonic() - start
    return model, {
        **history,
        "steps": steps,
        "seconds": round(seconds, 1),
        "frames_per_second": round(steps * recipe.batch / seconds, 1),
    }


def _model(recipe, steps, *, synchronized):
    model = _method(recipe, steps, synchronized=synchronized)
    model.compile(
        optimizers.create(
            recipe.optimizer,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            steps=steps,
            warmup_steps=min(steps * recipe.warmup_epochs // recipe.epochs, steps // 2),
        )
    )
    return model


def _method(recipe, steps, *, synchronized):
    def encoder():
        return initial.encoder(
            recipe.encoder,
            size=recipe.size,
            width=recipe.width,
            synchronized=synchronized,
        )

    own = encoder()
    options = {
        "view": VIEWS[recipe.views],
        "seed": recipe.seed,
        "synchronized": synchronized,
    }
    if recipe.method == "byol":
        return byol.BYOL(
            own,
            encoder(),
            steps=steps,
            momentum=recipe.momentum,
            hidden=recipe.hidden or 64 * recipe.width,
            projection=recipe.projection or 4 * recipe.width,
            **options,
        )
    return simclr.SimCLR(
        own,
        temperature=recipe.temperature,
        hidden=recipe.hidden or own.output_shape[-1][-1],
        projection=recipe.projection or 128,
        **options,
    )


def _steps_per_epoch(recipe, videos, replicas):
    if recipe.batch > videos:
        raise errors.InputError(
            f"a batch of {recipe.batch} is more than the {videos} unlabelled videos in "
            f"the splits {', '.join(recipe.splits)}; set batch: {videos} or less"
        )
    if recipe.batch % replicas or recipe.batch < 2 * replicas:
        raise errors.InputError(
            f"a batch of {recipe.batch} does not give {replicas} replicas the same "
            "number of frames, two at least; choose a multiple of the replicas"
        )
    return videos // recipe.batch


def _count(data, splits):
    """Unlabelled videos of some splits of several folders."""
    counts = [tfrecords.manifest(folder)["counts"] for folder in data]
    return sum(
        count["unlabelled_videos"]
        for folder in counts
        for split, count in folder.items()
        if split in splits
    )


def _origin(folder):
    manifest = tfrecords.manifest(folder)
    return {name: manifest[name] for name in ("dataset", "source_fingerprint")}
