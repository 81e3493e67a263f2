"""Training a segmentation network on frames in memory, validated as it goes."""

import keras
import numpy as np
import tensorflow as tf

from echo_keras.data import schema
from echo_keras.losses import segmentation
from echo_keras.methods import pairs
from echo_keras.models import heads, norms, unet
from echo_keras.training import (
    batches,
    callbacks,
    curves,
    forgetting,
    layerwise,
    optimizers,
    precision,
    settings,
)

LOSSES = {
    "cross_entropy": segmentation.cross_entropy,
    "dice": segmentation.soft_dice,
    "both": segmentation.cross_entropy_and_dice,
    "focal": segmentation.focal,
}


def fit(model, recipe, frames, *, multiply="float32", checkpoints=None, seconds=0.0):
    """Train a network on frames in memory.

    Args:
        model: Network from frames to probabilities; its weights are changed, at last
            into those that the recipe keeps.
        recipe: `config.Finetune`.
        frames: `train` and `validation`, each images and labels as `labels.load`
            returns them, and `pseudo`, the same of teachers or None.
        multiply: `float32`, `bfloat16` or `float16`, as the network was built.
        checkpoints: Folder of checkpoints, which the same run goes on from, or None.
        seconds: Time between two of them, which are written where a run is validated.

    Returns:
        Dict of lists along the run: `step`, `loss`, `validation_loss` and
        `validation_dice`, at the network's size and of the weights at that step; and
        `kept_step`, whose weights are kept, and `seconds`, interruptions left out.

    Raises:
        InputError: The loss stopped being a number, or a checkpoint cannot be written
            or read.
    """
    momentum = norms.momentum(recipe.norm_momentum, recipe.steps)
    norms.forget(model, momentum)
    first = norms.statistics(model)
    learner = _compiled(model, recipe, multiply)
    told = curves.Curves(per_epoch=1)  # whose steps are the checks
    keepers = [callbacks.KeepBest(learner)] if recipe.keep == "best" else []
    savers = []
    if checkpoints:
        saver = _saver(checkpoints, seconds, learner=learner, told=told, best=keepers)
        savers.append(saver)
    each = recipe.steps // settings.checks(recipe)
    done = told.step * each
    if settings.forgets(recipe):
        forget = forgetting.TakeOutFirst(model, momentum, first, steps=done)
        keepers.insert(0, forget)
    watchers = [
        *keepers,
        curves.Keep(told),
        callbacks.Progress("finetune", recipe.steps, done=done),
        callbacks.StopAtBrokenLoss(done=done, also=_anew(checkpoints)),
        *savers,
    ]
    _train(learner, recipe, frames, done=done, watchers=watchers)
    optimizers.use_averages(learner)
    return _summary(told, each=each, best=recipe.keep == "best")


def _train(learner, recipe, frames, *, done, watchers):
    """Take the steps that are not done yet, one of Keras's epochs to each check."""
    checks = settings.checks(recipe)
    each = recipe.steps // checks
    learner.fit(
        batches.endless(recipe, frames["train"], frames["pseudo"], first=done),
        steps_per_epoch=each,
        initial_epoch=done // each,
        epochs=checks,
        validation_data=batches.whole(frames["validation"], recipe.batch),
        callbacks=watchers,
        verbose=0,
    )


def _summary(told, *, each, best):
    """What the checks of a run found, one after so many steps each."""
    kept = np.argmin(told.epochs["val_loss"]) + 1 if best else told.step
    return {
        "step": [each * (i + 1) for i in range(told.step)],
        "loss": told.epochs["loss"],
        "validation_loss": told.epochs["val_loss"],
        "validation_dice": told.epochs["val_dice"],
        "kept_step": each * int(kept),
        "seconds": round(told.seconds, 1),
    }


def _anew(checkpoints):
    if not checkpoints:
        return ""
    return f", and remove {checkpoints.parent}, if it is there, to start anew"


def _saver(folder, seconds, *, learner, told, best):
    """What saves a run, once it is in the state of its newest checkpoint, if any."""
    # Whose slots have to be there to be restored.
    pairs.prepare(learner.optimizer, learner.trainable_variables)
    # Weights as a list, as TensorFlow does not save a list of layers that was changed,
    # and keras-cv's pyramid of DeepLabV3 holds one.
    network = tf.train.Checkpoint(weights=learner.weights)
    parts = {"network": network, "optimizer": learner.optimizer, "curves": told}
    for keeper in best:
        parts["best"] = keeper.kept
    saver = callbacks.CheckpointsOfChecks(folder, seconds, **parts)
    saver.restore(folder)
    return saver


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
