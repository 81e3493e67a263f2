import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import tapwise

MAPS = [(14, 14, 12), (14, 14, 24), (9, 20, 4), (28, 28, 12), (5, 6, 1)]


def twins(height, width, rate):
    options = {"filters": 3, "kernel_size": 3, "padding": "same", "dilation_rate": rate}
    plain = keras.layers.Conv2D(**options)
    tapped = tapwise.TapwiseConv2D(**options)
    for layer in (plain, tapped):
        layer.build((None, height, width, 4))
    tapped.set_weights(plain.get_weights())
    return plain, tapped


@pytest.mark.parametrize(("height", "width", "rate"), MAPS)
def test_the_result_is_that_of_the_plain_layer(height, width, rate):
    frames = np.random.default_rng(0).normal(size=(2, height, width, 4))
    frames = tf.constant(frames, tf.float32)
    plain, tapped = twins(height, width, rate)
    np.testing.assert_allclose(tapped(frames), plain(frames), atol=1e-5)


@pytest.mark.parametrize(("height", "width", "rate"), MAPS)
def test_the_gradients_are_those_of_the_plain_layer(height, width, rate):
    frames = np.random.default_rng(0).normal(size=(2, height, width, 4))
    frames = tf.constant(frames, tf.float32)
    found = []
    for layer in twins(height, width, rate):
        with tf.GradientTape() as tape:
            tape.watch(frames)
            loss = tf.reduce_mean(tf.square(layer(frames)))
        found.append(tape.gradient(loss, [frames, layer.kernel]))
    for expected, gradient in zip(*found):
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_at_a_rate_beyond_the_map_only_the_centre_tap_counts():
    _, tapped = twins(14, 14, 36)
    frames = np.random.default_rng(0).normal(size=(1, 14, 14, 4)).astype(np.float32)
    expected = frames @ tapped.kernel.numpy()[1, 1] + tapped.bias.numpy()
    np.testing.assert_allclose(tapped(frames), expected, atol=1e-5)
