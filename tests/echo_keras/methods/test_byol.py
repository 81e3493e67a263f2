import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.methods import pairs


def numbers(variables):
    return [variable.numpy() for variable in variables]


def trained(method, batch, descent, steps=1):
    method.compile(descent())
    for _ in range(steps):
        told = method.train_step(batch)
    return told


def test_the_target_begins_as_a_copy(build):
    method = build("byol")
    for target, online in zip(method.target.weights, method.online.weights):
        assert target is not online
        np.testing.assert_array_equal(target, online)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.9), (25, 1 - 0.1 * (1 + math.sqrt(0.5)) / 2), (100, 1)]
)
def test_the_momentum_rises_to_one_in_half_a_cosine(build, step, expected):
    """Section 3.1: `1 - (1 - base) (cos(pi k / K) + 1) / 2`, here of 100 steps."""
    assert float(build("byol").momentum(step)) == pytest.approx(expected)


def test_the_target_moves_as_its_equation_says(build, batch, descent):
    """Eq. 1: `target = momentum target + (1 - momentum) online`, after each step."""
    method = build("byol", steps=2)
    method.compile(descent())
    for momentum in (0.9, 0.95):
        before = numbers(method.target.trainable_variables)
        method.train_step(batch)
        online = numbers(method.online.trainable_variables)
        for old, new, target in zip(before, online, method.target.trainable_variables):
            expected = momentum * old + (1 - momentum) * new
            np.testing.assert_allclose(target, expected, rtol=1e-12)


def test_the_target_of_momentum_one_never_moves(build, batch, descent):
    method = build("byol", momentum=1.0)
    before = numbers(method.target.trainable_variables)
    trained(method, batch, descent, steps=2)
    for old, target in zip(before, method.target.trainable_variables):
        np.testing.assert_array_equal(target, old)


def test_the_gradient_does_not_reach_the_target(build, batch, noisy):
    method = build("byol")
    views, _ = pairs.drawn(noisy, batch[0][:, 0], seed=0, step=0)
    with tf.GradientTape() as tape:
        losses, _ = method._compared(pairs.Drawn(views, None, None))
    wanted = method.target.trainable_variables + method.learned
    gradients = tape.gradient(losses, wanted)
    count = len(method.target.trainable_variables)
    assert gradients[:count] == [None] * count
    assert all(gradient is not None for gradient in gradients[count:])


def test_the_gradient_is_that_of_the_written_out_objective(
    build, batch, descent, noisy
):
    """A second route: Eq. 2, each direction on its own, on the same views."""
    method = build("byol")
    views, _ = pairs.drawn(noisy, batch[0][:, 0], seed=0, step=0)
    half = len(batch[0])
    targets = method.target(views, training=True).numpy()
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    with tf.GradientTape() as tape:
        predictions = method._predictor(
            method.online(views, training=True), training=True
        )
        predictions /= tf.norm(predictions, axis=1, keepdims=True)
        loss = sum(
            tf.reduce_mean(tf.reduce_sum((predicted - target) ** 2, axis=1))
            for predicted, target in (
                (predictions[:half], targets[half:]),
                (predictions[half:], targets[:half]),
            )
        )
    expected = tape.gradient(loss, method.learned)
    before = numbers(method.learned)
    told = trained(method, batch, descent)
    np.testing.assert_allclose(told["loss"], loss, atol=1e-5)
    for old, new, gradient in zip(before, method.learned, expected):
        np.testing.assert_allclose(old - new, gradient, atol=1e-8)
