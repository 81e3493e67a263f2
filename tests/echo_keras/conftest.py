import collections
import hashlib
import json

import cv2
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import schema, tfrecords


def pytest_configure():
    """Cut the CPU in four before any test uses it, for tests over replicas."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(4)]
    tf.config.set_logical_device_configuration(cpu, parts)


@pytest.fixture(scope="session")
def write_shard():
    """Function that writes records as a shard, whose description it returns."""
    return _shard


@pytest.fixture(scope="session")
def write_folder():
    """Function that writes a folder of records from a dict of split to records."""

    def write(folder, records, *, dataset="echonet"):
        families = collections.defaultdict(list)
        for split, theirs in records.items():
            for record in theirs:
                families[schema.family(record), split].append(record)
        shards = [
            _shard(
                folder, f"{family}/{dataset}-{split}.tfrecord-00000-of-00001", theirs
            )
            for (family, split), theirs in families.items()
        ]
        manifest = {
            "format": schema.FORMAT,
            "dataset": dataset,
            "source_fingerprint": "0123abcd",
            "rejected": {},
            "counts": {split: _counts(theirs) for split, theirs in records.items()},
            "shards": shards,
        }
        (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
        return folder

    return write


@pytest.fixture(scope="session")
def ventricle():
    """Function that draws half an ellipse, apex up, 40 by 28 pixels at scale 1."""

    def draw(scale):
        rows, columns = np.indices((64, 64))
        down, across = (rows - 56) / scale, (columns - 32) / scale
        return (rows < 56) & ((down / 40) ** 2 + (across / 14) ** 2 < 1)

    return draw


@pytest.fixture(scope="session")
def beating(ventricle):
    """Fifty frames of a ventricle that beats every twenty, 250 inside."""
    turn = 2 * np.pi * np.arange(50) / 20
    masks = [ventricle(0.85 + 0.15 * np.cos(angle)) for angle in turn]
    return 250 * np.stack(masks).astype(np.uint8)


@pytest.fixture(scope="session")
def beating_video(beating, tmp_path_factory):
    """An AVI file of the beating ventricle, 40 frames a second."""
    path = tmp_path_factory.mktemp("video") / "beats.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 40, (64, 64))
    for frame in beating:
        video.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    video.release()
    return path


@pytest.fixture(scope="session")
def bright():
    """A segmenting function: what is bright is ventricle."""

    def segment(images):
        answers = []
        for image in images:
            pixels = np.frombuffer(image, np.uint8)
            mask = cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE) > 127
            drawn = cv2.imencode(".png", 255 * mask.astype(np.uint8))[1].tobytes()
            answers.append(
                {
                    "mask_png_bytes": drawn,
                    "area": int(mask.sum()),
                    "area_high": int(mask.sum()) + 5,
                    "probability_mean": 0.9,
                }
            )
        return answers

    return segment


def _shard(folder, file, records):
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(schema.encode(record))
    family, _, rest = file.partition("/")
    return {
        "file": file,
        "family": family,
        "split": rest.partition(".")[0].rpartition("-")[2],
        "patients": sorted({record.patient for record in records}),
        "records": len(records),
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _counts(records):
    by_family = collections.Counter(map(schema.family, records))
    videos = [record for record in records if schema.family(record) == "unlabelled"]
    return {
        "patients": len({record.patient for record in records}),
        "labelled_frames": by_family["labelled"],
        "sequence_frames": by_family["sequence"],
        "unlabelled_videos": len(videos),
        "unlabelled_frames": sum(len(video.frames) for video in videos),
    }
