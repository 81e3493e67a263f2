"""Folders of records: what is in them, and their shards as `tf.data`."""

import hashlib
import json

import tensorflow as tf

from echo_keras import errors
from echo_keras.data import schema

MANIFEST = schema.MANIFEST

_READ_AT_ONCE = 2**22


def manifest(folder):
    """Read the manifest of a folder of records.

    Args:
        folder: Folder that `echo-keras build-tfrecords` wrote, local or a URL.

    Returns:
        Dict with `format`, `dataset`, `counts` by split, `shards`, `rejected`,
        `source`, `source_fingerprint`, `versions` and `command`.

    Raises:
        InputError: The folder is missing, unfinished, holds no records or those of
            another format.
    """
    path = f"{folder}/{MANIFEST}"
    if not tf.io.gfile.isdir(str(folder)):
        raise errors.InputError(
            f"no folder {folder}; write one with echo-keras build-tfrecords"
        )
    if not tf.io.gfile.exists(path):
        raise errors.InputError(
            f"{folder} has no {MANIFEST}, so it holds no records or unfinished ones; "
            "write them with echo-keras build-tfrecords"
        )
    with tf.io.gfile.GFile(path) as file:
        text = file.read()
    try:
        found = json.loads(text)
    except ValueError as reason:
        raise errors.InputError(
            f"{path} is damaged ({reason}); copy it again or rebuild the records"
        ) from reason
    number = found.get("format") if isinstance(found, dict) else None
    if number != schema.FORMAT:
        raise errors.InputError(
            f"{folder} holds records of format {number}, this version reads "
            f"{schema.FORMAT}; rebuild them with echo-keras build-tfrecords"
        )
    return found


def verify(folder, shard):
    """Read a whole shard and compare it with the manifest.

    Args:
        folder: Folder of records.
        shard: Description of the shard, one of `shards` in the manifest.

    Raises:
        InputError: The shard is missing, or its bytes or their SHA-256 are others.
    """
    [path] = _files(folder, [shard])
    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while content := file.read(_READ_AT_ONCE):
            digest.update(content)
    if digest.hexdigest() != shard["sha256"]:
        raise errors.InputError(
            f"{path} is damaged, as its SHA-256 is not the one in {MANIFEST}; copy it "
            "again or rebuild the records"
        )


def patients(folder, split):
    """Sorted names of the patients with labelled frames in one split.

    Args:
        folder: Folder of records.
        split: `train`, `validation` or `test`.

    Raises:
        InputError: The folder holds no labelled record of that split.
    """
    shards = _shards(folder, family="labelled", splits=(split,))
    if not shards:
        raise _nothing_labelled(folder, split)
    return sorted({patient for shard in shards for patient in shard["patients"]})


def labelled(folder, split, *, patients=None, between=False):
    """Labelled frames of one split, in the order of the shards.

    Args:
        folder: Folder of records.
        split: `train`, `validation` or `test`.
        patients: Names of the patients to keep; all of the split by default.
        between: Whether the labelled frames between ED and ES follow these two, where
            the records have any.

    Returns:
        `tf.data.Dataset` of the dicts of `schema.parse_labelled`, one a frame.

    Raises:
        InputError: The folder holds no labelled record of that split, or none of
            the patients.
    """
    shards = _shards(folder, family="labelled", splits=(split,))
    if not shards:
        raise _nothing_labelled(folder, split)
    if patients is not None:
        shards = _shards_with(patients, shards, folder=folder, split=split)
    if between:
        shards += _shards(folder, family="sequence", splits=(split,))
    records = tf.data.TFRecordDataset(_files(folder, shards))
    if patients is not None:
        records = _of(patients, records)
    return records.map(schema.parse_labelled, num_parallel_calls=tf.data.AUTOTUNE)


def holds_sequences(folder, split):
    """Whether a split has labelled frames between ED and ES.

    Args:
        folder: Folder of records.
        split: `train`, `validation` or `test`.

    Raises:
        InputError: The folder holds no finished records.
    """
    return bool(_shards(folder, family="sequence", splits=(split,)))


