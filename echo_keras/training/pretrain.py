"""Pretraining: an encoder from unlabelled videos, on any number of replicas."""

import dataclasses
import functools
import json

import keras
import tensorflow as tf

from echo_keras import config, errors
from echo_keras.data import views
from echo_keras.methods import byol, pairs, simclr
from echo_keras.training import (
    board,
    callbacks,
    curves,
    initial,
    optimizers,
    origin,
    pictures,
    positives,
    strategy,
    videos,
    work,
)

SUMMARY_FILE = "pretrain.json"
PICTURE_FILE = "pretrain.png"
LOGS = "logs"
SHOWN = 16
VIEWS = {"paper": views.paper, "echo": views.echo}


def run(recipe, data, output, *, replicas=None, checkpoint_seconds=300.0):
    """Pretrain an encoder and write it as an artefact.

    The work is done in `OUTPUT.partial`, which becomes `OUTPUT` when it is whole; the
    same run goes on there after it was killed, and ends in the same weights.

    Args:
        recipe: `config.Pretrain`.
        data: Folders of records, of one data set or several.
        output: Folder to write: `encoder.keras`, of stock Keras layers alone,
            `recipe.yaml`, `pretrain.json`, `pretrain.png` and `logs` for TensorBoard.
        replicas: Devices to spread each batch over; see `strategy.create`.
        checkpoint_seconds: Time between two checkpoints, which a run goes on from.

    Returns:
        Dict as in `pretrain.json`: loss, contrastive accuracy, spread, alignment and
        uniformity of each epoch; videos, those left out as they offer no pair, pairs,
        frames, steps, replicas, seconds, frames per second; fingerprints of the data,
        versions of code and TensorFlow.

    Raises:
        InputError: The data, the batch, the replicas or the output do not fit.
    """
    devices = strategy.create(replicas)
    identity = {
        **dataclasses.asdict(recipe),
        "data": [origin.records(folder) for folder in data],
        "replicas": devices.num_replicas_in_sync,
        "tensorflow": tf.__version__,
    }
    with work.folder(output, identity) as folder:
        if recipe.deterministic:
            tf.config.experimental.enable_op_determinism()
        keras.utils.set_random_seed(recipe.seed)
        loaded = videos.load(data, recipe.splits, size=recipe.size)
        pool = positives.pool(loaded, recipe.positives)
        feed = functools.partial(videos.batches, loaded, pool, recipe)
        per_epoch = _steps_per_epoch(recipe, len(pool), devices.num_replicas_in_sync)
        views = _first_views(recipe, feed)
        model, told = _fit(
            recipe,
            feed,
            devices,
            folder,
            views=views,
            per_epoch=per_epoch,
            checkpoint_seconds=checkpoint_seconds,
        )
        summary = {
            **told,
            "videos": len(loaded),
            "videos_left_out": len(loaded) - len(set(pool.videos.flat)),
            "pairs": len(pool),
            "frames": sum(len(video.frames) for video in loaded),
            **{name: identity[name] for name in ("replicas", "data", "tensorflow")},
            "code": origin.code(),
        }
        _write(folder / work.ARTEFACT, model, recipe, summary, views)
    return summary


def _fit(recipe, feed, devices, folder, *, views, per_epoch, checkpoint_seconds):
    """Train: the model, and its curves with steps, seconds and frames per second."""
    steps = per_epoch * recipe.epochs
    with devices.scope():
        model = _model(recipe, steps, synchronized=devices.num_replicas_in_sync > 1)
    told = curves.Curves(per_epoch)
    checkpoints = callbacks.Checkpoints(
        folder / work.CHECKPOINTS, seconds=checkpoint_seconds, model=model, curves=told
    )
    checkpoints.restore()
    done = told.step
    logs = folder / work.ARTEFACT / LOGS
    if done < steps:
        model.fit(
            feed(first=done),
            # One epoch to Keras, as it may begin in the middle of one of ours.
            steps_per_epoch=steps - done,
            callbacks=[
                callbacks.Progress("pretrain", steps, done=done),
                callbacks.StopAtBrokenLoss(
                    done=done, also=f", and remove {folder} to start anew"
                ),
                callbacks.Record(told),
                board.Board(logs, told, views, batch=recipe.batch),
                checkpoints,
            ],
            verbose=0,
        )
    return model, {
        **told.epochs,
        "steps": steps,
        "seconds": round(told.seconds, 1),
        "frames_per_second": round(steps * recipe.batch / told.seconds, 1),
    }


def _first_views(recipe, feed):
    """The first pairs of views that a run sees, `(2, pairs, size, size, 1)`."""
    images, _ = next(iter(feed()))
    views = pairs.drawn(VIEWS[recipe.views], images, seed=recipe.seed, step=0)
    return tf.stack(tf.split(views, 2))[:, :SHOWN].numpy()


def _write(folder, model, recipe, summary, views):
    try:
        model.encoder.save(folder / initial.ENCODER_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
        title = f"{recipe.method}, {recipe.encoder}, {summary['videos']} videos"
        pictures.page(summary, views, folder / PICTURE_FILE, title=title)
    except OSError as reason:
        raise errors.InputError(
            f"cannot write {folder}: {reason}; make room there and repeat the command, "
            "which only writes what the training gave"
        ) from reason


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
    initial.fill(own, recipe.init, width=recipe.width)
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
            f"a batch of {recipe.batch} is more than the {count} pairs that the "
            f"unlabelled videos of the splits {', '.join(recipe.splits)} offer; set "
            f"batch: {count} or less"
        )
    if recipe.batch % replicas or recipe.batch < 2 * replicas:
        raise errors.InputError(
            f"a batch of {recipe.batch} does not give {replicas} replicas the same "
            "number of frames, two at least; choose a multiple of the replicas"
        )
    return count // recipe.batch
