import keras
import numpy as np

from echo_keras.models import heads


def test_pooled_features_are_the_mean_over_all_places():
    inputs = keras.Input((4, 4, 1))
    coarse = keras.layers.AveragePooling2D()(inputs)
    encoder = keras.Model(inputs, [inputs, coarse])
    frames = np.arange(32, dtype=np.float32).reshape(2, 4, 4, 1)
    np.testing.assert_allclose(heads.pooled(encoder)(frames), [[7.5], [23.5]])


def test_the_projection_has_one_hidden_layer_as_wide_as_its_input():
    head = heads.projection(6, out=3)
    assert head.output_shape == (None, 3)
    kernels = [w.shape for w in head.trainable_weights if "kernel" in w.name]
    assert kernels == [(6, 6), (6, 3)]
