"""SimCLR: two views of a frame recognise each other among all frames of a batch."""

import keras
import tensorflow as tf

from echo_keras.losses import contrastive
from echo_keras.methods import pairs
from echo_keras.models import heads


class SimCLR(keras.Model):
    """Train an encoder so that the projections of two views of a frame agree.

    The batch is the global one: its frames are gathered over all replicas as
    candidates, the gradient flows back through the gathering, and a frame's views
    depend on its place in the global batch alone. With shared batch statistics the
    number of replicas changes nothing but the speed. Instead of whole frames, places in
    them may be compared.

    Source: Chen et al. 2020, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self,
        features,
        *,
        draw,
        temperature,
        hidden,
        projection=128,
        seed=0,
        synchronized=False,
        jit=False,
    ):
        """Put a projection head on features.

        Args:
            features: Model of `heads.pooled` or `heads.sampled` around an encoder.
            draw: Function that draws what the features are to be of, of `pairs.whole`
                or `dense.draw`.
            temperature: Softmax temperature, positive.
            hidden: Channels of the head's hidden layer; published are as many as the
                encoder's coarsest features have.
            projection: Channels of the projection.
            seed: Seed of the views; with the optimiser's step it gives all of them.
            synchronized: Share batch statistics between replicas.
            jit: Whether XLA compiles the network; for one replica alone.
        """
        super().__init__(name="simclr")
        self.features = features
        self._network = heads.projecting(
            features, hidden=hidden, out=projection, synchronized=synchronized
        )
        self._draw = draw
        self._temperature = temperature
        self._seed = seed
        self._jit = jit

    def compile(self, optimizer):
        """Set a `keras.optimizers.legacy` one, whose count of steps seeds the views."""
        super().compile(optimizer)
        pairs.prepare(optimizer, self.trainable_variables)

    def call(self, inputs, training=None):
        """Project what the features are of to `(items, dim)`."""
        return self._network(inputs, training=training)

    def train_step(self, batch):
        """Take one step on the local frames and patients of a batch; see `pairs`."""
        return pairs.step(
            self._compared,
            batch,
            draw=self._draw,
            seed=self._seed,
            optimizer=self.optimizer,
            variables=self.trainable_variables,
            jit=self._jit,
        )

    def _compared(self, drawn):
        local = tf.stack(tf.split(self(drawn.inputs, training=True), 2))
        candidates = pairs.gathered(local, axis=1)
        losses = contrastive.nt_xent(
            local,
            candidates,
            temperature=self._temperature,
            offset=pairs.offset(tf.shape(local)[1]),
            ignored=drawn.ignored,
        )
        return losses, candidates
