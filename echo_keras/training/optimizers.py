"""Optimisers and their schedules; tensorflow-addons lives here and nowhere else."""

import math
import re
import warnings

import keras
import tensorflow as tf

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow_addons as tfa

UNDECAYED = r"(^|/)(bias|gamma|beta)(/replica_\d+)?:\d+$"


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


class AdamW(tfa.optimizers.AdamW):
    """Decoupled decay, chosen by the name of each variable.

    The original chooses in `apply_gradients`, which a moving average does not call
    (so that everything decays) and which does not know a variable's copies on the
    replicas (so that nothing does).
    """

    def _do_use_weight_decay(self, var):
        return decays(var)


class AdamL2(keras.optimizers.legacy.Adam):
    """Adam with decay added to the gradient, as PyTorch's Adam has it."""

    def __init__(self, weight_decay, learning_rate):
        super().__init__(learning_rate)
        self._weight_decay = weight_decay

    def _resource_apply_dense(self, grad, var, apply_state=None):
        if decays(var):
            grad += self._weight_decay * var
        return super()._resource_apply_dense(grad, var, apply_state=apply_state)


class LARS(keras.optimizers.legacy.Optimizer):
    """Momentum, at a rate for each layer that is as large as its weights allow.

    A kernel moves by `rate * trust * |kernel| / |gradient + decay * kernel|` times that
    gradient; what does not decay moves by the rate itself, as in SimCLR and BYOL.

    Source: You et al. 2017, https://arxiv.org/abs/1708.03888
    """

    def __init__(
        self, learning_rate, weight_decay, *, momentum=0.9, trust=1e-3, name="LARS"
    ):
        """Choose the published settings.

        Args:
            learning_rate: Rate or schedule.
            weight_decay: Of kernels, added to the gradient.
            momentum: Share of the step before that is kept.
            trust: Size of a step in units of the kernel's norm, at rate 1.
            name: Of the optimiser.
        """
        super().__init__(name)
        self._set_hyper("learning_rate", learning_rate)
        self._weight_decay = weight_decay
        self._momentum = momentum
        self._trust = trust

    def _create_slots(self, var_list):
        for variable in var_list:
            self.add_slot(variable, "momentum")

    def _resource_apply_dense(self, grad, var, apply_state=None):
        rate = self._decayed_lr(var.dtype.base_dtype)
        if decays(var):
            grad += self._weight_decay * var
            ratio = self._trust * tf.math.divide_no_nan(tf.norm(var), tf.norm(grad))
            # Kernels that are all zero would never leave it otherwise.
            rate *= tf.where(ratio > 0.0, ratio, 1.0)
        momentum = self.get_slot(var, "momentum")
        momentum.assign(self._momentum * momentum + rate * grad)
        return var.assign_sub(momentum)

    def get_config(self):
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "weight_decay": self._weight_decay,
            "momentum": self._momentum,
            "trust": self._trust,
        }


def decays(variable):
    """Whether a variable decays: biases and normalisation do not."""
    return not re.search(UNDECAYED, variable.name)


def create(
    name, *, learning_rate, weight_decay, steps, warmup_steps=0, average_decay=0.0
):
    """Build an optimiser on a warm-up and cosine schedule.

    Args:
        name: `adam` (decay as an L2 gradient, as PyTorch's Adam has it), `adamw`
            (decoupled decay), `lamb` or `lars`.
        learning_rate: Peak rate.
        weight_decay: Decay per unit of learning rate; biases and the parameters of
            normalisation do not decay.
        steps: Steps of the whole run.
        warmup_steps: Steps of linear warm-up.
        average_decay: Decay of a running average of the weights, 0 for none. The
            averages are put in place by `use_averages`.

    Returns:
        Optimiser for `keras.Model.compile`.

    Source: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101; You et al.
    2020, https://arxiv.org/abs/1904.00962
    """
    rate = WarmupCosine(learning_rate, steps, warmup_steps)
    if name == "lamb":
        optimizer = tfa.optimizers.LAMB(
            rate, weight_decay=weight_decay, exclude_from_weight_decay=[UNDECAYED]
        )
    elif name == "lars":
        optimizer = LARS(rate, weight_decay)
    elif name == "adamw":
        decay = WarmupCosine(learning_rate * weight_decay, steps, warmup_steps)
        optimizer = AdamW(decay, learning_rate=rate)
    else:
        optimizer = AdamL2(weight_decay, rate)
    if average_decay:
        return tfa.optimizers.MovingAverage(
            optimizer, average_decay=average_decay, dynamic_decay=True
        )
    return optimizer


def use_averages(model):
    """Replace the weights of a trained model by their running averages, if any."""
    if isinstance(model.optimizer, tfa.optimizers.MovingAverage):
        model.optimizer.assign_average_vars(model.trainable_variables)
