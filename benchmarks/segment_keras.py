"""Steps of this library's segmentation networks, for `benchmarks.finetune` to time."""

import numpy as np
import tensorflow as tf

from benchmarks import twins
from echo_keras import config
from echo_keras.losses import segmentation
from echo_keras.models import folded
from echo_keras.training import initial, optimizers, precision


def step(network, size, batch, mode, precision):
    """Make a function that trains on a batch with AdamW, or segments it, at width 64.

    Args:
        network: `unet` or `deeplabv3`.
        size: Height and width in pixels.
        batch: Frames in a batch.
        mode: `train` or `infer`.
        precision: `float32` or `bfloat16`.

    Returns:
        Function without arguments, which waits for the step to end.
    """
    recipe = config.Finetune(network=network, size=size, width=64)
    model = build(recipe, precision)
    return (infer if mode == "infer" else train)(model, batch)


def infer(model, batch):
    """Function that segments a batch, as `echo-keras export` lets a network do it.

    Args:
        model: Network from frames to probabilities; it is folded.
        batch: Frames in a batch.
    """
    frames, _ = _batch(model, batch)
    folded.fold(model)
    segmented = tf.function(lambda: model(frames, training=False))
    return lambda: segmented().numpy()


def train(model, batch):
    """Function that trains a network on a batch with AdamW.

    Args:
        model: Network from frames to probabilities; it is changed.
        batch: Frames in a batch.
    """
    pair = _batch(model, batch)
    model.compile(
        optimizers.create(
            "adamw", learning_rate=1e-3, weight_decay=1e-4, steps=1000, warmup_steps=0
        ),
        loss=segmentation.cross_entropy_and_dice,
    )
    trained = tf.function(lambda: model.train_step(pair))
    return lambda: trained()["loss"].numpy()


def _batch(model, count):
    random = np.random.default_rng(0)
    shape = (count, *model.input_shape[1:])
    frames = random.random(shape, np.float32)
    masks = (random.random(shape) < 0.5).astype(np.float32)
    return tf.constant(frames), tf.constant(masks)


def build(recipe, multiply):
    """The network of a recipe, which multiplies as told."""
    with precision.policy(multiply):
        return initial.network(recipe)


if __name__ == "__main__":
    twins.answer(step)
