"""What happens beside a training loop: progress and the stop at a broken loss."""

import math

import keras

from echo_keras import progress
from echo_keras.errors import InputError


class Progress(keras.callbacks.Callback):
    """Show the steps of a whole training run as one progress bar."""

    def __init__(self, label, total):
        """Name the bar.

        Args:
            label: What is being done, one or two words.
            total: Number of steps in the whole run, over all epochs.
        """
        super().__init__()
        self._label = label
        self._total = total
        self._bar = None
        self._advance = None

    def on_train_begin(self, logs=None):
        self._bar = progress.bar(self._label, self._total)
        self._advance = self._bar.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        self._advance(1, note=f"loss {logs['loss']:.4f}")

    def on_train_end(self, logs=None):
        self._bar.__exit__(None, None, None)


class StopAtBrokenLoss(keras.callbacks.Callback):
    """End the run at the first loss that is not a number, and say where.

    List it behind `Progress`, so that the bar is closed before the sentence.
    """

    def __init__(self):
        super().__init__()
        self._step = 0
        self._broken = None

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self._broken is None and not math.isfinite(logs["loss"]):
            self._broken = self._step
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Raise what was found.

        Raises:
            InputError: The loss stopped being a finite number.
        """
        if self._broken is not None:
            raise InputError(
                f"the loss stopped being a number between steps {self._broken - 1} "
                f"and {self._broken}; lower learning_rate or lengthen the warm-up"
            )
