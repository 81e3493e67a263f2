"""First statistics are out for each validation, and back for each step."""

import keras
import numpy as np
import pytest

from echo_keras.models import norms
from echo_keras.training import forgetting

MOMENTUM = 0.5


@pytest.fixture
def model():
    """A batch norm that begins with the statistics of other images."""
    frame = keras.Input((4,))
    norm = keras.layers.BatchNormalization(momentum=MOMENTUM)
    model = keras.Model(frame, norm(frame))
    norm.moving_mean.assign(np.full(4, 90.0))
    norm.moving_variance.assign(np.full(4, 70.0))
    return model


def test_statistics_are_those_of_the_steps_at_each_validation(model):
    batches = np.random.default_rng(0).normal(3.0, 2.0, (3, 8, 4)).astype(np.float32)
    before, seen = norms.statistics(model), []
    forget = forgetting.TakeOutFirst(model, MOMENTUM, before)
    for epoch, batch in enumerate(batches):
        forget.on_epoch_begin(epoch)
        model(batch, training=True)
        forget.on_train_batch_end(0)
        forget.on_test_begin()
        seen.append(norms.statistics(model))
    means = batches.mean(axis=1)
    shares = [[1.0], [0.5, 1.0], [0.25, 0.5, 1.0]]
    for weights, (mean, variance) in zip(shares, seen):
        wanted = np.average(means[: len(weights)], axis=0, weights=weights)
        np.testing.assert_allclose(mean, wanted, atol=1e-4)
        assert (variance > 0).all()
        assert (variance < 15).all()
    forget.on_epoch_begin(3)
    for back, first, own in zip(norms.statistics(model), before, seen[-1]):
        wanted = MOMENTUM**3 * first + (1 - MOMENTUM**3) * own
        np.testing.assert_allclose(back, wanted, rtol=1e-4)


def test_the_first_epoch_begins_with_the_statistics_as_they_are(model):
    before = norms.statistics(model)
    forgetting.TakeOutFirst(model, MOMENTUM, before).on_epoch_begin(0)
    for value, wanted in zip(norms.statistics(model), before):
        np.testing.assert_array_equal(value, wanted)
