import keras
import keras_cv
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import deeplabv3, resnet
from echo_keras.training import precision


@pytest.fixture(scope="module")
def segmenter():
    keras.utils.set_random_seed(0)
    encoder = resnet.encoder(64, width=4, blocks=(1, 1, 1, 1))
    return deeplabv3.segmenter(encoder, filters=8)


def test_a_frame_gives_a_probability_per_pixel(segmenter):
    frames = np.random.default_rng(0).uniform(size=(2, 64, 64, 1)).astype(np.float32)
    probability = segmenter(frames).numpy()
    assert probability.shape == (2, 64, 64, 1)
    assert probability.dtype == np.float32
    assert 0 <= probability.min() <= probability.max() <= 1


def test_four_channels_share_one_pixel_among_them():
    encoder = resnet.encoder(64, width=4, blocks=(1, 1, 1, 1))
    probability = deeplabv3.segmenter(encoder, channels=4, filters=8)(
        np.zeros((1, 64, 64, 1), np.float32)
    )
    assert probability.shape == (1, 64, 64, 4)
    np.testing.assert_allclose(tf.reduce_sum(probability, -1), 1.0, atol=1e-5)


def test_the_encoder_learns_with_the_network():
    encoder = resnet.encoder(64, width=4, blocks=(1, 1, 1, 1))
    network = deeplabv3.segmenter(encoder, filters=8)
    own = {id(weight) for weight in network.trainable_weights}
    assert {id(weight) for weight in encoder.trainable_weights} <= own


@pytest.mark.parametrize("training", [False, True])
def test_the_pyramid_is_that_of_keras_cv(training):
    features = tf.random.stateless_normal((2, 14, 14, 6), seed=(1, 2))
    own = deeplabv3.Pyramid((2, 12, 36), num_channels=4)
    theirs = keras_cv.layers.SpatialPyramidPooling((2, 12, 36), num_channels=4)
    own(features)
    theirs(features)
    own.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        own(features, training=training),
        theirs(features, training=training),
        atol=1e-5,
    )


def test_a_saved_network_gives_the_same_mask(segmenter, tmp_path):
    frames = np.random.default_rng(0).uniform(size=(1, 64, 64, 1)).astype(np.float32)
    segmenter.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(frames), segmenter(frames), atol=1e-6)


def test_a_pyramid_of_an_earlier_version_is_read():
    config = deeplabv3.Pyramid(deeplabv3.RATES, num_channels=8).get_config()
    pyramid = deeplabv3.Pyramid.from_config({**config, "synchronized": False})
    assert pyramid.get_config() == config


def test_in_mixed_precision_the_answer_is_single_and_trains():
    with precision.policy("bfloat16"):
        encoder = resnet.shallow(32, width=2, blocks=(1, 1, 1, 1))
        network = deeplabv3.segmenter(encoder, channels=4, filters=4)
    assert network.get_layer("head_conv").compute_dtype == "bfloat16"
    frames = np.random.default_rng(0).random((2, 32, 32, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        answer = network(frames, training=True)
        loss = tf.reduce_mean(answer[..., 0] ** 2)
    assert answer.dtype == tf.float32
    for weight, gradient in zip(
        network.trainable_weights, tape.gradient(loss, network.trainable_weights)
    ):
        assert np.isfinite(gradient).all(), weight.name
