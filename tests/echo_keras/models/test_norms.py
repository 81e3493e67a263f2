import keras
import numpy as np
import pytest

from echo_keras.models import deeplabv3, norms, resnet, unet


@pytest.mark.parametrize(
    "network",
    [
        lambda: unet.segmenter(unet.encoder(32, width=4)),
        lambda: deeplabv3.segmenter(resnet.shallow(32, width=4), filters=8),
    ],
    ids=["unet", "deeplabv3"],
)
def test_every_batch_norm_of_a_network_forgets(network):
    model = network()
    frames = np.random.default_rng(0).random((4, 32, 32, 1), np.float32)

    def after_a_step(momentum):
        keras.utils.set_random_seed(0)  # of the pyramid's dropout
        norms.forget(model, momentum)(frames, training=True)
        return norms.statistics(model)

    before = norms.statistics(model)
    moved, batch = after_a_step(0.75), after_a_step(0.0)
    assert len(batch) > 10
    for first, after, own in zip(before, moved, batch):
        np.testing.assert_allclose(after, 0.75 * first + 0.25 * own, atol=1e-5)


def test_a_network_answers_as_in_training_once_its_batch_norms_have_followed():
    model = norms.forget(unet.segmenter(unet.encoder(32, width=4)), 0.5)
    frames = np.random.default_rng(0).random((4, 32, 32, 1), np.float32)
    trained = model(frames, training=True)
    astray = np.abs(model(frames) - trained).mean()
    for _ in range(20):
        model(frames, training=True)
    # What is left is Bessel's correction of the variance, large in a small batch.
    assert np.abs(model(frames) - trained).mean() < 0.2 * astray


def test_taken_out_first_statistics_leave_the_average_of_the_steps():
    model = norms.forget(unet.segmenter(unet.encoder(32, width=4)), 0.8)
    batches = np.random.default_rng(0).random((3, 4, 32, 32, 1), np.float32)
    for layer in model.submodules:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(layer.moving_variance + 10.0)
    first, own = norms.statistics(model), []
    for batch in batches:
        model(batch, training=True)
    norms.take_out(model, first, 0.8**3)
    found = norms.statistics(model)
    norms.forget(model, 0.0)
    for batch in batches:
        model(batch, training=True)
        own.append(norms.statistics(model))
    weights = np.array([0.8**2, 0.8, 1.0])
    for value, *seen in zip(found, *own):
        wanted = np.average(seen, axis=0, weights=weights)
        np.testing.assert_allclose(value, wanted, atol=1e-5)


def test_what_was_taken_out_can_be_put_back():
    model = unet.segmenter(unet.encoder(32, width=4))
    first = [value + 3.0 for value in norms.statistics(model)]
    norms.put_back(model, first, 0.6)
    before = norms.statistics(model)
    norms.take_out(model, first, 0.6)
    for value, begun in zip(norms.statistics(model), first):
        np.testing.assert_allclose(value, begun - 3.0, atol=1e-5)
    norms.put_back(model, first, 0.6)
    for value, wanted in zip(norms.statistics(model), before):
        np.testing.assert_allclose(value, wanted, atol=1e-5)


def test_no_variance_falls_below_nothing():
    model = unet.segmenter(unet.encoder(32, width=4))
    first = [value + 1.0 for value in norms.statistics(model)]
    norms.put_back(model, first, 0.9)
    norms.take_out(model, [2.0 * value for value in first], 0.9)  # more than there is
    variances = [
        layer.moving_variance.numpy().min()
        for layer in model.submodules
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert min(variances) == 0.0


@pytest.mark.parametrize(
    ("longest", "steps", "left"),
    [(0.99, 1, 0.05), (0.99, 60, 0.05), (0.99, 300, 0.049), (0.9, 60, 0.0018)],
)
def test_a_run_leaves_little_of_the_first_statistics(longest, steps, left):
    found = norms.momentum(longest, steps)
    assert found <= longest
    assert found**steps == pytest.approx(left, rel=0.01)
