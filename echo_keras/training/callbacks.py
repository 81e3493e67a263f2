"""What happens beside a training loop: progress, records, checkpoints, the stop."""

import contextlib
import math
import pathlib
import re
import sys
import time

import keras
import tensorflow as tf

from echo_keras import errors, progress
from echo_keras.training import strategy

COLLAPSED = 0.05


def plain(reason):
    """First line of an exception, without what TensorFlow adds for its developers."""
    return re.sub(r"{{.*?}} | \[Op:.*", "", str(reason)).partition("\n")[0]


class Progress(keras.callbacks.Callback):
    """Show the steps of a whole training run as one progress bar."""

    def __init__(self, label, total, *, done=0):
        """Name the bar.

        Args:
            label: What is being done, one or two words.
            total: Number of steps in the whole run, over all epochs.
            done: Number of them that an earlier process has taken.
        """
        super().__init__()
        self._label = label
        self._total = total
        self._done = done
        self._bar = None
        self._advance = None

    def on_train_begin(self, logs=None):
        self._bar = progress.bar(self._label, self._total, before=self._done)
        self._advance = self._bar.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        self._advance(1, note=f"loss {logs['loss']:.4f}")

    def on_train_end(self, logs=None):
        self._bar.__exit__(None, None, None)


class StopAtBrokenLoss(keras.callbacks.Callback):
    """End the run at the first loss that is not a number, and say where.

    List it behind `Progress`, so that the bar is closed before the sentence.
    """

    def __init__(self, *, done=0, also=""):
        """Begin to watch.

        Args:
            done: Number of steps that an earlier process has taken.
            also: What else to do about it, as the end of the sentence.
        """
        super().__init__()
        self._step = done
        self._also = also
        self._broken = None

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        self._look_at(logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        # What the last step broke shows in no later loss of training.
        self._look_at(logs.get("val_loss", 0.0))

    def _look_at(self, loss):
        if self._broken is None and not math.isfinite(loss):
            self._broken = self._step
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Raise what was found.

        Raises:
            InputError: The loss stopped being a finite number.
        """
        if self._broken is not None:
            raise errors.InputError(
                f"the loss stopped being a number between steps {self._broken - 1} "
                f"and {self._broken}; lower learning_rate or lengthen the warm-up"
                f"{self._also}"
            )


class Record(keras.callbacks.Callback):
    """Note what each step tells in curves, and warn once of a collapse.

    List it before `Checkpoints`, which saves the curves.
    """

    def __init__(self, curves):
        """Begin to watch.

        Args:
            curves: `curves.Curves` to add to.
        """
        super().__init__()
        self._curves = curves
        self._warned = False

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        means = self._curves.add(logs, now - self._last)
        self._last = now
        if means and means["spread"] < COLLAPSED and not self._warned:
            self._warned = True
            sys.stderr.write(
                f"warning: by step {self._curves.step} all frames look nearly the same "
                f"to the encoder (spread {means['spread']:.3f} of 1): it collapses; "
                "lower learning_rate, or choose milder views\n"
            )


class Writer(keras.callbacks.Callback):
    """A callback that writes, and ends the run where it cannot."""

    def __init__(self, folder):
        """Begin to watch.

        Args:
            folder: Where it writes, for the sentence.
        """
        super().__init__()
        self.folder = folder
        self._reason = None

    @contextlib.contextmanager
    def written(self):
        """Note why what is within could not be written, and stop training."""
        try:
            yield
        except tf.errors.UnavailableError:
            raise  # another worker has ended, which is no matter of this folder
        except (OSError, tf.errors.OpError) as reason:
            self._reason = plain(reason)
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Tell what was noted.

        Raises:
            InputError: Something could not be written.
        """
        if self._reason is not None:
            raise errors.InputError(
                f"cannot write to {self.folder}: {self._reason}; make room there and "
                "repeat the command, which goes on from the last checkpoint"
            )


class Saver(Writer):
    """Save all that a run is made of, and that at its end.

    `tf.train.CheckpointManager` names a checkpoint the newest after it is whole. List
    this behind `Progress`, so that the bar is closed before a sentence.
    """

    def __init__(self, folder, seconds, *, devices=None, **parts):
        """Set up what to save, and where.

        Args:
            folder: Folder of the checkpoints.
            seconds: Time between two of them.
            devices: `tf.distribute.Strategy`, whose workers save at the same step.
            **parts: What to save: a model with its optimiser, curves.

        Raises:
            InputError: There is a checkpoint, whose name cannot be read.
        """
        super().__init__(folder)
        self._checkpoint = tf.train.Checkpoint(**parts)
        with _readable(folder):
            self._manager = tf.train.CheckpointManager(
                self._checkpoint, str(folder), max_to_keep=2
            )
        self._seconds = seconds
        self._devices = devices or tf.distribute.get_strategy()
        self._unsaved = False

    def restore(self, folder):
        """Put everything in the state of the newest checkpoint, if there is one.

        Args:
            folder: Folder of the checkpoints; the first worker's for all.

        Raises:
            InputError: The checkpoint cannot be read.
        """
        pointer = pathlib.Path(folder) / "checkpoint"
        if pointer.is_file():
            with _readable(folder):
                path = tf.train.latest_checkpoint(str(folder)) or str(pointer)
                self._checkpoint.restore(path).assert_consumed()

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def save_if_due(self, loss):
        """Save, unless that was done not long ago or the loss is no number.

        Args:
            loss: Of what is to be saved.
        """
        self._unsaved = math.isfinite(loss)
        due = time.monotonic() - self._last >= self._seconds
        if strategy.total(self._devices, due):
            self._save()

    def on_train_end(self, logs=None):
        """Save the end of the run.

        Raises:
            InputError: A checkpoint could not be written.
        """
        self._save()
        super().on_train_end(logs)

    def _save(self):
        if self._unsaved:
            self._unsaved = False
            with self.written():
                self._manager.save()
        self._last = time.monotonic()


class Checkpoints(Saver):
    """Save a run from time to time, behind any of its steps."""

    def on_train_batch_end(self, batch, logs=None):
        self.save_if_due(logs["loss"])


class CheckpointsOfChecks(Saver):
    """Save a run from time to time, where it has just been validated."""

    def on_epoch_end(self, epoch, logs=None):
        self.save_if_due(logs["loss"] + logs["val_loss"])


@contextlib.contextmanager
def _readable(folder):
    """Put what TensorFlow says of a damaged checkpoint into a sentence."""
    try:
        yield
    # A short file is an IndexError, a name that is no text a ValueError.
    except (tf.errors.OpError, IndexError, ValueError) as reason:
        raise errors.NothingToGoOnFromError(
            f"cannot read the checkpoint in {folder}: {plain(reason)}; remove the "
            "folder of the run to start anew"
        ) from reason


class KeepBest(keras.callbacks.Callback):
    """Put back, at the end, the weights of the epoch of the lowest validation loss.

    Attributes:
        kept: `tf.train.Checkpoint` of that loss and these weights.
    """

    def __init__(self, model):
        """Begin to watch.

        Args:
            model: Model that is to be trained.
        """
        super().__init__()
        self.kept = tf.train.Checkpoint(
            loss=tf.Variable(math.inf),
            weights=[tf.Variable(weight) for weight in model.get_weights()],
        )

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.kept.loss:
            self.kept.loss.assign(logs["val_loss"])
            for variable, weight in zip(self.kept.weights, self.model.get_weights()):
                variable.assign(weight)

    def on_train_end(self, logs=None):
        if math.isfinite(self.kept.loss):
            self.model.set_weights([weight.numpy() for weight in self.kept.weights])
