"""Unlabelled videos in memory, and which of their frames each step of a run sees."""

import dataclasses
import math
import pathlib

import numpy as np
import tensorflow as tf

from echo_keras import errors, progress
from echo_keras.data import preprocess, tfrecords

MEMORY = pathlib.Path("/proc/meminfo")


@dataclasses.dataclass(frozen=True, eq=False)
class Video:
    """The frames of one video.

    Attributes:
        patient: Data set, fingerprint of its source and name of the patient, such as
            `camus/1f2e3d4c/patient0001`: synthetic hearts bear the names of real ones.
        view: `4CH` or `2CH`.
        frames: `(frames, size, size, 1)` uint8, in temporal order.
    """

    patient: str
    view: str
    frames: np.ndarray


def load(data, splits, *, size, aspect="stretch"):
    """Read the frames of unlabelled videos into memory.

    Args:
        data: Folders of records.
        splits: Splits to read.
        size: Height and width to resize to, in pixels.
        aspect: How frames are made square, of `preprocess.ASPECTS`.

    Returns:
        List of `Video`.

    Raises:
        InputError: There are none, or more than fit into the memory that is free.
    """
    manifests = [tfrecords.manifest(folder) for folder in data]
    records = [
        tfrecords.unlabelled([folder], splits).map(
            lambda one: {**one, "frames": _resized(one["frames"], size, aspect)},
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        for folder in data
    ]
    total, room = _count(manifests, splits), _free_memory()
    loaded, taken = [], 0
    with progress.bar("load", total, unit="videos") as advance:
        for source, record in _all(manifests, records):
            loaded.append(_video(source, record))
            taken += record["frames"].nbytes
            if taken > room:
                raise errors.InputError(
                    f"the frames of {len(loaded)} of {total} videos take "
                    f"{taken / 1e9:.1f} GB at size {size}, all the memory that is "
                    "free; set a smaller size, or keep fewer frames of each video with "
                    "build-tfrecords --unlabelled-frames"
                )
            advance()
    return loaded


def order(pool, *, epochs, batch, seed, first=0):
    """Draw the frames of every pair anew in each epoch, in a new order.

    Args:
        pool: `positives.Pool`.
        epochs: Number of epochs.
        batch: Pairs in a batch; those that fill no batch are left out of an epoch.
        seed: Seed of the whole run.
        first: Step to begin with.

    Yields:
        `(batch, frames, 2)` int array of video and frame for each step. It depends on
        the seed and the step alone, so a run can begin at any step.
    """
    per_epoch = len(pool) // batch
    for epoch in range(first // per_epoch, epochs):
        random = np.random.default_rng([seed, epoch])
        drawn = pool.draw(random)
        random.shuffle(drawn)
        begin = first % per_epoch if epoch == first // per_epoch else 0
        for step in range(begin, per_epoch):
            yield drawn[step * batch : (step + 1) * batch]


def batches(videos, pool, recipe, *, first=0):
    """Global batches of frames and their patients, in `order`.

    Args:
        videos: List of `Video`.
        pool: `positives.Pool` of these videos.
        recipe: `config.Pretrain`.
        first: Step to begin with.

    Returns:
        `tf.data.Dataset` of one element a step, which replicas share: `(batch, parts,
        frames, size, size, 1)` uint8, as many parts as the recipe accumulates, and
        `(batch, parts)` int32 numbers of their patients.
    """
    _, patients = np.unique([video.patient for video in videos], return_inverse=True)
    patients = patients.astype(np.int32)

    def gathered():
        for step in order(
            pool,
            epochs=recipe.epochs,
            batch=recipe.batch * recipe.accumulate,
            seed=recipe.seed,
            first=first,
        ):
            frames = [[videos[video].frames[i] for video, i in pair] for pair in step]
            yield np.reshape(frames, shape), patients[step[:, 0, 0]].reshape(shape[:2])

    size = (recipe.size, recipe.size, 1)
    shape = (recipe.batch, recipe.accumulate, pool.frames, *size)
    frames = tf.data.Dataset.from_generator(
        gathered,
        output_signature=(
            tf.TensorSpec(shape, tf.uint8),
            tf.TensorSpec(shape[:2], tf.int32),
        ),
    )
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return frames.with_options(options).prefetch(2)


def _resized(encoded, size, aspect):
    def frame(encoded):
        pixels = tf.io.decode_png(encoded, channels=1)
        pixels = preprocess.image(pixels, size, aspect=aspect)
        return tf.image.convert_image_dtype(pixels, tf.uint8, saturate=True)

    return tf.map_fn(frame, encoded, fn_output_signature=tf.uint8)


def _all(manifests, records):
    """Every record behind the fingerprint of its source."""
    for manifest, some in zip(manifests, records):
        for record in some.as_numpy_iterator():
            yield manifest["source_fingerprint"], record


def _video(source, record):
    dataset, patient, view = (
        record[name].decode() for name in ("dataset", "patient", "view")
    )
    return Video(f"{dataset}/{source}/{patient}", view, record["frames"])


def _count(manifests, splits):
    """Unlabelled videos of some splits of several folders."""
    return sum(
        count["unlabelled_videos"]
        for manifest in manifests
        for split, count in manifest["counts"].items()
        if split in splits
    )


def _free_memory():
    """Bytes that can be taken before the machine swaps; endless where not told."""
    try:
        lines = MEMORY.read_text().splitlines()
    except OSError:
        return math.inf
    free = dict(line.split(":") for line in lines)["MemAvailable"]
    return 1024 * int(free.split()[0])
