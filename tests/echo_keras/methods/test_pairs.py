"""What holds for every method on pairs of views, stated of each by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.methods import pairs
from echo_keras.training import strategy

METHODS = ("simclr", "byol")
CONTRASTS = ("global", "dense")


@pytest.fixture(scope="module")
def one_step(build, batch, descent):
    """Loss, gradients and statistics of the first step on a global batch."""
    known = {}

    def step(name, contrast, replicas):
        case = name, contrast, replicas
        if case not in known:
            with strategy.create(replicas).scope():
                method = build(name, contrast=contrast)
                method.compile(descent())
            before = method.get_weights()
            data = tf.data.Dataset.from_tensors(batch)
            logs = method.fit(data, verbose=0).history
            known[case] = logs, before, method.get_weights()
        return known[case]

    return step


@pytest.mark.parametrize("replicas", [2, 4])
@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("name", METHODS)
def test_replicas_change_neither_loss_nor_gradients_nor_statistics(
    one_step, name, contrast, replicas
):
    """A step at rate 1 moves each weight by its gradient; the target's by its rule."""
    alone, several = (one_step(name, contrast, count) for count in (1, replicas))
    assert several[0].keys() == alone[0].keys()
    for curve, value in several[0].items():
        np.testing.assert_allclose(value, alone[0][curve], atol=1e-6)
    for found, expected in zip(several[2], alone[2]):
        np.testing.assert_allclose(found, expected, atol=1e-8)
    moved = [np.abs(new - old).max() for old, new in zip(*several[1:])]
    assert sum(distance > 1e-4 for distance in moved) > len(moved) / 2


@pytest.mark.parametrize("name", METHODS)
def test_every_step_and_seed_has_views_of_its_own(build, batch, descent, name):
    drawn = []

    def kept(images, seed, *, first, rows):
        drawn.append(tuple(int(number) for number in seed))
        return images, tf.zeros((len(images), 2, 3))

    for seed in (0, 1):
        method = build(name, view=kept, seed=seed)
        method.compile(descent())
        for _ in range(2):
            method.train_step(batch)
    assert len(drawn) == len(set(drawn)) == 8


@pytest.mark.parametrize("name", METHODS)
def test_a_few_frames_are_told_apart_after_training(build, batch, name):
    method = build(name)
    method.compile(keras.optimizers.legacy.Adam(1e-2))
    data = tf.data.Dataset.from_tensors(batch).repeat()
    history = method.fit(data, epochs=80, steps_per_epoch=1, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["accuracy"][-1] > 0.9
    assert history["spread"][-1] > 0.5


@pytest.mark.parametrize("count", [1, 2])
def test_the_views_of_the_first_and_the_last_frame_stand_in_halves(noisy, count):
    frames = np.random.default_rng(0).uniform(size=(3, count, 32, 32, 1))
    views, maps = pairs.drawn(noisy, frames, seed=3, step=5)
    for side, half in enumerate(tf.split(views, 2)):
        seed = tf.random.fold_in((3, 5), side)
        chosen = frames[:, side if count > 1 else 0]
        expected, geometry = noisy(chosen, seed, first=0, rows=3)
        np.testing.assert_array_equal(maps[side], geometry)
        np.testing.assert_allclose(half, expected, atol=1e-6)
