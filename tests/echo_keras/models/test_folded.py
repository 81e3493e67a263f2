"""Folded batch norms leave the answer as it was."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import config
from echo_keras.models import folded
from echo_keras.training import initial, precision

SIZE = 64
NETWORKS = {
    "unet": config.Finetune(size=SIZE, width=4),
    "deeplabv3": config.Finetune(
        size=SIZE, width=4, network="deeplabv3", encoder="resnet18"
    ),
    "lite": config.Finetune(size=SIZE, width=8, encoder="efficientnet_lite2"),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    """Network whose batch norms have seen something, and some frames."""
    model = initial.network(NETWORKS[request.param])
    return trained(model), frames()


def trained(model):
    drawn = np.random.default_rng(0)
    for layer in norms(model):
        for weight in layer.weights:
            weight.assign(drawn.uniform(0.5, 1.5, weight.shape))
    return model


def frames():
    drawn = np.random.default_rng(1).uniform(size=(2, SIZE, SIZE, 1))
    return tf.constant(drawn, tf.float32)


def norms(model):
    return [
        layer
        for layer in model.submodules
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def operations(model):
    graph = tf.function(lambda frames: model(frames, training=False))
    graph = graph.get_concrete_function(tf.TensorSpec((1, SIZE, SIZE, 1))).graph
    return [operation.type for operation in graph.get_operations()]


def test_the_answer_stays_and_no_batch_norm_is_left(network):
    model, images = network
    before = model(images, training=False).numpy()
    assert "FusedBatchNormV3" in operations(model)
    after = folded.fold(model)(images, training=False).numpy()
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert before.std() > 0.01
    assert "FusedBatchNormV3" not in operations(model)


def test_a_bias_takes_the_shift():
    inputs = keras.Input((8, 8, 1))
    features = keras.layers.Conv2D(3, 3, bias_initializer="ones")(inputs)
    model = trained(keras.Model(inputs, keras.layers.BatchNormalization()(features)))
    images = frames()[:, :8, :8]
    before = model(images).numpy()
    np.testing.assert_allclose(folded.fold(model)(images), before, atol=1e-5)


def test_half_precision_errs_no_more_than_before():
    keras.utils.set_random_seed(0)
    exact = trained(initial.network(NETWORKS["unet"]))
    with precision.policy("bfloat16"):
        model = initial.network(NETWORKS["unet"])
    model.set_weights(exact.get_weights())

    def error():
        answer = model(frames(), training=False)
        return float(tf.reduce_mean(abs(answer - exact(frames(), training=False))))

    before = error()
    folded.fold(model)
    assert 0 < error() < 2 * before


INPUTS = keras.Input((8, 8, 1))


def convolution(filters=3, **options):
    return keras.layers.Conv2D(filters, 3, padding="same", **options)


def norm(**options):
    return keras.layers.BatchNormalization(**options)


def shared():
    features = convolution()(INPUTS)
    return keras.layers.Concatenate()([norm()(features), features])


def an_answer():
    features = convolution()(INPUTS)
    return [norm()(features), features]


def a_convolution_called_twice():
    twice = convolution(1)
    features = twice(INPUTS)
    return [norm()(twice(features)), keras.layers.ReLU()(features)]


def a_norm_called_twice():
    twice = norm()
    return twice(twice(convolution()(INPUTS)))


KEPT = {
    "no convolution": lambda: norm()(INPUTS),
    "activated": lambda: norm()(convolution(activation="relu")(INPUTS)),
    "shared": shared,
    "an answer": an_answer,
    "a convolution called twice": a_convolution_called_twice,
    "a norm called twice": a_norm_called_twice,
    "transposed": lambda: norm()(keras.layers.Conv2DTranspose(3, 3)(INPUTS)),
    "without scale": lambda: norm(scale=False)(convolution()(INPUTS)),
    "without shift": lambda: norm(center=False)(convolution()(INPUTS)),
    "another axis": lambda: norm(axis=1)(convolution()(INPUTS)),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_cannot_be_folded_is_left_alone(case):
    model = trained(keras.Model(INPUTS, KEPT[case]()))
    images = frames()[:, :8, :8]
    before = [answer.numpy() for answer in tf.nest.flatten(model(images))]
    after = tf.nest.flatten(folded.fold(model)(images))
    for wanted, answer in zip(before, after):
        np.testing.assert_array_equal(answer, wanted)


def test_folding_twice_is_folding_once():
    model = folded.fold(trained(initial.network(NETWORKS["unet"])))
    before = model(frames(), training=False).numpy()
    after = folded.fold(model)(frames(), training=False).numpy()
    np.testing.assert_array_equal(after, before)
