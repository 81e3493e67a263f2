"""Pretraining: an encoder from unlabelled videos, on any number of replicas."""

import json
import time

import keras
import tensorflow as tf

from echo_keras import aside, config, errors
from echo_keras.data import tfrecords, views
from echo_keras.methods import byol, simclr
from echo_keras.training import callbacks, initial, optimizers, strategy, videos

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
        loaded = videos.load(data, recipe.splits, size=recipe.size)
        model, history = _fit(recipe, loaded, devices)
        summary = {
            **history,
            "videos": len(loaded),
            "frames": sum(len(video.frames) for video in loaded),
            "replicas": devices.num_replicas_in_sync,
            "data": origins,
            "tensorflow": tf.__version__,
        }
        model.encoder.save(folder / initial.ENCODER_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def _fit(recipe, loaded, devices):
    """Train: the model, and its history with steps, seconds and frames per second."""
    per_epoch = _steps_per_epoch(recipe, len(loaded), devices.num_replicas_in_sync)
    steps = per_epoch * recipe.epochs
    with devices.scope():
        model = _model(recipe, steps, synchronized=devices.num_replicas_in_sync > 1)
    start = time.monotonic()
    history = model.fit(
        videos.batches(loaded, recipe),
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


def _steps_per_epoch(recipe, count, replicas):
    if recipe.batch > count:
        raise errors.InputError(
            f"a batch of {recipe.batch} is more than the {count} unlabelled videos in "
            f"the splits {', '.join(recipe.splits)}; set batch: {count} or less"
        )
    if recipe.batch % replicas or recipe.batch < 2 * replicas:
        raise errors.InputError(
            f"a batch of {recipe.batch} does not give {replicas} replicas the same "
            "number of frames, two at least; choose a multiple of the replicas"
        )
    return count // recipe.batch


def _origin(folder):
    manifest = tfrecords.manifest(folder)
    return {name: manifest[name] for name in ("dataset", "source_fingerprint")}
