import keras
import numpy as np

from echo_keras.models import heads


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


def test_the_projection_reads_the_pooled_features():
    base = encoder()
    network = heads.projecting(base, hidden=5, out=3)
    frames = np.random.default_rng(0).random((2, 4, 4, 1)).astype(np.float32)
    expected = network.get_layer("projection")(heads.pooled(base)(frames))
    np.testing.assert_allclose(network(frames), expected, rtol=1e-6)
