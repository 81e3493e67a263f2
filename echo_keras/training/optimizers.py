"""Optimisers and their schedules; tensorflow-addons lives here and nowhere else."""

import math
import warnings

import keras
import tensorflow as tf

from echo_keras.training import layerwise, rules

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow_addons as tfa


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from zero to the peak, then a half cosine down to zero.

    Args:
        peak: Highest rate, positive.
        steps: Steps of the whole run, warm-up included.
        warmup_steps: Steps of the warm-up, fewer than `steps`.
    """

    def __init__(self, peak, steps, warmup_steps=0):
        self._peak = peak
        self._steps = steps
        self._warmup_steps = warmup_steps

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        rise = step / max(self._warmup_steps, 1)
        run = (step - self._warmup_steps) / max(self._steps - self._warmup_steps, 1)
        fall = 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(run, 0.0, 1.0)))
        return self._peak * tf.where(step < self._warmup_steps, rise, fall)

    def get_config(self):
        return {
            "peak": self._peak,
            "steps": self._steps,
            "warmup_steps": self._warmup_steps,
        }


class WarmupConstant(WarmupCosine):
    """Linear warm-up from zero to the peak, which is then kept.

    Args:
        As of `WarmupCosine`.
    """

    def __call__(self, step):
        rise = (tf.cast(step, tf.float32)) / max(self._warmup_steps, 1)
        late = step >= self._warmup_steps
        return self._peak * tf.where(late, 1.0, rise)


class AdamW(tfa.optimizers.AdamW):
    """Decoupled decay, chosen by the name of each variable.

    The original chooses in `apply_gradients`, which a moving average does not call
    (so that everything decays) and which does not know a variable's copies on the
    replicas (so that nothing does).
    """

    def _do_use_weight_decay(self, var):
        return rules.decays(var)


class AdamL2(keras.optimizers.legacy.Adam):
    """Adam with decay added to the gradient, as PyTorch's Adam has it.

    That one decays biases and the parameters of normalisation too, which is left out
    here as in the other optimisers.
    """

    def __init__(self, weight_decay, learning_rate):
        super().__init__(learning_rate)
        self._weight_decay = weight_decay

    def _resource_apply_dense(self, grad, var, apply_state=None):
        if rules.decays(var):
            grad += self._weight_decay * var
        return super()._resource_apply_dense(grad, var, apply_state=apply_state)


def create(
    name,
    *,
    learning_rate,
    weight_decay,
    steps,
    warmup_steps=0,
    schedule="cosine",
    average_decay=0.0,
    scale=None,
):
    """Build an optimiser on a schedule with a warm-up.

    Args:
        name: `adam` (decay as an L2 gradient, as PyTorch's Adam has it), `adamw`
            (decoupled decay), `lamb`, `lars` or `madgrad`.
        learning_rate: Peak rate.
        weight_decay: Decay per unit of learning rate; biases and the parameters of
            normalisation do not decay.
        steps: Steps of the whole run.
        warmup_steps: Steps of linear warm-up.
        schedule: What follows the warm-up: `cosine` falls to 0, `constant` stays.
        average_decay: Decay of a running average of the weights, 0 for none. The
            averages are put in place by `use_averages`.
        scale: Share of each step to take, as of `layerwise.Scaled`, or None for all.

    Returns:
        Optimiser for `keras.Model.compile`.

    Source: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101; You et al.
    2020, https://arxiv.org/abs/1904.00962
    """
    curve = {"cosine": WarmupCosine, "constant": WarmupConstant}[schedule]

    def falling(peak):
        return curve(peak, steps, warmup_steps)

    optimizer = _plain(name, falling, learning_rate, weight_decay)
    if scale:
        optimizer = layerwise.Scaled(optimizer, scale)
    if average_decay:
        return tfa.optimizers.MovingAverage(
            optimizer, average_decay=average_decay, dynamic_decay=True
        )
    return optimizer


def _plain(name, falling, learning_rate, weight_decay):
    """The optimiser of a name; `falling` makes the schedule from a peak."""
    rate = falling(learning_rate)
    if name == "lamb":
        return tfa.optimizers.LAMB(
            rate, weight_decay=weight_decay, exclude_from_weight_decay=[rules.UNDECAYED]
        )
    if name == "lars":
        return rules.LARS(rate, weight_decay)
    if name == "madgrad":
        return rules.MADGRAD(rate, weight_decay)
    if name == "adamw":
        return AdamW(falling(learning_rate * weight_decay), learning_rate=rate)
    return AdamL2(weight_decay, rate)


def use_averages(model):
    """Replace the weights of a trained model by their running averages, if any."""
    # A scale of the loss, as float16 wants it, is the outermost.
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if isinstance(optimizer, tfa.optimizers.MovingAverage):
        optimizer.assign_average_vars(model.trainable_variables)
