"""What a run tells of itself, step by step and as means over its epochs."""

import json
import time

import keras
import tensorflow as tf


class Curves(tf.train.experimental.PythonState):
    """Means over each epoch of what the steps tell, kept in every checkpoint.

    Attributes:
        per_epoch: Steps of an epoch.
        step: Steps taken so far.
        seconds: Time that they took, interruptions left out.
        epochs: Dict of name to a list of means, one for each finished epoch.
    """

    def __init__(self, per_epoch):
        """Begin with nothing.

        Args:
            per_epoch: Steps of an epoch.
        """
        super().__init__()
        self.per_epoch = per_epoch
        self.step = 0
        self.seconds = 0.0
        self.epochs = {}
        self._sums = {}

    def add(self, told, seconds):
        """Take note of one step.

        Args:
            told: Dict of name to number, with the same names each time.
            seconds: Time since the step before.

        Returns:
            Dict of name to the mean over the epoch that has ended, or None.
        """
        self.step += 1
        self.seconds += seconds
        for name, value in told.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        if self.step % self.per_epoch:
            return None
        means = {name: total / self.per_epoch for name, total in self._sums.items()}
        for name, mean in means.items():
            self.epochs.setdefault(name, []).append(mean)
        self._sums = {}
        return means

    def serialize(self):
        return json.dumps([self.step, self.seconds, self.epochs, self._sums])

    def deserialize(self, string_value):
        self.step, self.seconds, self.epochs, self._sums = json.loads(string_value)


class Keep(keras.callbacks.Callback):
    """Add what each of Keras's epochs tells, which are the steps of these curves.

    List it before checkpoints, which save the curves.
    """

    def __init__(self, curves):
        """Begin to watch.

        Args:
            curves: `Curves` to add to.
        """
        super().__init__()
        self._curves = curves

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        self._curves.add(logs, now - self._last)
        self._last = now
