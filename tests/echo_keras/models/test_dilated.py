"""Dilated convolutions take another kernel and give the same."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import dilated, resnet

SIZE = 32


@pytest.fixture
def plain(monkeypatch):
    """A small encoder as Keras runs it."""
    with monkeypatch.context() as patch:
        patch.setattr(dilated, "native", lambda dtype: False)
        return resnet.shallow(SIZE, width=4)


@pytest.fixture
def frames():
    drawn = np.random.default_rng(0).uniform(size=(2, SIZE, SIZE, 1))
    return tf.constant(drawn, tf.float32)


def gradients(model, frames):
    @tf.function
    def found():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(frames, training=True)[-1]))
        return tape.gradient(loss, model.trainable_variables)

    return [gradient.numpy() for gradient in found()]


def hastened(model):
    return [
        layer
        for layer in model.layers
        if getattr(layer, "convolution_op", None).__class__.__name__ == "partial"
    ]


def test_results_and_gradients_are_those_of_the_plain_layers(plain, frames):
    quick = resnet.shallow(SIZE, width=4)
    quick.set_weights(plain.get_weights())
    assert bool(hastened(quick)) == dilated.native("float32")
    assert not hastened(plain)
    for expected, answer in zip(plain(frames), quick(frames)):
        np.testing.assert_allclose(answer, expected, atol=1e-5)
    for expected, gradient in zip(gradients(plain, frames), gradients(quick, frames)):
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_every_dilated_layer_is_hastened_and_no_other(plain):
    if not dilated.native("float32"):
        pytest.skip("this processor's kernels have no gradient of dilation")
    wide = {layer.name for layer in plain.layers if _rate(layer) > 1}
    quick = resnet.shallow(SIZE, width=4)
    assert {layer.name for layer in hastened(quick)} == wide != set()


def test_what_is_saved_holds_plain_layers(tmp_path, frames):
    quick = resnet.shallow(SIZE, width=4)
    quick.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras", compile=False)
    assert not hastened(loaded)
    np.testing.assert_allclose(loaded(frames)[-1], quick(frames)[-1], atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_kernel_is_native_where_a_tape_finds_its_gradients(dtype):
    @tf.function
    def taped(maps, kernel):
        with tf.GradientTape() as tape:
            tape.watch([maps, kernel])
            answer = dilated.convolution(maps, kernel, dilations=(2, 2))
        return tape.gradient(answer, [maps, kernel])

    given = tf.ones((1, 4, 4, 1), dtype), tf.ones((3, 3, 1, 1), dtype)
    if dilated.native(dtype):
        assert [one.dtype for one in taped(*given)] == [dtype, dtype]
    else:
        with pytest.raises(tf.errors.OpError, match="dilation"):
            taped(*given)


def test_a_kernel_without_a_gradient_is_left_alone(monkeypatch):
    def refuse(*_, **__):
        raise tf.errors.InvalidArgumentError(None, None, "no dilation")

    monkeypatch.setattr(tf.raw_ops, "Conv2DBackpropFilter", refuse)
    with uncached():
        assert not dilated.native("float32")
        assert not hastened(resnet.shallow(SIZE, width=4))


def test_a_kernel_is_tried_though_keras_traces_the_layer(monkeypatch):
    def refuse(input, **_):
        failing = tf.debugging.assert_greater(tf.random.uniform(()), 2.0)
        with tf.control_dependencies([failing]):
            return tf.identity(input)

    monkeypatch.setattr(tf.raw_ops, "Conv2DBackpropFilter", refuse)
    found = []
    with uncached():
        tf.function(lambda: found.append(dilated.native("float32")))()
    assert found == [False]


@contextlib.contextmanager
def uncached():
    dilated.native.cache_clear()
    try:
        yield
    finally:
        dilated.native.cache_clear()


def _rate(layer):
    return max(getattr(layer, "dilation_rate", (1,)))
