"""Training steps of this library, for `benchmarks.pretrain` to time."""

import numpy as np
import tensorflow as tf

from benchmarks import twins
from echo_keras import config
from echo_keras.training import learner

ECHO = learner.VIEWS["echo"]


def step(network, size, batch, mode, precision):
    """Make a function that takes one SimCLR step at width 64 with Adam.

    Args:
        network: `resnet50` or `unet`.
        size: Height and width in pixels.
        batch: Frames in a batch.
        mode: `full`, or `network` without the drawing of views.
        precision: `float32` or `bfloat16`.

    Returns:
        Function without arguments, which waits for the step to end.
    """
    recipe = config.Pretrain(encoder=network, size=size, width=64, batch=batch)
    if mode == "network":
        learner.VIEWS["echo"] = lambda images, seed, **_: (images, images)
    model = learner.create(recipe, 1000, multiply=precision)
    learner.VIEWS["echo"] = ECHO
    shape = (batch, 1, 1, size, size, 1)
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    data = tf.constant(frames), tf.range(batch)[:, None]
    taken = tf.function(model.train_step)
    return lambda: taken(data)["loss"].numpy()


if __name__ == "__main__":
    twins.answer(step)
