"""Training steps of this library, for `benchmarks.pretrain` to time.

Run as `python -m benchmarks.steps_keras REPLICAS`.
"""

import functools
import sys

import numpy as np
import tensorflow as tf

from benchmarks import twins
from echo_keras import config
from echo_keras.training import learner, strategy

ECHO = learner.VIEWS["echo"]


def step(network, size, batch, mode, precision, *, devices):
    """Make a function that takes one SimCLR step at width 64 with Adam.

    Args:
        network: `resnet50` or `unet`.
        size: Height and width in pixels.
        batch: Frames in a batch, over all replicas.
        mode: `full`, or `network` without the drawing of views.
        precision: `float32` or `bfloat16`.
        devices: `tf.distribute.Strategy`.

    Returns:
        Function without arguments, which waits for the step to end.
    """
    recipe = config.Pretrain(encoder=network, size=size, width=64, batch=batch)
    replicas = devices.num_replicas_in_sync
    if mode == "network":
        learner.VIEWS["echo"] = lambda images, seed, **_: (images, images)
    with devices.scope():
        model = learner.create(
            recipe, 1000, multiply=precision, synchronized=replicas > 1
        )
    learner.VIEWS["echo"] = ECHO
    shape = (batch, 1, 1, size, size, 1)
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    parts = list(zip(np.split(frames, replicas), np.split(np.arange(batch), replicas)))

    def part(context):
        images, patients = parts[context.replica_id_in_sync_group]
        return tf.constant(images), tf.constant(patients[:, None])

    data = devices.experimental_distribute_values_from_function(part)
    taken = tf.function(lambda: devices.run(model.train_step, args=(data,))["loss"])
    return lambda: devices.experimental_local_results(taken())[0].numpy()


if __name__ == "__main__":
    created = strategy.create(int(sys.argv[1]))
    twins.answer(functools.partial(step, devices=created))
