"""SimCLR: two views of a frame recognise each other among all frames of a batch."""

import keras
import tensorflow as tf

from echo_keras.losses import contrastive
from echo_keras.models import heads


class SimCLR(keras.Model):
    """Train an encoder so that the projections of two views of a frame agree.

    The batch is the global one: its frames are gathered over all replicas as
    candidates, the gradient flows back through the gathering, and a frame's views
    depend on its place in the global batch alone. With shared batch statistics the
    number of replicas changes nothing but the speed.

    Source: Chen et al. 2020, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self, encoder, *, view, temperature, projection=128, seed=0, synchronized=False
    ):
        """Put a projection head on an encoder.

        Args:
            encoder: Model from frames to a list of feature maps, fine to coarse.
            view: Function that draws views, such as `data.views.echo`.
            temperature: Softmax temperature, positive.
            projection: Channels of the projection.
            seed: Seed of the views; with the optimiser's step it gives all of them.
            synchronized: Share batch statistics between replicas.
        """
        super().__init__(name="simclr")
        self.encoder = encoder
        self._pooled = heads.pooled(encoder)
        self._projection = heads.projection(
            self._pooled.output_shape[-1], out=projection, synchronized=synchronized
        )
        self._view = view
        self._temperature = temperature
        self._seed = seed
        self._averages = [
            keras.metrics.Mean(name=name) for name in ("loss", "accuracy", "spread")
        ]

    @property
    def metrics(self):
        """Means over an epoch: loss in nats, contrastive accuracy and spread."""
        return self._averages

    def compile(self, optimizer):
        """Set a `keras.optimizers.legacy` one, whose count of steps seeds the views."""
        super().compile(optimizer)
        self._step = optimizer.iterations
        # With its slots made here, the step is traced once instead of twice, which is
        # half a minute where every norm waits for another replica's.
        optimizer._create_all_weights(self.trainable_variables)

    def call(self, images, training=None):
        """Project frames in [0, 1], `(batch, size, size, 1)`, to `(batch, dim)`."""
        features = self._pooled(images, training=training)
        return self._projection(features, training=training)

    def train_step(self, images):
        """Take one step on the local frames, `(batch, size, size, 1)`, of a batch."""
        images = tf.image.convert_image_dtype(images, tf.float32)
        batch = tf.shape(images)[0]
        replica = tf.distribute.get_replica_context()
        offset = replica.replica_id_in_sync_group * batch
        views = self._views(images, offset, batch * replica.num_replicas_in_sync)
        with tf.GradientTape() as tape:
            projections = self(tf.concat(views, axis=0), training=True)
            local = tf.stack(tf.split(projections, 2))
            candidates = replica.all_gather(local, axis=1)
            losses = contrastive.nt_xent(
                local, candidates, temperature=self._temperature, offset=offset
            )
            share = tf.reduce_mean(losses) / replica.num_replicas_in_sync
        gradients = tape.gradient(share, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        accuracy = contrastive.accuracy(local, candidates, offset=offset)
        spread = contrastive.spread(candidates)
        for average, value in zip(self.metrics, (losses, accuracy, spread)):
            average.update_state(value)
        return {average.name: average.result() for average in self.metrics}

    def _views(self, images, first, rows):
        seed = tf.stack([self._seed, tf.cast(self._step, tf.int32)])
        return [
            self._view(images, tf.random.fold_in(seed, side), first=first, rows=rows)
            for side in range(2)
        ]
