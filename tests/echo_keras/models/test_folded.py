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


def test_in_half_precision_the_answer_differs_by_its_rounding():
    with precision.policy("bfloat16"):
        model = trained(initial.network(NETWORKS["unet"]))
    before = model(frames(), training=False).numpy()
    after = folded.fold(model)(frames(), training=False).numpy()
    np.testing.assert_allclose(after, before, atol=0.05)


@pytest.mark.parametrize("case", ["shared", "activated", "alone"])
def test_what_cannot_be_folded_is_left_alone(case):
    inputs = keras.Input((8, 8, 1))
    activation = "relu" if case == "activated" else None
    features = inputs
    if case != "alone":
        features = keras.layers.Conv2D(3, 3, activation=activation)(inputs)
    answer = keras.layers.BatchNormalization()(features)
    if case == "shared":
        answer = keras.layers.Concatenate()([answer, features])
    model = trained(keras.Model(inputs, answer))
    images = frames()[:, :8, :8]
    before = model(images).numpy()
    np.testing.assert_array_equal(folded.fold(model)(images), before)
