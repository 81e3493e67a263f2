"""What a fine-tuning tells of itself at its checks, kept in every checkpoint."""

import json
import time

import keras
import tensorflow as tf


class Course(tf.train.experimental.PythonState):
    """What the checks of a run have found so far.

    Attributes:
        checks: Number of checks.
        seconds: Time until the last of them, interruptions left out.
        curves: Dict of name to a list of one number for each check.
    """

    def __init__(self):
        """Begin with nothing."""
        super().__init__()
        self.checks = 0
        self.seconds = 0.0
        self.curves = {}

    def add(self, told, seconds):
        """Take note of a check.

        Args:
            told: Dict of name to number, with the same names each time.
            seconds: Time since the check before.
        """
        self.checks += 1
        self.seconds += seconds
        for name, value in told.items():
            self.curves.setdefault(name, []).append(float(value))

    def serialize(self):
        return json.dumps([self.checks, self.seconds, self.curves])

    def deserialize(self, string_value):
        self.checks, self.seconds, self.curves = json.loads(string_value)


class Keep(keras.callbacks.Callback):
    """Note what each of Keras's epochs tells, which are the checks of a run.

    List it before checkpoints, which save it.
    """

    def __init__(self, course):
        """Begin to watch.

        Args:
            course: `Course` to add to.
        """
        super().__init__()
        self._course = course

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        self._course.add(logs, now - self._last)
        self._last = now
