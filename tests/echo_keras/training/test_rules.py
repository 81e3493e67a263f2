"""LARS and MADGRAD step as published, and kernels alone decay."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import resnet, unet
from echo_keras.training import optimizers, rules

STEADY = {"learning_rate": 0.1, "steps": 10**9}
FALLING = keras.optimizers.schedules.InverseTimeDecay(0.2, 1, 0.5)


def variable(name, values=(2.0, -4.0)):
    return tf.Variable(values, name=name)


def apply(optimizer, gradients, variables):
    optimizer.apply_gradients(
        (tf.constant(gradient), one) for gradient, one in zip(gradients, variables)
    )


@pytest.mark.parametrize(
    ("name", "decays"),
    [
        ("encoder0a_conv/kernel", True),
        ("hidden_norm/kernel", True),
        ("unbiased_conv/kernel", True),
        ("conv1_conv/kernel/replica_1", True),
        ("encoder0a_norm/gamma", False),
        ("conv2_block1_0_bn/beta", False),
        ("logits/bias", False),
        ("logits/bias/replica_1", False),
        ("pyramid/batch_normalization_3/gamma/replica_1", False),
    ],
)
def test_only_kernels_decay_whatever_their_layer_is_called(name, decays):
    assert rules.decays(variable(name)) is decays


@pytest.mark.parametrize(
    "encoder",
    [unet.encoder(32, width=2), resnet.encoder(32, width=2, blocks=(1, 1, 1, 1))],
)
def test_the_kernels_of_the_encoders_decay_and_nothing_else(encoder):
    for weight in encoder.trainable_weights:
        # A kernel has four axes; a bias, a scale and an offset have one.
        assert rules.decays(weight) is (len(weight.shape) == 4), weight.name


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.create("lars", weight_decay=0.0, **STEADY),
        rules.LARS(0.1, 0.0),
    ],
)
def test_lars_steps_by_the_trusted_share_of_the_norm_of_the_weights(optimizer):
    kernel, bias = variable("conv/kernel"), variable("conv/bias")
    apply(optimizer, [[0.3, -0.4], [0.3, -0.4]], [kernel, bias])
    # The gradient is of length 0.5, the kernel's is sqrt(20).
    step = 0.1 * 1e-3 * np.sqrt(20) / 0.5
    np.testing.assert_allclose(kernel, [2 - 0.3 * step, -4 + 0.4 * step], rtol=1e-6)
    np.testing.assert_allclose(bias, [2 - 0.1 * 0.3, -4 + 0.1 * 0.4], rtol=1e-6)


def test_lars_keeps_nine_tenths_of_the_step_before():
    bias = variable("conv/bias")
    optimizer = optimizers.create("lars", weight_decay=0.0, **STEADY)
    for total in (1, 1 + 1.9, 1 + 1.9 + 2.71):
        apply(optimizer, [[1.0, 2.0]], [bias])
        expected = [2 - 0.1 * total, -4 - 0.1 * 2 * total]
        np.testing.assert_allclose(bias, expected, rtol=1e-6)


def test_lars_counts_decay_in_the_norm_of_the_gradient_and_leaves_biases():
    kernel, bias = variable("conv/kernel"), variable("conv/bias")
    optimizer = optimizers.create("lars", weight_decay=0.5, **STEADY)
    apply(optimizer, np.zeros((2, 2), np.float32), [kernel, bias])
    # Decay alone, half the kernel: its direction, as long as the trusted share.
    np.testing.assert_allclose(kernel, [2 * (1 - 1e-4), -4 * (1 - 1e-4)], rtol=1e-6)
    np.testing.assert_array_equal(bias, [2, -4])


def test_lars_moves_kernels_that_are_zero():
    kernel = variable("conv/kernel", (0.0, 0.0))
    optimizer = optimizers.create("lars", weight_decay=0.0, **STEADY)
    apply(optimizer, [[0.3, -0.7]], [kernel])
    np.testing.assert_allclose(kernel, [-0.03, 0.07], rtol=1e-6)


def test_madgrad_follows_its_published_rule_in_numpy():
    rate, decay, momentum, epsilon = 0.05, 0.01, 0.9, 1e-6
    kernel, bias = variable("conv/kernel"), variable("conv/bias")
    optimizer = optimizers.create(
        "madgrad",
        learning_rate=rate,
        weight_decay=decay,
        steps=10**9,
        schedule="constant",
    )
    random = np.random.default_rng(0)
    weights = {one.name: one.numpy().astype(np.float64) for one in (kernel, bias)}
    first = {name: weight.copy() for name, weight in weights.items()}
    total, squares = (dict.fromkeys(weights, 0.0) for _ in range(2))
    for step in range(6):
        gradients = random.normal(size=(2, 2)).astype(np.float32)
        gradients[:, 1] *= step > 2  # a weight that no gradient has reached so far
        apply(optimizer, gradients, [kernel, bias])
        for one, gradient in zip((kernel, bias), gradients.astype(np.float64)):
            name = one.name
            if "kernel" in name:
                gradient = gradient + decay * weights[name]
            weight = rate * np.sqrt(step + 1)
            total[name] += weight * gradient
            squares[name] += weight * gradient**2
            target = first[name] - total[name] / (np.cbrt(squares[name]) + epsilon)
            weights[name] = momentum * weights[name] + (1 - momentum) * target
            np.testing.assert_allclose(one, weights[name], rtol=1e-5)


@pytest.mark.parametrize(
    "rule",
    [
        rules.LARS(FALLING, 0.3, momentum=0.5, trust=0.01, name="mine"),
        rules.MADGRAD(FALLING, 0.3, momentum=0.5, epsilon=0.1, name="mine"),
    ],
    ids=["lars", "madgrad"],
)
def test_a_rule_is_made_again_from_its_settings(rule):
    again = type(rule).from_config(rule.get_config())
    assert again.get_config() == rule.get_config()
    usual = type(rule)(FALLING, 0.3)
    kernels = {one: variable("conv/kernel") for one in (rule, again, usual)}
    for gradient in ([0.3, -0.7], [0.1, 0.4]):
        for one, kernel in kernels.items():
            apply(one, [gradient], [kernel])
    np.testing.assert_array_equal(kernels[again], kernels[rule])
    assert np.abs(kernels[usual] - kernels[rule]).max() > 1e-3


def test_lars_without_momentum_forgets_the_step_before():
    bias = variable("conv/bias")
    rule = rules.LARS(0.1, 0.0, momentum=0.0)
    for total in (1, 2, 3):
        apply(rule, [[1.0, 2.0]], [bias])
        np.testing.assert_allclose(bias, [2 - 0.1 * total, -4 - 0.2 * total], rtol=1e-6)


def test_the_first_step_of_madgrad_goes_a_tenth_of_the_way():
    # Without epsilon: l g / cbrt(l g^2) is cbrt(l^2 g), with l the rate 0.001.
    bias = variable("conv/bias")
    apply(rules.MADGRAD(0.001, 0.5, epsilon=0.0), [[8.0, -1.0]], [bias])
    np.testing.assert_allclose(bias, [2 - 0.1 * 0.02, -4 + 0.1 * 0.01], rtol=1e-6)
