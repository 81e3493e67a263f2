import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.models import efficientnet
from echo_keras.training import imagenet

SIZES = (32, 16, 8, 4, 2)
CHANNELS = (16, 24, 48, 120, 352)
# Mean and deviation of each level in `efficientnet_lite_pytorch` 0.1.0 with PyTorch
# 2.13, image_size 64, for `pattern` in all three colours.
PYTORCH = (
    (0.69890, 11.39150),
    (-1.05272, 13.79513),
    (-0.68353, 11.44472),
    (-0.14102, 8.67988),
    (-0.47033, 3.72618),
)


def pattern():
    line = np.arange(64)
    return (np.outer(line, line) % 97 / 96).astype(np.float32)[None, ..., None]


def test_each_level_is_half_the_size_of_the_one_before():
    encoder = efficientnet.encoder(64)
    assert encoder.name == "efficientnet_lite2"
    shapes = [level.shape[1:] for level in encoder.outputs]
    assert shapes == [(n, n, channels) for n, channels in zip(SIZES, CHANNELS)]


def test_all_channels_follow_the_width():
    levels = efficientnet.encoder(64, width=8).outputs
    assert [level.shape[-1] for level in levels] == [4, 6, 12, 30, 88]


@pytest.mark.parametrize("size", [48, 100])
def test_a_size_that_cannot_be_halved_five_times_is_refused(size):
    with pytest.raises(errors.InputError, match=f"size {size} .*multiple of 32, such"):
        efficientnet.encoder(size)


def test_synchronised_batch_norm_reaches_every_block():
    norms = [
        layer
        for layer in efficientnet.encoder(32, width=2, synchronized=True).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(norms) == 3 * 21
    assert all(norm.synchronized for norm in norms)


def test_whole_branches_are_left_out_while_it_is_trained():
    keras.utils.set_random_seed(0)
    drops = [
        layer
        for layer in efficientnet.encoder(32, width=2).layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    assert [drop.rate for drop in drops] == sorted(drop.rate for drop in drops)
    assert 0 < drops[-1].rate < efficientnet.DROPPED
    ones = tf.ones((200, 2, 2, 3))
    dropped = drops[-1](ones, training=True).numpy()
    assert np.ptp(dropped, axis=(1, 2, 3)).max() == 0
    assert 0 < (dropped[:, 0, 0, 0] == 0).mean() < 0.4


def test_imagenets_weights_answer_as_in_pytorch():
    encoder = efficientnet.encoder(64)
    efficientnet.adopt(encoder, imagenet.lite())
    for level, (mean, deviation) in zip(encoder(pattern()), PYTORCH):
        np.testing.assert_allclose(np.mean(level), mean, atol=2e-4)
        np.testing.assert_allclose(np.std(level), deviation, rtol=1e-4)


def test_a_weight_of_another_shape_is_not_adopted():
    encoder = efficientnet.encoder(32, width=16)
    with pytest.raises(ValueError, match="shape"):
        efficientnet.adopt(encoder, imagenet.lite())
