"""A small encoder, noise for frames, and methods whose steps leave their gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.methods import byol, dense, pairs, simclr
from echo_keras.models import heads

SIZE = 32
PLACES, APART = 3, 0.2
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
        images += 0.1 * noise[first : first + tf.shape(images)[0]]
        return images, _maps(images, 1.0)

    return view


@pytest.fixture(scope="session")
def turned(noisy):
    """The same, and every first view is upside down."""

    def view(images, seed, **where):
        images, _ = noisy(images, seed, **where)
        first = seed[1] % 2 == 0
        maps = _maps(images, tf.where(first, -1.0, 1.0))
        return tf.where(first, images[:, ::-1], images), maps

    return view


@pytest.fixture(scope="session")
def build(noisy, turned):
    """Function that makes a method with the same first weights each time."""

    def made(name, *, view=noisy, contrast="global", **options):
        keras.utils.set_random_seed(0)
        draw, features = pairs.whole(view), heads.pooled
        if contrast == "dense":
            draw = dense.draw(turned, count=PLACES, apart=APART)
            features = heads.sampled
        options = {"draw": draw, **HEADS, **options}
        if name == "simclr":
            return simclr.SimCLR(features(_encoder()), temperature=0.5, **options)
        options = {"steps": 100, "momentum": 0.9, **options}
        return byol.BYOL(features(_encoder()), features(_encoder()), **options)

    return made


def _maps(images, turn):
    """Geometry of views that are their frames, or upside down where `turn` is -1."""
    one = tf.reshape(tf.stack([1.0, 0.0, 0.0, 0.0, turn, 0.0]), (1, 2, 3))
    return tf.tile(one, (tf.shape(images)[0], 1, 1))


def _encoder():
    inputs = keras.Input((SIZE, SIZE, 1))
    levels = [inputs]
    for channels in (4, 8):
        layer = keras.layers.Conv2D(channels, 3, strides=2, activation="relu")
        norm = keras.layers.BatchNormalization(synchronized=True)
        levels.append(norm(layer(levels[-1])))
    return keras.Model(inputs, levels)
