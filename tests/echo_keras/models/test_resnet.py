import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.models import resnet

SMALL = {"width": 4, "blocks": (1, 1, 2, 2)}


@pytest.fixture(scope="module")
def original():
    """Keras' ResNet50 with every weight and statistic made up."""
    model = keras.applications.ResNet50(include_top=False, weights=None)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            near_one = random.uniform(0.5, 1.5, (2, *shape))
            near_zero = random.normal(0, 0.1, (2, *shape))
            layer.set_weights([near_one[0], *near_zero, near_one[1]])
        elif layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, random.normal(0, 0.1, bias.shape)])
    return model


@pytest.fixture(scope="module")
def loaded(original):
    encoder = resnet.encoder(128)
    resnet.adopt(encoder, original)
    return encoder


def test_features_stay_at_an_eighth_of_the_size():
    shapes = [level.shape[1:] for level in resnet.encoder(64, **SMALL).outputs]
    sizes = [(32, 4), (16, 16), (8, 32), (8, 64), (8, 128)]
    assert shapes == [(size, size, channels) for size, channels in sizes]


def test_the_encoder_has_the_layers_of_the_original(original):
    own = {layer.name for layer in resnet.encoder(64).layers if layer.weights}
    theirs = {layer.name for layer in original.layers if layer.weights}
    assert own == theirs


def test_dilation_takes_the_place_of_the_last_two_strides():
    encoder = resnet.encoder(64, **SMALL)
    rates = [
        encoder.get_layer(f"conv{stage}_block{block}_2_conv").dilation_rate[0]
        for stage in (4, 5)
        for block in (1, 2)
    ]
    assert rates == [1, 2, 2, 4]


GRADIENTS = """
import sys
import numpy as np, tensorflow as tf
from echo_keras.models import resnet

encoder = resnet.shallow(96, width=int(sys.argv[1]), blocks=(1, 1, 1, 1))
random = np.random.default_rng(0)
encoder.set_weights([random.uniform(-0.3, 0.3, w.shape) for w in encoder.weights])
frames = tf.constant(random.uniform(size=(8, 96, 96, 1)), tf.float32)
kernel = encoder.get_layer("conv3_block1_0_conv").kernel
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(encoder(frames, training=True)[2][:, ::3, ::2] ** 2)
print(*np.ravel(tape.gradient(loss, kernel)))
"""


@pytest.mark.parametrize("width", [2, 4, 8])
def test_narrow_shortcuts_have_the_gradients_that_they_have_without_onednn(width):
    found = []
    for onednn in "01":
        done = subprocess.run(
            [sys.executable, "-c", GRADIENTS, str(width)],
            env=os.environ | {"TF_ENABLE_ONEDNN_OPTS": onednn},
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(np.array(done.stdout.split(), float))
    assert found[0].size == 2 * width**2
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3 * np.abs(found[0]).max())


def test_wide_shortcuts_stride_as_published(original):
    layer = resnet.encoder(64).get_layer("conv3_block1_0_conv")
    assert layer.strides == original.get_layer(layer.name).strides == (2, 2)


def test_the_shallow_network_follows_the_same_rule():
    encoder = resnet.shallow(64, width=4)
    shapes = [level.shape[1:] for level in encoder.outputs]
    sizes = [(32, 4), (16, 4), (8, 8), (8, 16), (8, 32)]
    assert shapes == [(size, size, channels) for size, channels in sizes]
    rates = [
        encoder.get_layer(f"conv{stage}_block{block}_{part}_conv").dilation_rate[0]
        for stage in (2, 3, 4, 5)
        for block in (1, 2)
        for part in (1, 2)
    ]
    assert rates == [1] * 8 + [1, 1, 2, 2, 2, 2, 4, 4]


def test_the_shallow_network_has_eighteen_layers_and_eleven_million_weights():
    """Of which two convolutions a block, the stem and the classifier, left out here."""
    encoder = resnet.shallow(64)
    kernels = [
        layer
        for layer in encoder.layers
        if isinstance(layer, keras.layers.Conv2D) and "_0_" not in layer.name
    ]
    assert len(kernels) == 17
    assert encoder.count_params() == pytest.approx(11.2e6, rel=0.01)


def test_every_weight_but_the_stem_is_the_original_one(original, loaded):
    for layer in loaded.layers:
        if layer.weights and layer.name != "conv1_conv":
            theirs = original.get_layer(layer.name).get_weights()
            for own, expected in zip(layer.get_weights(), theirs):
                np.testing.assert_array_equal(own, expected)


def test_grey_features_are_those_of_the_original_in_colour(original, loaded):
    """Up to the first dilated stage; the border differs by what it is padded with."""
    grey = np.random.default_rng(1).uniform(size=(1, 128, 128, 1)).astype(np.float32)
    colour = keras.applications.resnet.preprocess_input(255 * grey.repeat(3, axis=-1))
    for name, margin in [("conv1_relu", 2), ("conv3_block4_out", 7)]:
        own = keras.Model(loaded.inputs, loaded.get_layer(name).output)(grey).numpy()
        theirs = keras.Model(original.inputs, original.get_layer(name).output)
        inside = (slice(None), slice(margin, -margin), slice(margin, -margin))
        expected = theirs(colour).numpy()[inside]
        error = np.abs(own[inside] - expected).max() / np.abs(expected).max()
        assert error < 1e-5


@pytest.mark.parametrize(("size", "remedy"), [(36, 32), (3, 8), (101, 104)])
def test_a_size_that_cannot_be_halved_three_times_is_refused(size, remedy):
    with pytest.raises(errors.InputError, match=f"size {size} .*such as {remedy}"):
        resnet.encoder(size, width=1)
