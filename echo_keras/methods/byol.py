"""BYOL: one view of a frame predicts what a slow network makes of the other view."""

import math

import keras
import tensorflow as tf

from echo_keras.losses import contrastive
from echo_keras.methods import pairs
from echo_keras.models import heads


class BYOL(keras.Model):
    """Train an encoder to predict a target network, which follows it slowly.

    Only the online network and its predictor learn. The target is a moving average of
    the online network's weights; its batch norm takes the statistics of the batch, as
    the online one's does. Instead of whole frames, places in them may be compared.

    Source: Grill et al. 2020, https://arxiv.org/abs/2006.07733
    """

    def __init__(
        self,
        features,
        copy,
        *,
        draw,
        steps,
        hidden,
        momentum=0.996,
        projection=256,
        seed=0,
        synchronized=False,
        jit=False,
    ):
        """Put projection and prediction on features, and projection on their copy.

        Args:
            features: Model of `heads.pooled` or `heads.sampled` around an encoder.
            copy: Another model of the same layers, to be the target's; its weights are
                overwritten. (A clone would do, if batch norm did not forget there
                whether it is synchronised.)
            draw: Function that draws what the features are to be of, of `pairs.whole`
                or `dense.draw`.
            steps: Steps of the whole run, over which the momentum rises.
            hidden: Channels of the hidden layer of both heads; 4096 is published.
            momentum: Share of itself that the target keeps in the first step.
            projection: Channels of the projection.
            seed: Seed of the views; with the optimiser's step it gives all of them.
            synchronized: Share batch statistics between replicas.
            jit: Whether XLA compiles the network; for one replica alone.
        """
        super().__init__(name="byol")
        self.features = features
        head = {"hidden": hidden, "out": projection, "synchronized": synchronized}
        self.online = heads.projecting(features, **head)
        self._predictor = heads.perceptron(projection, name="prediction", **head)
        self.target = heads.projecting(copy, **head)
        self.target.set_weights(self.online.get_weights())
        self._draw = draw
        self._steps = steps
        self._momentum = momentum
        self._seed = seed
        self._jit = jit

    @property
    def learned(self):
        """Variables that the gradient reaches: those of the online side."""
        return self.online.trainable_variables + self._predictor.trainable_variables

    def compile(self, optimizer):
        """Set a `keras.optimizers.legacy` one, whose count of steps seeds the views."""
        super().compile(optimizer)
        pairs.prepare(optimizer, self.learned)

    def call(self, inputs, training=None):
        """Project what the features are of to `(items, dim)`."""
        return self.online(inputs, training=training)

    def momentum(self, step):
        """Share of itself that the target keeps, rising to 1 in half a cosine.

        Args:
            step: Scalar integer from 0.

        Returns:
            Scalar of the type of Keras' floats.
        """
        progress = tf.cast(step, keras.backend.floatx()) / self._steps
        fall = 0.5 * (tf.cos(math.pi * progress) + 1.0)
        return 1.0 - (1.0 - self._momentum) * fall

    def train_step(self, batch):
        """Take one step on the local frames and patients of a batch; see `pairs`."""
        momentum = self.momentum(self.optimizer.iterations)
        told = pairs.step(
            self._compared,
            batch,
            draw=self._draw,
            seed=self._seed,
            optimizer=self.optimizer,
            variables=self.learned,
            jit=self._jit,
        )
        replica = tf.distribute.get_replica_context()
        replica.merge_call(self._follow, args=(momentum,))
        return told

    def _compared(self, drawn):
        projections = self.online(drawn.inputs, training=True)
        predictions = self._predictor(projections, training=True)
        targets = tf.stop_gradient(self.target(drawn.inputs, training=True))
        losses = contrastive.regression(*(_by_side(x) for x in (predictions, targets)))
        return losses, pairs.gathered(_by_side(projections), axis=1)

    def _follow(self, strategy, momentum):
        def moved(target, online, momentum):
            target.assign(momentum * target + (1.0 - momentum) * online)

        for target, online in zip(
            self.target.trainable_variables, self.online.trainable_variables
        ):
            strategy.extended.update(target, moved, args=(online, momentum))


def _by_side(vectors):
    return tf.stack(tf.split(vectors, 2))
