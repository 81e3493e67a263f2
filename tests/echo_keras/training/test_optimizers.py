import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.training import optimizers

STEADY = {"learning_rate": 0.1, "steps": 10**9}


def variable(name, values=(2.0, -4.0)):
    return tf.Variable(values, name=name)


def apply(optimizer, gradients, variables):
    optimizer.apply_gradients(
        (tf.constant(gradient), one) for gradient, one in zip(gradients, variables)
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0), (5, 1.5), (10, 3), (35, 3 * (1 + np.sqrt(0.5)) / 2), (60, 1.5), (110, 0)],
)
def test_the_rate_rises_in_a_line_and_falls_in_half_a_cosine(step, expected):
    rate = optimizers.WarmupCosine(3.0, 110, 10)
    assert rate(step).numpy() == pytest.approx(expected, abs=1e-6)


def test_without_warm_up_the_rate_starts_at_its_peak():
    rate = optimizers.WarmupCosine(3.0, 100)
    assert rate(0).numpy() == pytest.approx(3)
    assert rate(50).numpy() == pytest.approx(1.5)


def test_the_rate_stays_at_zero_after_the_end():
    assert optimizers.WarmupCosine(3.0, 100, 10)(5000).numpy() == 0


def test_a_schedule_is_made_again_from_its_settings():
    rate = optimizers.WarmupCosine(3.0, 110, 10)
    again = optimizers.WarmupCosine.from_config(rate.get_config())
    assert again(35).numpy() == rate(35).numpy()


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
def test_decoupled_decay_shrinks_kernels_by_rate_times_decay(average_decay):
    names = ("norm/kernel", "norm/gamma", "norm/bias")
    kernel, gamma, bias = map(variable, names)
    optimizer = optimizers.create(
        "adamw", weight_decay=0.5, average_decay=average_decay, **STEADY
    )
    for step in (1, 2, 3):
        apply(optimizer, np.zeros((3, 2), np.float32), [kernel, gamma, bias])
        shrunk = (1 - 0.1 * 0.5) ** step
        np.testing.assert_allclose(kernel, [2 * shrunk, -4 * shrunk], rtol=1e-6)
    np.testing.assert_array_equal(gamma, [2, -4])
    np.testing.assert_array_equal(bias, [2, -4])


def test_decoupled_decay_follows_the_schedule():
    kernel = variable("conv/kernel")
    optimizer = optimizers.create(
        "adamw", learning_rate=0.1, weight_decay=0.5, steps=4, warmup_steps=2
    )
    for rate in (0.0, 0.05, 0.1, 0.05):
        before = kernel.numpy()
        apply(optimizer, [[0.0, 0.0]], [kernel])
        np.testing.assert_allclose(kernel, before * (1 - rate * 0.5), rtol=1e-6)


def test_decoupled_decay_is_added_to_the_step_of_adam():
    kernel = variable("conv/kernel")
    optimizer = optimizers.create("adamw", weight_decay=0.5, **STEADY)
    apply(optimizer, [[0.3, -0.7]], [kernel])
    # Adam's first step is the rate, against the sign of the gradient.
    np.testing.assert_allclose(kernel, [2 * 0.95 - 0.1, -4 * 0.95 + 0.1], rtol=1e-5)


def test_the_decay_of_adam_is_a_term_of_the_gradient():
    kernel, other, bias = (variable(f"conv/{name}") for name in ("kernel", "b", "bias"))
    decayed = optimizers.create("adam", weight_decay=0.5, **STEADY)
    plain = keras.optimizers.legacy.Adam(0.1)
    for gradient in ([0.3, -0.7], [0.1, 0.4], [-0.2, 0.0]):
        gradient = np.array(gradient, np.float32)
        apply(plain, [gradient + 0.5 * other.numpy()], [other])
        apply(decayed, [gradient, 0 * gradient], [kernel, bias])
    np.testing.assert_allclose(kernel, other, rtol=1e-6)
    np.testing.assert_array_equal(bias, [2, -4])


def test_lamb_steps_by_the_rate_times_the_norm_of_the_weights():
    kernel, bias = variable("conv/kernel"), variable("conv/bias")
    optimizer = optimizers.create("lamb", weight_decay=0.0, **STEADY)
    apply(optimizer, [[0.3, -0.7], [0.3, -0.7]], [kernel, bias])
    # Adam's direction is (1, -1), of length sqrt(2); the kernel's is sqrt(20).
    step = 0.1 * np.sqrt(20 / 2)
    np.testing.assert_allclose(kernel, [2 - step, -4 + step], rtol=1e-4)
    np.testing.assert_allclose(bias, [2 - 0.1, -4 + 0.1], rtol=1e-4)


def test_lamb_decays_kernels_and_leaves_biases():
    kernel, bias = variable("conv/kernel"), variable("conv/bias")
    optimizer = optimizers.create("lamb", weight_decay=0.5, **STEADY)
    apply(optimizer, np.zeros((2, 2), np.float32), [kernel, bias])
    # Without a gradient the step is the decay alone, as long as the weights are.
    np.testing.assert_allclose(kernel, [2 * 0.9, -4 * 0.9], rtol=1e-5)
    np.testing.assert_array_equal(bias, [2, -4])


@pytest.mark.parametrize("name", ["adam", "adamw", "lamb", "lars", "madgrad"])
def test_the_weights_kept_are_the_running_average_of_all_steps(name):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    model.compile(
        optimizers.create(name, weight_decay=0.1, average_decay=0.3, **STEADY), "mse"
    )
    random = np.random.default_rng(0)
    average = model.get_weights()
    for step in range(6):
        model.train_on_batch(random.random((4, 3)), random.random((4, 2)))
        decay = min(0.3, (1 + step) / (10 + step))
        average = [
            decay * old + (1 - decay) * new
            for old, new in zip(average, model.get_weights())
        ]
    last = model.get_weights()
    optimizers.use_averages(model)
    for kept, expected, raw in zip(model.get_weights(), average, last):
        np.testing.assert_allclose(kept, expected, rtol=1e-4, atol=1e-6)
        assert np.abs(kept - raw).max() > 1e-5


def test_without_averages_the_weights_stay():
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    model.compile(optimizers.create("adamw", weight_decay=0.1, **STEADY), "mse")
    before = model.get_weights()
    optimizers.use_averages(model)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize("name", ["adam", "adamw", "lamb"])
def test_every_optimiser_finds_the_minimum_of_a_bowl(name):
    kernel = variable("conv/kernel")
    optimizer = optimizers.create(
        name, learning_rate=0.2, weight_decay=0.0, steps=60, warmup_steps=6
    )
    for _ in range(60):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((kernel - [1.0, -3.0]) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, kernel), kernel)])
    np.testing.assert_allclose(kernel, [1, -3], atol=0.1)


def test_a_constant_rate_stays_after_its_warm_up():
    rate = optimizers.WarmupConstant(3.0, 100, 10)
    assert [float(rate(step)) for step in (0, 5, 10, 99, 500)] == [0, 1.5, 3, 3, 3]
    assert float(optimizers.WarmupConstant(3.0, 100)(0)) == 3
