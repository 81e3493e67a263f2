"""Steps of other lengths for other layers: a frozen encoder, rates that decay."""

import keras
import tensorflow as tf


class Scaled(keras.optimizers.legacy.Optimizer):
    """An optimiser whose steps are shortened, for some weights or for some time.

    What the inner optimiser remembers of the gradients is as if they were not.
    """

    def __init__(self, inner, scale, *, name="Scaled"):
        """Wrap an optimiser.

        Args:
            inner: A `keras.optimizers.legacy` one.
            scale: Function from a variable and the int64 number of the step, from 0,
                to the share of the step that is taken, 0 for none.
            name: Of the optimiser.
        """
        super().__init__(name)
        self._inner = inner
        self._track_trackable(inner, "inner")  # so that checkpoints hold its slots
        self._scale = scale

    def _create_slots(self, var_list):
        self._inner._create_slots(var_list)

    def _create_hypers(self):
        self._inner._create_hypers()

    def _prepare_local(self, var_device, var_dtype, apply_state):
        self._inner._iterations = self.iterations
        return self._inner._prepare_local(var_device, var_dtype, apply_state)

    def _resource_apply_dense(self, grad, var, apply_state=None):
        before = tf.identity(var)
        share = self._scale(var, self.iterations)
        with tf.control_dependencies([before]):
            step = self._inner._resource_apply_dense(grad, var, apply_state=apply_state)
        with tf.control_dependencies([step]):
            return var.assign(before + share * (var - before))


def shares(encoder, *, layer_decay, freeze_steps):
    """Make the shares of their steps that the weights of a network take.

    Args:
        encoder: Model from frames to a list of feature maps, fine to coarse, that is a
            part of the network.
        layer_decay: Factor for each stage of the encoder that lies between a weight
            and the head; 1 treats all alike.
        freeze_steps: Steps at first in which none of the encoder's trained weights
            moves; the statistics of its batch norms do.

    Returns:
        Function for `Scaled`. Weights outside the encoder take the whole step.

    Source: Clark et al. 2020, section 3.3, https://arxiv.org/abs/2003.10555
    """
    factors = {
        weight.name: layer_decay**distance
        for layer, distance in _distances(encoder)
        for weight in layer.trainable_weights
    }

    def share(variable, step):
        if variable.name not in factors:
            return 1.0
        return tf.where(step < freeze_steps, 0.0, factors[variable.name])

    return share


def _distances(encoder):
    """Pairs of a layer and its distance to the head: 1 in the coarsest stage."""
    ends = {output.node.layer.name for output in encoder.outputs}
    distance = len(ends)
    for layer in encoder.layers:
        yield layer, distance
        distance -= layer.name in ends
