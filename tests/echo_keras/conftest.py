import collections
import hashlib
import json

import pytest
import tensorflow as tf

from echo_keras.data import schema, tfrecords


def pytest_configure():
    """Cut the CPU in four before any test uses it, for tests over replicas."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(4)]
    tf.config.set_logical_device_configuration(cpu, parts)


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
            "counts": {split: _counts(theirs) for split, theirs in records.items()},
            "shards": shards,
        }
        (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
        return folder

    return write


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
