"""Labelled images and pretraining pairs per second and core, stage by stage.

Run as `python -m benchmarks.input FOLDER`, a folder of records. Each row runs all
stages up to its own, in turn with the others, and its own share is what it adds to the
row above; the last row is the same work in a plain loop of NumPy and OpenCV. Processor
seconds are counted, of whatever threads, so that the rate is that of one core.
"""

import statistics
import sys
import time

import cv2
import tensorflow as tf

from benchmarks import measure, plainloop
from echo_keras.data import augment, preprocess, tfrecords, views

ROUNDS = 5
SIZES = (112, 224)
BATCHES = {"labelled images": 16, "two-view pairs": 64}
HEADER = ("", "per s and core", "ms each", "own ms", "share")


def main(folder):
    """Print a table for each kind and size."""
    cv2.setNumThreads(1)
    kinds = {"labelled images": _labelled, "two-view pairs": _pairs}
    for name, stages_of in kinds.items():
        for size in SIZES:
            stages = stages_of(folder, size, batch=BATCHES[name])
            _print(f"{name}, {size} pixels", stages)


def _print(title, stages):
    seconds = {name: [] for name in stages}
    for run in stages.values():
        run()  # traces the graph and warms the disk's cache
    for _ in range(ROUNDS):
        for name, run in stages.items():
            start = time.process_time()
            count = run()
            seconds[name].append((time.process_time() - start) / count)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    *inner, loop = medians
    before = [0.0, *(medians[name] for name in inner)]
    own = {name: medians[name] - last for name, last in zip(inner, before)}
    whole = medians[inner[-1]]
    rows = [
        (
            name,
            measure.spread([1 / each for each in seconds[name]], 0),
            f"{1000 * medians[name]:.3f}",
            f"{1000 * own[name]:.3f}" if name in own else "",
            f"{own[name] / whole:.0%}" if name in own else "",
        )
        for name in medians
    ]
    measure.table((title, *HEADER[1:]), rows)
    slowest = max(own, key=own.get)
    sys.stdout.write(
        f"bottleneck: {slowest.removeprefix('+ ')}; "
        f"{medians[loop] / whole:.2f} times as fast as the plain loop\n\n"
    )


def _labelled(folder, size, *, batch):
    def pixels(record):
        return (
            preprocess.image(record["image"], size),
            tf.cast(preprocess.structures(record["mask"], size), tf.float32),
        )

    records = tf.data.TFRecordDataset(_files(folder, "labelled"))
    decoded = tfrecords.labelled(folder, "train")
    resized = decoded.map(pixels)
    batched = resized.batch(batch, drop_remainder=True)
    numbered = tf.data.Dataset.zip((batched, tf.data.Dataset.counter(dtype=tf.int32)))
    moved = numbered.map(lambda pair, step: augment.paired(*pair, seed=(0, step)))
    return {
        "read": _counted(records),
        "+ decode": _counted(decoded),
        "+ resize": _counted(resized),
        "+ batch": _counted(batched, batch),
        "+ augment": _counted(moved, batch),
        "NumPy and OpenCV": lambda: plainloop.labelled(
            _files(folder, "labelled"), size, batch=batch
        ),
    }


def _pairs(folder, size, *, batch):
    def frame(video):
        return tf.io.decode_png(video["frames"][0], channels=1)

    def pair(images, step):
        return tuple(views.echo(images, seed=(view, step))[0] for view in (0, 1))

    records = tf.data.TFRecordDataset(_files(folder, "unlabelled"))
    decoded = tfrecords.unlabelled([folder], ("train",)).map(frame)
    resized = decoded.map(lambda pixels: preprocess.image(pixels, size))
    batched = resized.batch(batch, drop_remainder=True)
    numbered = tf.data.Dataset.zip((batched, tf.data.Dataset.counter(dtype=tf.int32)))
    return {
        "read": _counted(records),
        "+ decode one frame": _counted(decoded),
        "+ resize": _counted(resized),
        "+ batch": _counted(batched, batch),
        "+ two views": _counted(numbered.map(pair), batch),
        "NumPy and OpenCV": lambda: plainloop.pairs(
            _files(folder, "unlabelled"), size, batch=batch
        ),
    }


def _counted(dataset, batch=1):
    def run():
        return batch * sum(1 for _ in dataset)

    return run


def _files(folder, family):
    shards = tfrecords.manifest(folder)["shards"]
    return [
        f"{folder}/{shard['file']}"
        for shard in shards
        if (shard["family"], shard["split"]) == (family, "train")
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
