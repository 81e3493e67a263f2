"""A small encoder, noise for frames, and methods whose steps leave their gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.methods import byol, simclr

SIZE = 32
PATIENTS = (0, 1, 2, 3, 4, 5, 0, 3)
HEADS = {"hidden": 32, "projection": 4, "synchronized": True}


class Kept(keras.optimizers.legacy.SGD):
    """Plain descent at rate 1, so that a step subtracts the summed gradient."""

    def __init__(self, **_):
        super().__init__(1.0)


@pytest.fixture(scope="module", autouse=True)
def _double_precision():
    """Leave differences between replicas no rounding to hide in."""
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


@pytest.fixture(scope="session")
def batch():
    """Frames and their patients, two of whom have frames on different replicas."""
    shape = (len(PATIENTS), 1, 1, SIZE, SIZE, 1)
    noise = np.random.default_rng(0).uniform(0, 255, shape)
    return noise.astype(np.uint8), np.array(PATIENTS, np.int32)[:, None]


@pytest.fixture(scope="session")
def descent():
    return Kept


@pytest.fixture(scope="session")
def noisy():
    """A view that depends on a frame's place in the global batch, and is linear."""

    def view(images, seed, *, first, rows):
        noise = tf.random.stateless_normal((rows, SIZE, SIZE, 1), seed)
        return images + 0.1 * noise[first : first + tf.shape(images)[0]]

    return view


@pytest.fixture(scope="session")
def build(noisy):
    """Function that makes a method with the same first weights each time."""

    def made(name, **options):
        keras.utils.set_random_seed(0)
        options = {"view": noisy, **HEADS, **options}
        if name == "simclr":
            return simclr.SimCLR(_encoder(), temperature=0.5, **options)
        options = {"steps": 100, "momentum": 0.9, **options}
        return byol.BYOL(_encoder(), _encoder(), **options)

    return made


def _encoder():
    inputs = keras.Input((SIZE, SIZE, 1))
    levels = [inputs]
    for channels in (4, 8):
        layer = keras.layers.Conv2D(channels, 3, strides=2, activation="relu")
        norm = keras.layers.BatchNormalization(synchronized=True)
        levels.append(norm(layer(levels[-1])))
    return keras.Model(inputs, levels)
