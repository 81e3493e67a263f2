"""Update rules that neither Keras nor tensorflow-addons have, and what decays."""

import re

import keras
import tensorflow as tf

UNDECAYED = r"(^|/)(bias|gamma|beta)(/replica_\d+)?:\d+$"


def decays(variable):
    """Whether a variable decays: biases and normalisation do not."""
    return not re.search(UNDECAYED, variable.name)


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
            rate = rate * tf.where(ratio > 0.0, ratio, 1.0)
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


class MADGRAD(keras.optimizers.legacy.Optimizer):
    """Dual averaging with momentum, each weight at the cube root of its gradients.

    At step k, from the first weights `x0`: `s += l g`, `v += l g^2` with
    `l = rate sqrt(k + 1)`, and the weights move by `1 - momentum` of the way to
    `x0 - s / (cbrt(v) + epsilon)`.

    Source: Defazio and Jelassi 2021, algorithm 1, https://arxiv.org/abs/2101.11075
    """

    def __init__(
        self, learning_rate, weight_decay, *, momentum=0.9, epsilon=1e-6, name="MADGRAD"
    ):
        """Choose the published settings.

        Args:
            learning_rate: Rate or schedule.
            weight_decay: Of kernels, added to the gradient.
            momentum: Share of the way that is not gone in a step.
            epsilon: Added to the root.
            name: Of the optimiser.
        """
        super().__init__(name)
        self._set_hyper("learning_rate", learning_rate)
        self._weight_decay = weight_decay
        self._momentum = momentum
        self._epsilon = epsilon

    def _create_slots(self, var_list):
        for variable in var_list:
            self.add_slot(variable, "first", variable.read_value())
            self.add_slot(variable, "sum")
            self.add_slot(variable, "squares")

    def _resource_apply_dense(self, grad, var, apply_state=None):
        step = tf.cast(self.iterations + 1, var.dtype.base_dtype)
        weight = self._decayed_lr(var.dtype.base_dtype) * tf.sqrt(step)
        if decays(var):
            grad += self._weight_decay * var
        total = self.get_slot(var, "sum").assign_add(weight * grad)
        squares = self.get_slot(var, "squares").assign_add(weight * tf.square(grad))
        # A cube root at a tenth of the time of `tf.pow`; the logarithm of 0 gives 0.
        root = tf.exp(tf.math.log(squares) / 3.0) + self._epsilon
        target = self.get_slot(var, "first") - total / root
        return var.assign(self._momentum * var + (1.0 - self._momentum) * target)

    def get_config(self):
        return {
            **super().get_config(),
            "learning_rate": self._serialize_hyperparameter("learning_rate"),
            "weight_decay": self._weight_decay,
            "momentum": self._momentum,
            "epsilon": self._epsilon,
        }
