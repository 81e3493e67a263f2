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
    model = _model(network, size, precision)
    random = np.random.default_rng(0)
    shape = (batch, size, size, 1)
    frames = tf.constant(random.random(shape, np.float32))
    masks = tf.constant((random.random(shape) < 0.5).astype(np.float32))
    if mode == "infer":
        folded.fold(model)  # as `echo-keras export` does
        segmented = tf.function(lambda: model(frames, training=False))
        return lambda: segmented().numpy()
    model.compile(
        optimizers.create(
            "adamw", learning_rate=1e-3, weight_decay=1e-4, steps=1000, warmup_steps=0
        ),
        loss=segmentation.cross_entropy_and_dice,
    )
    trained = tf.function(lambda: model.train_step((frames, masks)))
    return lambda: trained()["loss"].numpy()


def _model(network, size, multiply):
    recipe = config.Finetune(network=network, size=size, width=64)
    with precision.policy(multiply):
        return initial.network(recipe)


if __name__ == "__main__":
    twins.answer(step)
