"""Fine-tuned networks in which no statistics of other images are left."""

import keras

from echo_keras.models import norms


class TakeOutFirst(keras.callbacks.Callback):
    """Take out of batch norms the statistics that they began with.

    They are out for every validation and for what comes after it, such as the choice
    of the best weights, and are put back for the next step. So it plays no part how
    often a run is validated, which is at its end at least.
    """

    def __init__(self, network, momentum, first, *, steps=0):
        """Begin to watch.

        Args:
            network: Any `keras.Model` with batch norms.
            momentum: Share of their statistics that outlives a step.
            first: Their statistics before the first step, as of `norms.statistics`.
            steps: Number of steps that an earlier process has taken, whose last one
                was followed by a validation.
        """
        super().__init__()
        self._network = network
        self._momentum = momentum
        self._first = first
        self._steps = steps
        self._taken = momentum**steps if steps else 0.0

    def on_train_batch_end(self, batch, logs=None):
        self._steps += 1

    def on_test_begin(self, logs=None):
        self._taken = self._momentum**self._steps
        norms.take_out(self._network, self._first, self._taken)

    def on_epoch_begin(self, epoch, logs=None):
        norms.put_back(self._network, self._first, self._taken)
        self._taken = 0.0
