import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.models import resnet, unet
from echo_keras.training import layerwise, optimizers

STEADY = {"learning_rate": 0.1, "weight_decay": 0.0, "steps": 10**9}
UNET = unet.encoder(32, width=2)


def variable(name, values=(2.0, -4.0)):
    return tf.Variable(values, name=name)


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
@pytest.mark.parametrize("name", ["adam", "adamw", "lamb", "lars"])
def test_a_share_of_each_step_is_taken_by_every_optimiser(name, average_decay):
    variables = [variable("conv/kernel"), variable("conv/bias")]
    others = [variable("conv/kernel"), variable("conv/bias")]
    shares = {"conv/kernel:0": 0.25, "conv/bias:0": 0.0}
    whole = optimizers.create(name, **STEADY, average_decay=average_decay)
    scaled = optimizers.create(
        name,
        **STEADY,
        average_decay=average_decay,
        scale=lambda variable, step: shares[variable.name],
    )
    gradients = [tf.constant([0.3, -0.7])] * 2
    whole.apply_gradients(zip(gradients, others))
    scaled.apply_gradients(zip(gradients, variables))
    for one, other, share in zip(variables, others, (0.25, 0)):
        expected = share * (other.numpy() - [2, -4])
        assert np.abs(other.numpy() - [2, -4]).min() > 1e-6
        np.testing.assert_allclose(one.numpy() - [2, -4], expected, atol=1e-6)


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
def test_the_schedule_goes_on_while_steps_are_scaled(average_decay):
    kernel = variable("conv/kernel", (0.0, 0.0))
    optimizer = optimizers.create(
        "adam",
        learning_rate=0.1,
        weight_decay=0.0,
        steps=4,
        warmup_steps=2,
        average_decay=average_decay,
        scale=lambda variable, step: 0.5,
    )
    for rate in (0.0, 0.05, 0.1, 0.05):
        before = kernel.numpy()
        optimizer.apply_gradients([(tf.constant([1.0, -1.0]), kernel)])
        moved = before - kernel.numpy()
        np.testing.assert_allclose(moved, [0.5 * rate, -0.5 * rate], rtol=1e-4)


def test_the_head_takes_whole_steps_and_the_finest_stage_the_shortest():
    share = layerwise.shares(UNET, layer_decay=0.5, freeze_steps=0)
    found = {
        weight.name: float(share(weight, 0))
        for weight in (*UNET.trainable_weights, variable("logits/kernel"))
    }
    for level in range(5):
        for half in "ab":
            for name in (f"{half}_conv/kernel:0", f"{half}_norm/gamma:0"):
                assert found[f"encoder{level}{name}"] == 0.5 ** (5 - level)
    assert found["logits/kernel:0"] == 1


def test_the_stages_of_a_resnet_are_told_apart():
    encoder = resnet.shallow(32, width=2)
    share = layerwise.shares(encoder, layer_decay=0.5, freeze_steps=0)
    found = {weight.name: float(share(weight, 0)) for weight in encoder.weights}
    assert found["conv1_conv/kernel:0"] == 0.5**5
    for stage in (2, 3, 4, 5):
        for block in (1, 2):
            name = f"conv{stage}_block{block}_1_conv/kernel:0"
            assert found[name] == 0.5 ** (6 - stage)


def test_a_frozen_encoder_moves_when_its_time_has_come():
    encoder = unet.encoder(32, width=2)
    model = unet.segmenter(encoder)
    scale = layerwise.shares(encoder, layer_decay=1.0, freeze_steps=2)
    model.compile(optimizers.create("adamw", **STEADY, scale=scale), "mse")
    frames = np.random.default_rng(0).random((2, 32, 32, 1)).astype(np.float32)
    kernels = [
        [weight for weight in part.trainable_weights if "kernel" in weight.name]
        for part in (encoder, model)
    ]
    inside = {weight.name for weight in kernels[0]}
    for step in range(3):
        before = {weight.name: weight.numpy() for weight in kernels[1]}
        model.train_on_batch(frames, frames)
        for weight in kernels[1]:
            moved = np.any(weight.numpy() != before[weight.name])
            assert moved == (step == 2 or weight.name not in inside), weight.name


def test_scaled_averages_are_those_of_the_weights_as_they_moved():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    optimizer = optimizers.create(
        "adamw", **STEADY, average_decay=0.3, scale=lambda variable, step: 0.5
    )
    model.compile(optimizer, "mse")
    random = np.random.default_rng(0)
    average = model.get_weights()
    for step in range(4):
        model.train_on_batch(random.random((4, 3)), random.random((4, 2)))
        decay = min(0.3, (1 + step) / (10 + step))
        average = [
            decay * old + (1 - decay) * new
            for old, new in zip(average, model.get_weights())
        ]
    optimizers.use_averages(model)
    for kept, expected in zip(model.get_weights(), average):
        np.testing.assert_allclose(kept, expected, rtol=1e-4, atol=1e-6)
