import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.models import efficientnet, unet
from echo_keras.training import precision


@pytest.fixture
def noise():
    return np.random.default_rng(0).random((2, 32, 32, 1)).astype(np.float32)


def convolution(channels, filters):
    """Parameters of a 3 x 3 convolution without bias and its normalisation."""
    return 9 * channels * filters + 4 * filters


def test_the_encoder_halves_the_size_and_doubles_the_channels(noise):
    encoder = unet.encoder(32, width=3)
    assert encoder.name == "unet"
    assert [tuple(level.shape) for level in encoder(noise)] == [
        (2, 32, 32, 3),
        (2, 16, 16, 6),
        (2, 8, 8, 12),
        (2, 4, 4, 24),
        (2, 2, 2, 24),
    ]


def test_the_published_encoder_has_the_published_channels():
    levels = unet.encoder(224).outputs
    assert [level.shape[-1] for level in levels] == [64, 128, 256, 512, 512]


@pytest.mark.parametrize("width", [2, 64])
def test_the_number_of_parameters_follows_from_the_widths(width):
    down = [1, *(width * factor for factor in (1, 2, 4, 8, 8))]
    expected = sum(
        convolution(before, after) + convolution(after, after)
        for before, after in zip(down, down[1:])
    )
    encoder = unet.encoder(32, width=width)
    assert encoder.count_params() == expected
    for level in (4, 3, 2, 1):
        skip, leaves = down[level], down[max(level - 1, 1)]
        grown = 8 * width if level == 4 else skip
        expected += convolution(grown + skip, skip) + convolution(skip, leaves)
    expected += width + 1
    assert unet.segmenter(encoder).count_params() == expected


def test_the_segmenter_gives_probabilities_of_the_input_size(noise):
    keras.utils.set_random_seed(0)
    probability = unet.segmenter(unet.encoder(32, width=2))(noise * 2)
    assert probability.shape == noise.shape
    assert probability.dtype == tf.float32
    assert 0 <= probability.numpy().min() < probability.numpy().max() <= 1


def test_four_channels_share_one_pixel_among_them(noise):
    probability = unet.segmenter(unet.encoder(32, width=2), channels=4)(noise)
    assert probability.shape == (2, 32, 32, 4)
    np.testing.assert_allclose(tf.reduce_sum(probability, -1), 1.0, atol=1e-5)


def test_the_segmenter_shares_the_weights_of_its_encoder(noise):
    encoder = unet.encoder(32, width=2)
    model = unet.segmenter(encoder)
    before = model(noise).numpy()
    for weight in encoder.trainable_weights:
        weight.assign(weight * 2 + 0.1)
    assert np.abs(model(noise) - before).max() > 1e-4
    owned = {id(weight) for weight in model.weights}
    assert {id(weight) for weight in encoder.weights} <= owned


def test_every_level_reaches_the_answer(noise):
    keras.utils.set_random_seed(0)
    model = unet.segmenter(unet.encoder(32, width=2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(noise, training=True) ** 2)
    for weight, gradient in zip(
        model.trainable_weights, tape.gradient(loss, model.trainable_weights)
    ):
        assert np.abs(gradient).max() > 0, weight.name


def test_a_frame_enters_with_a_mean_near_zero():
    encoder = unet.encoder(32, width=2)
    normalise = keras.Model(encoder.inputs, encoder.get_layer("normalise").output)
    # A quarter is about the mean, and the deviation, of the grey of an echocardiogram.
    levels = tf.reshape(tf.constant([0.0, 0.25, 0.5, 1.0]), (4, 1, 1, 1))
    frames = tf.tile(levels, (1, 32, 32, 1))
    np.testing.assert_allclose(normalise(frames)[:, 0, 0, 0], [-1, 0, 1, 3])


def test_synchronised_batch_norm_reaches_every_level():
    encoder = unet.encoder(32, width=2, synchronized=True)
    decoder = unet.decoder(encoder, synchronized=True)
    norms = [
        layer
        for layer in (*encoder.layers, *decoder.layers)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(norms) == 18
    assert all(norm.synchronized for norm in norms)


@pytest.mark.parametrize("size", [8, 40, 100, 225])
def test_a_size_that_cannot_be_halved_four_times_is_refused(size):
    with pytest.raises(errors.InputError, match=f"size {size} .*use a multiple of 16"):
        unet.encoder(size, width=2)


def test_a_saved_segmenter_answers_the_same(noise, tmp_path):
    model = unet.segmenter(unet.encoder(32, width=2))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(noise), model(noise), atol=1e-6)


def test_an_encoder_that_begins_at_half_of_the_size_is_grown_to_all_of_it(noise):
    encoder = efficientnet.encoder(32, width=4)
    model = unet.segmenter(encoder)
    assert model(noise).shape == noise.shape
    finest = encoder.output_shape[0][-1]
    for level, factor in enumerate((1, 2, 3, 4, 8)):
        shape = (None, 32 // 2**level, 32 // 2**level, factor * finest)
        for half in "ab":
            assert model.get_layer(f"decoder{level}{half}_relu").output_shape == shape
    answers = unet.supervised(model)(noise)
    np.testing.assert_allclose(answers[..., :1], model(noise), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 4])
def test_a_supervised_network_answers_first_and_its_coarser_levels_after(
    noise, channels
):
    model = unet.segmenter(unet.encoder(32, width=2), channels=channels)
    supervised = unet.supervised(model)
    answers = supervised(noise).numpy()
    assert answers.shape == (2, 32, 32, 3 * channels)
    np.testing.assert_allclose(answers[..., :channels], model(noise), atol=1e-6)
    for level, name in ((1, "decoder1b_relu"), (2, "decoder2b_relu")):
        features = model.get_layer(name).output
        assert features.shape[1] == 32 // 2**level
        part = answers[..., level * channels : (level + 1) * channels]
        assert np.ptp(part) > 0
    assert len(supervised.weights) == len(model.weights) + 4


def test_in_mixed_precision_the_answer_is_single_and_the_rest_is_not(noise):
    with precision.policy("bfloat16"):
        model = unet.supervised(unet.segmenter(unet.encoder(32, width=2)))
    computed = {layer.name: layer.compute_dtype for layer in model.layers}
    assert computed["decoder0b_conv"] == "bfloat16"
    for name in ("logits", "logits1", "logits2", "probability", "answers"):
        assert computed[name] == "float32"
    assert model(noise).dtype == tf.float32