def unlabelled(folders, splits=("train", "unlisted")):
    """Unlabelled videos of several folders, in the order of folders and shards.

    Args:
        folders: Folders of records, of one data set or several.
        splits: Splits to read, of `schema.SPLITS`.

    Returns:
        `tf.data.Dataset` of the dicts of `schema.parse_unlabelled`, one a video.

    Raises:
        InputError: There is no such split, or a folder holds no unlabelled record of
            these splits.
    """
    unknown = sorted(set(splits).difference(schema.SPLITS))
    if unknown:
        raise errors.InputError(
            f"there is no split {unknown[0]}; choose of {', '.join(schema.SPLITS)}"
        )
    files = []
    for folder in folders:
        shards = _shards(folder, family="unlabelled", splits=splits)
        if not shards:
            raise errors.InputError(
                f"{folder} holds no unlabelled video in the splits {', '.join(splits)}"
                f"; it has {_overview(folder)}"
            )
        files += _files(folder, shards)
    records = tf.data.TFRecordDataset(files)
    return records.map(schema.parse_unlabelled, num_parallel_calls=tf.data.AUTOTUNE)


def frames(folder, family, split, *, patients=None):
    """Every frame of one family and split, one at a time, labelled or not.

    Args:
        folder: Folder of records.
        family: Key of `schema.FEATURES`.
        split: One of `schema.SPLITS`.
        patients: Names of the patients to keep; all of the split by default.

    Returns:
        `tf.data.Dataset` of dicts, empty where there is nothing: those of
        `schema.parse_labelled`, or of an unlabelled video for each of its frames
        `image` `(H, W, 1)` uint8, `frame` scalar int64 and the video's `patient`,
        `dataset`, `view` and `spacing`.
    """
    shards = _shards(folder, family=family, splits=(split,))
    if patients is not None:
        wanted = set(patients)
        shards = [shard for shard in shards if wanted.intersection(shard["patients"])]
    records = tf.data.TFRecordDataset(_files(folder, shards))
    if patients is not None:
        records = _of(patients, records)
    if "mask" in schema.FEATURES[family]:
        return records.map(schema.parse_labelled, num_parallel_calls=tf.data.AUTOTUNE)
    return records.flat_map(_stills).map(_decoded, num_parallel_calls=tf.data.AUTOTUNE)


def _stills(record):
    video = schema.parse_unlabelled(record)
    each = {"image": video.pop("frames"), "frame": video.pop("frame_numbers")}
    stills = tf.data.Dataset.from_tensor_slices(each)
    return stills.map(lambda still: {**video, **still})


def _decoded(still):
    return {**still, "image": tf.io.decode_png(still["image"], channels=1)}


def _of(patients, records):
    wanted = tf.constant(sorted(patients))
    return records.filter(
        lambda record: tf.reduce_any(schema.parse_patient(record) == wanted)
    )


def _shards(folder, *, family, splits):
    return [
        shard
        for shard in manifest(folder)["shards"]
        if shard["family"] == family and shard["split"] in splits and shard["bytes"]
    ]


def _shards_with(patients, shards, *, folder, split):
    wanted = set(patients)
    missing = wanted.difference(*(shard["patients"] for shard in shards))
    if missing or not wanted:
        named = ", ".join(sorted(missing)[:3]) or "nobody, as no patient is named"
        raise errors.InputError(
            f"{folder} has no labelled frame in the split {split} of {named}; "
            "were the patients drawn from other records?"
        )
    return [shard for shard in shards if not wanted.isdisjoint(shard["patients"])]


def _files(folder, shards):
    files = [f"{folder}/{shard['file']}" for shard in shards]
    for file, shard in zip(files, shards):
        if not tf.io.gfile.exists(file) or (
            tf.io.gfile.stat(file).length != shard["bytes"]
        ):
            raise errors.InputError(
                f"{file} is missing or not the {shard['bytes']} bytes that {MANIFEST} "
                "promises; copy it again or rebuild the records"
            )
    return files


def _nothing_labelled(folder, split):
    return errors.InputError(
        f"{folder} holds no labelled frame in the split {split}; it has "
        f"{_overview(folder)}"
    )


def _overview(folder):
    counts = manifest(folder)["counts"]
    return ", ".join(
        f"{count['labelled_frames']} labelled frames and "
        f"{count['unlabelled_videos']} unlabelled videos in {split}"
        for split, count in counts.items()
    )
