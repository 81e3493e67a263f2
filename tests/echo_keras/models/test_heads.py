import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import heads, unet


def encoder():
    inputs = keras.Input((4, 4, 1))
    return keras.Model(inputs, [inputs, keras.layers.AveragePooling2D()(inputs)])


def test_pooled_features_are_the_mean_over_all_places():
    frames = np.arange(32, dtype=np.float32).reshape(2, 4, 4, 1)
    np.testing.assert_allclose(heads.pooled(encoder())(frames), [[7.5], [23.5]])


def test_a_perceptron_has_one_hidden_layer():
    head = heads.perceptron(6, hidden=5, out=3, name="head")
    assert head.output_shape == (None, 3)
    kernels = [w.shape for w in head.trainable_weights if "kernel" in w.name]
    assert kernels == [(6, 5), (5, 3)]


def test_the_projection_reads_the_features():
    features = heads.pooled(encoder())
    network = heads.projecting(features, hidden=5, out=3)
    frames = np.random.default_rng(0).random((2, 4, 4, 1)).astype(np.float32)
    expected = network.get_layer("projection")(features(frames))
    np.testing.assert_allclose(network(frames), expected, rtol=1e-6)


def test_a_place_is_read_between_the_four_cells_around_it():
    """Pixels 0 to 3 stand at -.375 to .375; here their value is 10 rows + columns."""
    rows, columns = np.mgrid[:4, :4].astype(np.float32)
    frames = (10 * rows + columns)[None, ..., None]
    pixel = np.array([[0, 0], [3, 3], [1.5, 0.25], [2, 3], [-0.4, 3.4]], np.float32)
    read = heads.sampled(_finest(encoder()))([frames, (pixel[None] - 1.5) / 4])
    np.testing.assert_allclose(read[:, 0], [0, 33, 4, 32, 30], atol=1e-5)


def test_a_coarser_map_is_read_at_the_pixels_that_its_layers_strode_to():
    """A stride of 2 takes pixels 0 and 2 of four."""
    inputs = keras.Input((4, 4, 1))
    coarse = keras.layers.MaxPooling2D(1, strides=2)(inputs)
    rows, columns = np.mgrid[:4, :4].astype(np.float32)
    frames = (10 * rows + columns)[None, ..., None]
    pixel = np.array([[[0, 0], [2, 2], [1, 2]]], np.float32)
    features = heads.sampled(keras.Model(inputs, [inputs, coarse]))
    read = features([frames, (pixel - 1.5) / 4])
    np.testing.assert_allclose(read[:, 0], [0, 22, 21], atol=1e-5)


def test_places_are_read_from_what_a_decoder_makes_of_the_levels():
    base = unet.encoder(16, width=2)
    decoder = unet.decoder(base)
    frames = np.random.default_rng(0).random((2, 16, 16, 1)).astype(np.float32)
    place = (np.array([[[3, 5]], [[0, 15]]], np.float32) - 7.5) / 16
    read = heads.sampled(base, decoder)([frames, place])
    features = decoder(base(frames)).numpy()
    expected = [features[0, 5, 3], features[1, 15, 0]]
    np.testing.assert_allclose(read, expected, rtol=1e-4, atol=1e-6)


def _finest(model):
    return keras.Model(model.inputs, [model.outputs[0], model.outputs[0]])


@pytest.mark.parametrize("channels", [1, 4])
def test_the_ventricle_is_the_only_channel_or_the_second(channels):
    logits = np.random.default_rng(0).normal(size=(2, 3, 3, channels))
    probability = heads.probabilities(tf.constant(logits, tf.float32)).numpy()
    power = np.exp(logits)
    expected = power / (1 + power)
    if channels == 4:
        expected = (power / power.sum(axis=-1, keepdims=True))[..., 1:2]
    ventricle = heads.ventricle(probability)
    assert ventricle.shape == (2, 3, 3, 1)
    np.testing.assert_allclose(ventricle, expected, rtol=1e-5)


def test_probabilities_are_precise_in_mixed_precision():
    logits = tf.constant([[[[0.0]]]], tf.bfloat16)
    assert heads.probabilities(logits).dtype == tf.float32
