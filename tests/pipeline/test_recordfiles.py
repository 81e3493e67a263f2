import hashlib

import tensorflow as tf

from pipeline import recordfiles


def test_tensorflow_reads_what_was_written(tmp_path):
    records = [b"", b"one", bytes(range(256)) * 300]
    path, description = tmp_path / "records", {}
    with recordfiles.writer(path, tmp_path / "aside", description) as write:
        for record in records:
            write(record)
    read = tf.data.TFRecordDataset([str(path)])
    assert [record.numpy() for record in read] == records
    assert description == {
        "records": 3,
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_the_bytes_are_those_of_tensorflow(tmp_path):
    records = [b"one", b"two" * 1000]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    with recordfiles.writer(tmp_path / "ours", tmp_path / "aside", {}) as write:
        for record in records:
            write(record)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
