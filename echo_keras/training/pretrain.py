"""Pretraining: an encoder from unlabelled videos, on any number of replicas."""

import dataclasses
import functools
import json
import sys

import keras
import tensorflow as tf

from echo_keras import config, errors
from echo_keras.methods import pairs
from echo_keras.training import (
    board,
    callbacks,
    curves,
    initial,
    learner,
    origin,
    pictures,
    positives,
    precision,
    strategy,
    videos,
    work,
)

SUMMARY_FILE = "pretrain.json"
PICTURE_FILE = "pretrain.png"
LOGS = "logs"
SHOWN = 16


def run(
    recipe, data, output, *, kind="mirrored", replicas=None, checkpoint_seconds=300.0
):
    """Pretrain an encoder and write it as an artefact.

    The work is done in `OUTPUT.partial`, which becomes `OUTPUT` when it is whole; the
    same run goes on there after it was killed, and ends in the same weights.

    Args:
        recipe: `config.Pretrain`.
        data: Folders of records, of one data set or several.
        output: Folder to write: `encoder.keras`, of stock Keras layers alone,
            `recipe.yaml`, `pretrain.json`, `pretrain.png` and `logs` for TensorBoard.
        kind: `mirrored`, on this machine, or `multi-worker`, with those of TF_CONFIG.
        replicas: Devices of this machine to spread each batch over.
        checkpoint_seconds: Time between two checkpoints, which a run goes on from.

    Returns:
        Dict as in `pretrain.json`: loss, contrastive accuracy, spread, alignment and
        uniformity of each epoch; videos, those left out as they offer no pair, pairs,
        frames, steps, replicas, seconds, frames per second; fingerprints of the data,
        versions of code and TensorFlow.

    Raises:
        InputError: The data, the batch, the replicas or the output do not fit.
    """
    devices = strategy.create(replicas, kind=kind)
    multiply, reason = precision.choose(recipe.mixed_precision)
    _tell(recipe, f"multiplying in {multiply}: {reason}")
    identity = {
        **dataclasses.asdict(recipe),
        "precision": multiply,
        "data": [origin.records(folder) for folder in data],
        "replicas": devices.num_replicas_in_sync,
        "tensorflow": tf.__version__,
    }
    first = strategy.is_first(devices)
    with work.folder(output, identity) if first else work.helper(output) as folder:
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
            earlier=work.checkpoints(output),
            views=views,
            per_epoch=per_epoch,
            multiply=multiply,
            checkpoint_seconds=checkpoint_seconds,
        )
        summary = {
            **told,
            "videos": len(loaded),
            "videos_left_out": len(loaded) - len(set(pool.videos.flat)),
            "pairs": len(pool),
            "frames": sum(len(video.frames) for video in loaded),
            **{
                name: identity[name]
                for name in ("precision", "replicas", "data", "tensorflow")
            },
            "code": origin.code(),
        }
        _write(folder / work.ARTEFACT, model, recipe, summary, views)
    return summary


def _fit(
    recipe,
    feed,
    devices,
    folder,
    *,
    earlier,
    views,
    per_epoch,
    multiply,
    checkpoint_seconds,
):
    """Train: the model, and its curves with steps, seconds and pairs per second."""
    steps = per_epoch * recipe.epochs
    several = devices.num_replicas_in_sync > 1
    with devices.scope():
        model = learner.create(recipe, steps, multiply=multiply, synchronized=several)
    told = curves.Curves(per_epoch)
    checkpoints = callbacks.Checkpoints(
        folder / work.CHECKPOINTS,
        seconds=checkpoint_seconds,
        devices=devices,
        model=model,
        curves=told,
    )
    checkpoints.restore(earlier)
    done = told.step
    if strategy.total(devices, done) != done * devices.num_replicas_in_sync:
        raise errors.InputError(
            f"this worker would go on from step {done}, but others from another; put "
            "the output in a folder that all workers share"
        )
    logs = folder / work.ARTEFACT / LOGS
    if done < steps:
        model.fit(
            strategy.spread(devices, feed(first=done)),
            # One epoch to Keras, as it may begin in the middle of one of ours.
            steps_per_epoch=steps - done,
            callbacks=[
                callbacks.Progress("pretrain", steps, done=done),
                callbacks.StopAtBrokenLoss(
                    done=done, also=f", and remove {folder} to start anew"
                ),
                callbacks.Record(told),
                board.Board(logs, told, views, batch=recipe.batch * recipe.accumulate),
                checkpoints,
            ],
            verbose=0,
        )
    return model, {
        **told.epochs,
        "steps": steps,
        "seconds": round(told.seconds, 1),
        "frames_per_second": round(
            steps * recipe.batch * recipe.accumulate / told.seconds, 1
        ),
    }


def _first_views(recipe, feed):
    """The first pairs of views that a run sees, `(2, pairs, size, size, 1)`."""
    images, _ = next(iter(feed()))
    views = pairs.drawn(
        learner.VIEWS[recipe.views], images[:, 0], seed=recipe.seed, step=0
    )
    return tf.stack(tf.split(views, 2))[:, :SHOWN].numpy()


def _write(folder, model, recipe, summary, views):
    try:
        learner.plain_encoder(recipe, model).save(folder / initial.ENCODER_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
        title = f"{recipe.method}, {recipe.encoder}, {summary['videos']} videos"
        pictures.page(summary, views, folder / PICTURE_FILE, title=title)
    except OSError as reason:
        raise errors.InputError(
            f"cannot write {folder}: {reason}; make room there and repeat the command, "
            "which only writes what the training gave"
        ) from reason


def _steps_per_epoch(recipe, count, replicas):
    step = recipe.batch * recipe.accumulate
    if step > count:
        raise errors.InputError(
            f"a step of {recipe.accumulate} times a batch of {recipe.batch} is more "
            f"than the {count} pairs that the unlabelled videos of the splits "
            f"{', '.join(recipe.splits)} offer; set a smaller batch"
        )
    if recipe.batch % replicas or recipe.batch < 2 * replicas:
        raise errors.InputError(
            f"a batch of {recipe.batch} does not give {replicas} replicas the same "
            "number of frames, two at least; choose a multiple of the replicas"
        )
    if recipe.jit and replicas > 1:
        raise errors.InputError(
            f"XLA cannot compile a step over {replicas} replicas; leave --jit out or "
            "use one replica"
        )
    return count // step


def _tell(recipe, sentence):
    sys.stderr.write(sentence + "\n")
    if recipe.jit and not tf.config.list_physical_devices("GPU"):
        sys.stderr.write("note: XLA makes a step slower on a CPU, not faster\n")
