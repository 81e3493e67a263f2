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
        output: Folder to write: `encoder.keras`, of stock Keras layers alone, and
            likewise `decoder.keras` after dense contrast of the UNet; `recipe.yaml`,
            `pretrain.json`, `pretrain.png` and `logs` for TensorBoard.
        kind: `mirrored`, on this machine, or `multi-worker`, with those of TF_CONFIG.
        replicas: Devices of this machine to spread each batch over.
        checkpoint_seconds: Time between two checkpoints, which a run goes on from.

    Returns:
        Dict as in `pretrain.json`: loss, contrastive accuracy, spread, alignment and
        uniformity of each epoch; what was seen, how fast, and made from what.

    Raises:
        InputError: The data, the batch, the replicas or the output do not fit.
    """
    _check_places(recipe)
    devices = strategy.create(replicas, kind=kind)
    with strategy.together(devices):
        return _run(recipe, data, output, devices, checkpoint_seconds)


def _run(recipe, data, output, devices, checkpoint_seconds):
    _check(recipe, devices.num_replicas_in_sync)
    identity = _identity(recipe, data, devices)
    place = work.folder if strategy.is_first(devices) else work.helper
    with place(output, identity, code=origin.code()) as folder:
        _set_up(recipe)
        loaded = videos.load(
            data, recipe.splits, size=recipe.size, aspect=recipe.aspect
        )
        pool = positives.pool(loaded, recipe.positives)
        feed = functools.partial(videos.batches, loaded, pool, recipe)
        told = curves.Curves(_steps_per_epoch(recipe, len(pool)))
        model = _model(recipe, told, devices, identity["precision"])
        kept = {"model": model, "curves": told}
        checkpoints = callbacks.Checkpoints(
            folder / work.CHECKPOINTS, checkpoint_seconds, devices=devices, **kept
        )
        checkpoints.restore(work.checkpoints(output))
        views = _first_views(recipe, feed)
        shown = _board(recipe, told, views, folder=folder)
        watchers = [checkpoints, shown]
        _fit(model, recipe, feed, told, devices, watchers, output=output)
        identity["code"] = work.codes(folder)
        summary = _summary(recipe, told, loaded, pool, identity)
        _write(folder / work.ARTEFACT, model, recipe, summary, views)
    return summary


def _board(recipe, told, views, *, folder):
    logs = folder / work.ARTEFACT / LOGS
    return board.Board(logs, told, views, images=_images(recipe))


def _images(recipe):
    """Images that the encoder sees in a step: two views of every pair."""
    return 2 * recipe.batch * recipe.accumulate


def _check(recipe, replicas):
    """Refuse a run that cannot end well, before hours of reading."""
    _check_devices(recipe, replicas)
    encoder = initial.encoder(recipe.encoder, size=recipe.size, width=recipe.width)
    initial.fill(encoder, recipe.init, width=recipe.width)


def _check_places(recipe):
    if recipe.contrast == "dense" and recipe.positives == "patient":
        raise errors.InputError(
            "contrast dense compares the same place of both frames, but those of "
            "positives patient may be of two chamber views; use positives video or "
            "frame"
        )


def _check_devices(recipe, replicas):
    if recipe.batch < 2:
        raise errors.InputError(
            "a batch of 1 has no statistics, nor a frame to compare with; set batch: "
            "2 or more"
        )
    if recipe.batch % replicas:
        raise errors.InputError(
            f"a batch of {recipe.batch} does not give {replicas} replicas the same "
            "number of frames; choose a multiple of the replicas"
        )
    if recipe.jit and replicas > 1:
        raise errors.InputError(
            f"XLA cannot compile a step over {replicas} replicas; leave --jit out or "
            "use one replica"
        )


def _identity(recipe, data, devices):
    """All that decides the result."""
    multiply, reason = precision.choose(
        recipe.mixed_precision, gpus=not strategy.is_on_the_cpu(devices)
    )
    sys.stderr.write(f"multiplying in {multiply}: {reason}\n")
    identity = {
        **dataclasses.asdict(recipe),
        "init": origin.weights(recipe.init),
        "precision": multiply,
        "replicas": devices.num_replicas_in_sync,
        "data": [origin.records(folder) for folder in data],
        "tensorflow": tf.__version__,
    }
    if not strategy.agree(devices, identity):
        raise errors.InputError(
            "the workers have another recipe, data or precision than each other; start "
            "all with the same command, and mixed_precision set where machines differ"
        )
    return identity


def _set_up(recipe):
    for name in _idle(recipe):
        sys.stderr.write(f"note: {name} has no effect with this method and contrast\n")
    if recipe.jit and not tf.config.list_physical_devices("GPU"):
        sys.stderr.write("note: XLA makes a step slower on a CPU, not faster\n")
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(recipe.seed)


def _idle(recipe):
    """Settings that were changed and that the method does not look at."""
    idle = ["momentum"] if recipe.method == "simclr" else ["temperature"]
    if recipe.contrast == "global":
        idle += ["places", "apart"]
    usual = config.Pretrain()
    return [name for name in idle if getattr(recipe, name) != getattr(usual, name)]


def _model(recipe, told, devices, multiply):
    with devices.scope():
        return learner.create(
            recipe,
            recipe.epochs * told.per_epoch,
            multiply=multiply,
            synchronized=devices.num_replicas_in_sync > 1,
        )


def _fit(model, recipe, feed, told, devices, watchers, *, output):
    """Train from the step that the curves have reached to the end."""
    done, steps = told.step, recipe.epochs * told.per_epoch
    if strategy.total(devices, done) != done * devices.num_replicas_in_sync:
        raise errors.InputError(
            f"this worker would go on from step {done}, but others from another; put "
            "the output in a folder that all workers share"
        )
    if done == steps:
        return
    anew = f", and remove {work.checkpoints(output).parent} to start anew"
    model.fit(
        strategy.spread(devices, feed(first=done)),
        # One epoch to Keras, as it may begin in the middle of one of ours.
        steps_per_epoch=steps - done,
        callbacks=[
            callbacks.Progress("pretrain", steps, done=done),
            callbacks.StopAtBrokenLoss(done=done, also=anew),
            callbacks.Record(told),
            *watchers,
        ],
        verbose=0,
    )


def _summary(recipe, told, loaded, pool, identity):
    images = told.step * _images(recipe)
    names = ("precision", "replicas", "data", "init", "tensorflow", "code")
    return {
        **told.epochs,
        "steps": told.step,
        "seconds": round(told.seconds, 1),
        "images_per_second": round(images / told.seconds, 1),
        "videos": len(loaded),
        "videos_left_out": len(loaded) - len(set(pool.videos.flat)),
        "pairs": len(pool),
        "frames": sum(len(video.frames) for video in loaded),
        **{name: identity[name] for name in names},
    }


def _first_views(recipe, feed):
    """The first pairs of views that a run sees, `(2, pairs, size, size, 1)`."""
    images, _ = next(iter(feed()))
    views, _ = pairs.drawn(
        learner.VIEWS[recipe.views], images[:, 0], seed=recipe.seed, step=0
    )
    return tf.stack(tf.split(views, 2))[:, :SHOWN].numpy()


def _write(folder, model, recipe, summary, views):
    with work.written(folder):
        for name, part in learner.plain(recipe, model).items():
            part.save(folder / name)
        config.save(recipe, folder / initial.RECIPE_FILE)
        (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")
        title = f"{recipe.method}, {recipe.encoder}, {summary['videos']} videos"
        pictures.page(summary, views, folder / PICTURE_FILE, title=title)


def _steps_per_epoch(recipe, count):
    step = recipe.batch * recipe.accumulate
    if step > count:
        several = f"{recipe.accumulate} times " if recipe.accumulate > 1 else ""
        raise errors.InputError(
            f"{several}a batch of {recipe.batch} is more than the {count} pairs that "
            f"the unlabelled videos of the splits {', '.join(recipe.splits)} offer; "
            "set a smaller batch"
        )
    return count // step
