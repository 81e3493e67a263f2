"""What TensorBoard shows of a run while it goes on."""

import tensorflow as tf

from echo_keras.training import callbacks, pictures


class Board(callbacks.Writer):
    """Write what each step tells, and a sheet of views, as TensorBoard's events.

    List it behind `Record`, whose curves count the steps, and behind `Checkpoints`, so
    that the end of a run is saved before a sentence.
    """

    def __init__(self, folder, curves, views, *, images):
        """Begin to write.

        Args:
            folder: Folder of the events.
            curves: `curves.Curves` of the run.
            views: `(2, pairs, size, size, 1)` float in [0, 1], to show once.
            images: Views in a step, over all replicas.
        """
        super().__init__(folder)
        self._curves = curves
        self._views = views
        self._images = images
        self._writer = tf.summary.create_noop_writer()

    def on_train_begin(self, logs=None):
        self._seconds = self._curves.seconds
        with self.written():
            self._writer = tf.summary.create_file_writer(str(self.folder))
            with self._writer.as_default(step=self._curves.step):
                sheet = pictures.sheet(self._views)[None, ..., None]
                tf.summary.image("views", sheet)

    def on_train_batch_end(self, batch, logs=None):
        step, seconds = self._curves.step, self._curves.seconds
        told = {
            **logs,
            "learning_rate": self.model.optimizer.learning_rate(step - 1),
            "images_per_second": self._images / max(seconds - self._seconds, 1e-9),
        }
        self._seconds = seconds
        with self.written(), self._writer.as_default(step=step):
            for name, value in told.items():
                tf.summary.scalar(name, value)

    def on_train_end(self, logs=None):
        """Close the events.

        Raises:
            InputError: They could not be written.
        """
        with self.written():
            self._writer.close()
        super().on_train_end(logs)
