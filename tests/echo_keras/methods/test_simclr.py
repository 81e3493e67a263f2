import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.methods import simclr
from echo_keras.training import strategy

SIZE, BATCH = 32, 8


class Kept(keras.optimizers.legacy.SGD):
    """Plain descent at rate 1, so that a step subtracts the summed gradient."""

    def __init__(self, **_):
        super().__init__(1.0)


def frames():
    noise = np.random.default_rng(0).uniform(0, 255, (BATCH, SIZE, SIZE, 1))
    return noise.astype(np.uint8)


def noisy(images, seed, *, first, rows):
    """A view that depends on a frame's place in the global batch, and is linear."""
    noise = tf.random.stateless_normal((rows, SIZE, SIZE, 1), seed)
    return images + 0.1 * noise[first : first + tf.shape(images)[0]]


def encoder():
    inputs = keras.Input((SIZE, SIZE, 1))
    levels = [inputs]
    for channels in (4, 8):
        layer = keras.layers.Conv2D(channels, 3, strides=2, activation="relu")
        norm = keras.layers.BatchNormalization(synchronized=True)
        levels.append(norm(layer(levels[-1])))
    return keras.Model(inputs, levels)


def model(view=noisy, **options):
    keras.utils.set_random_seed(0)
    return simclr.SimCLR(
        encoder(),
        view=view,
        temperature=0.5,
        projection=4,
        synchronized=True,
        **options,
    )


@pytest.fixture(scope="module", autouse=True)
def _double_precision():
    """Leave differences between replicas no rounding to hide in."""
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


def one_step(replicas):
    """Loss, gradients and statistics of the first step on a global batch."""
    chosen = strategy.create(replicas)
    with chosen.scope():
        method = model()
        method.compile(Kept())
    before = [weight.numpy() for weight in method.trainable_variables]
    data = tf.data.Dataset.from_tensors(frames())
    logs = method.fit(data, verbose=0).history
    after = [weight.numpy() for weight in method.trainable_variables]
    gradients = [old - new for old, new in zip(before, after)]
    statistics = [weight.numpy() for weight in method.encoder.non_trainable_weights]
    return logs, gradients, statistics


@pytest.fixture(scope="module")
def alone():
    return one_step(1)


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_change_neither_loss_nor_gradients_nor_statistics(alone, replicas):
    logs, gradients, statistics = one_step(replicas)
    assert logs.keys() == alone[0].keys()
    for name, value in logs.items():
        np.testing.assert_allclose(value, alone[0][name], atol=1e-6)
    for found, expected in zip(gradients + statistics, alone[1] + alone[2]):
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_the_gradient_is_that_of_the_mean_loss_over_views(alone):
    """A second route: the written-out objective on the same views, one device."""
    method = model()
    images = tf.image.convert_image_dtype(frames(), tf.float32)
    seeds = [tf.random.fold_in((0, 0), side) for side in range(2)]
    both = [noisy(images, seed, first=0, rows=BATCH) for seed in seeds]
    both = tf.concat(both, axis=0)
    with tf.GradientTape() as tape:
        units = tf.math.l2_normalize(method(both, training=True), axis=1)
        logits = tf.matmul(units, units, transpose_b=True) / 0.5
        others = tf.exp(logits) * (1 - tf.eye(2 * BATCH, dtype=logits.dtype))
        partners = tf.reduce_sum(units * tf.roll(units, BATCH, axis=0), axis=1) / 0.5
        loss = tf.reduce_mean(tf.math.log(tf.reduce_sum(others, axis=1)) - partners)
    np.testing.assert_allclose(alone[0]["loss"], [loss], atol=1e-5)
    expected = tape.gradient(loss, method.trainable_variables)
    for found, gradient in zip(alone[1], expected):
        np.testing.assert_allclose(found, gradient, atol=1e-8)


def test_every_step_and_seed_has_views_of_its_own():
    drawn = []

    def kept(images, seed, *, first, rows):
        drawn.append(tuple(int(number) for number in seed))
        return images

    for seed in (0, 1):
        method = model(view=kept, seed=seed)
        method.compile(Kept())
        for _ in range(2):
            method.train_step(tf.constant(frames()))
    assert len(drawn) == len(set(drawn)) == 8


def test_a_few_frames_are_told_apart_after_training():
    method = model()
    method.compile(keras.optimizers.legacy.Adam(1e-2))
    data = tf.data.Dataset.from_tensors(frames()).repeat(40)
    history = method.fit(data, epochs=2, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["accuracy"][-1] > 0.9
    assert history["spread"][-1] > 0.5
