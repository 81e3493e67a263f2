import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import config
from echo_keras.training import initial, learner

TINY = config.Pretrain(size=32, width=2, batch=8, warmup_epochs=0, learning_rate=1e-2)


@pytest.mark.parametrize(
    ("recipe", "hidden", "projection"),
    [
        (config.Pretrain(method="simclr", width=2), 16, 128),
        (config.Pretrain(method="byol", width=2), 128, 8),
        (config.Pretrain(method="simclr", width=2, hidden=6, projection=5), 6, 5),
        (config.Pretrain(method="byol", width=2, hidden=6, projection=5), 6, 5),
    ],
)
def test_heads_scale_with_the_width_unless_the_recipe_says(recipe, hidden, projection):
    model = learner.create(recipe, 10)
    shapes = {
        layer.name: layer.kernel.shape[-1]
        for head in model._flatten_layers()
        for layer in getattr(head, "layers", ())
        if isinstance(layer, keras.layers.Dense)
    }
    assert shapes["projection_hidden"] == hidden
    assert shapes["projection_out"] == projection


@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_a_run_may_begin_with_an_earlier_encoder(pretrained, method):
    recipe = config.replace(TINY, init=str(pretrained), method=method)
    model = learner.create(recipe, 10)
    earlier = keras.models.load_model(pretrained / initial.ENCODER_FILE, compile=False)
    begun = [model.features]
    if method == "byol":
        begun.append(model.target)
    for network in begun:
        own = network.get_layer("unet").get_weights()
        assert len(own) == len(earlier.weights)
        for weight, expected in zip(own, earlier.get_weights()):
            np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("multiply", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_contrast_of_places_reaches_the_decoder(method, multiply):
    recipe = config.replace(TINY, method=method, contrast="dense", places=4)
    keras.utils.set_random_seed(0)
    model = learner.create(recipe, 10, multiply=multiply)
    before = {
        name: part.get_weights() for name, part in learner.plain(recipe, model).items()
    }
    history = fit(model, 2)
    assert np.isfinite(history["loss"]).all()
    after = learner.plain(recipe, model)
    assert list(after) == [initial.ENCODER_FILE, initial.DECODER_FILE]
    for name, part in after.items():
        for old, new in zip(before[name], part.get_weights()):
            assert np.abs(new - old).max() > 0


@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_frames_that_show_no_place_are_told_as_a_collapse(method):
    recipe = config.replace(TINY, method=method, contrast="dense", places=4)
    frames, patients = batch()
    model = learner.create(recipe, 10)
    data = tf.data.Dataset.from_tensors((np.zeros_like(frames), patients))
    told = model.fit(data, verbose=0).history
    assert all(np.isfinite(values).all() for values in told.values())
    assert told["spread"] == [0.0]


def test_contrast_of_places_may_begin_with_a_fine_tuned_network(tmp_path, assert_same):
    finetune = config.Finetune(size=32, width=2)
    source = initial.network(finetune)
    source.save(tmp_path / initial.MODEL_FILE)
    config.save(finetune, tmp_path / initial.RECIPE_FILE)
    recipe = config.replace(TINY, contrast="dense", init=str(tmp_path))
    parts = learner.plain(recipe, learner.create(recipe, 10))
    for part in parts.values():
        for layer in (layer for layer in part.layers if layer.weights):
            assert_same(layer, _layer(source, layer.name))


def _layer(network, name):
    within = network.get_layer("unet")
    return within.get_layer(name) if "encoder" in name else network.get_layer(name)


def test_only_the_unet_has_a_decoder_to_pretrain():
    recipe = config.replace(TINY, contrast="dense", encoder="resnet18")
    model = learner.create(recipe, 10)
    assert list(learner.plain(recipe, model)) == [initial.ENCODER_FILE]


def batch(parts=1):
    shape = (8, parts, 1, TINY.size, TINY.size, 1)
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return noise, np.arange(8 * parts, dtype=np.int32).reshape(8, parts)


def fit(model, steps):
    data = tf.data.Dataset.from_tensors(batch()).repeat()
    return model.fit(data, epochs=steps, steps_per_epoch=1, verbose=0).history


def same(images):
    """Geometry of views that are their frames."""
    return tf.tile([[[1.0, 0, 0], [0, 1, 0]]], (tf.shape(images)[0], 1, 1))


@pytest.fixture
def same_views(monkeypatch):
    """Both views are the frame itself, so that only the precision differs."""
    monkeypatch.setitem(
        learner.VIEWS, "echo", lambda images, seed, **_: (images, same(images))
    )


@pytest.mark.usefixtures("same_views")
@pytest.mark.parametrize("multiply", ["bfloat16", "float16"])
@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_a_lower_precision_learns_as_well(method, multiply):
    """The first loss is nearly the same, and the frames are told apart as surely."""
    histories = {}
    for name in ("float32", multiply):
        keras.utils.set_random_seed(0)
        model = learner.create(config.replace(TINY, method=method), 1000, multiply=name)
        histories[name] = fit(model, 30)
    single, half = histories["float32"], histories[multiply]
    assert half["loss"][0] == pytest.approx(single["loss"][0], abs=0.1)
    assert half["accuracy"][-1] >= single["accuracy"][-1] - 0.1
    assert np.isfinite(half["loss"]).all()


@pytest.mark.parametrize("multiply", ["bfloat16", "float16"])
def test_weights_statistics_and_pooling_stay_in_single_precision(multiply):
    model = learner.create(TINY, 10, multiply=multiply)
    assert {weight.dtype for weight in model.weights} == {tf.float32}
    computes = {layer.name: layer.compute_dtype for layer in model._flatten_layers()}
    assert computes["encoder0a_conv"] == multiply
    pooled = [dtype for name, dtype in computes.items() if name.startswith("pooled")]
    assert "float32" in pooled
    assert keras.mixed_precision.global_policy().name == "float32"


@pytest.mark.usefixtures("same_views")
def test_the_gradient_of_several_batches_is_the_mean_of_theirs():
    """Two parts of one step move as two first steps of the same model, halved."""

    def moved(frames, patients):
        keras.utils.set_random_seed(0)
        model = learner.create(TINY, 10)
        model.compile(keras.optimizers.legacy.SGD(1.0))
        before = [weight.numpy() for weight in model.trainable_variables]
        told = model.train_step((tf.constant(frames), tf.constant(patients)))
        after = [weight.numpy() for weight in model.trainable_variables]
        return told, [old - new for old, new in zip(before, after)]

    frames, patients = batch(parts=2)
    told, both = moved(frames, patients)
    parts = [moved(frames[:, [i]], patients[:, [i]]) for i in range(2)]
    for name, value in told.items():
        expected = np.mean([part[name] for part, _ in parts])
        np.testing.assert_allclose(value, expected, atol=1e-5)
    for found, first, second in zip(both, parts[0][1], parts[1][1]):
        np.testing.assert_allclose(found, (first + second) / 2, atol=2e-4)


@pytest.mark.usefixtures("same_views")
def test_xla_changes_nothing_but_the_speed():
    losses = []
    for jit in (False, True):
        keras.utils.set_random_seed(0)
        losses.append(fit(learner.create(config.replace(TINY, jit=jit), 100), 2))
    for name in losses[0]:
        np.testing.assert_allclose(*(one[name] for one in losses), atol=1e-3)
