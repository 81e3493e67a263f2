"""What is measured of each frame, as small records for TFDV and the rules of inspect.

The statistics of a data set are taken of measures, not of the bytes of PNG files: its
grey levels, sizes and ventricles are what can drift.
"""

import json
import math

import apache_beam as beam
import numpy as np
import tensorflow as tf

from echo_keras.data import schema, tfrecords, wire
from echo_keras.study import facts, summary

_WORDS = ("patient", "dataset", "view", "phase", "quality")


class MeasureFrames(beam.PTransform):
    """Measure every frame of some shards and write the measures as an artefact."""

    def __init__(self, folder, family, split, output):
        self._folder = folder
        self._part = (family, split)
        self._output = output

    def expand(self, shards):
        write = beam.io.WriteToTFRecord(
            f"{self._output}/Split-{name(*self._part)}/frames", file_name_suffix=".gz"
        )
        return (
            shards
            | "Spread" >> beam.Reshuffle()
            | "Measure" >> beam.FlatMap(_measured, self._folder, *self._part)
            | "Write" >> write
        )


def name(family, split):
    """Name of the split of an artefact that holds a family and a split of records."""
    return f"{family}-{split}"


def encode(frame, greys):
    """Serialise the measures of a frame.

    Args:
        frame: `facts.Frame`.
        greys: `(256,)` int64, how many pixels have each grey level.

    Returns:
        Bytes of a `tf.train.Example`; what is unknown is left out.
    """
    pixels = summary.moments(greys)
    features = {
        **{word: ("string", [getattr(frame, word).encode()]) for word in _WORDS},
        "family": ("string", [frame.family.encode()]),
        "split": ("string", [frame.split.encode()]),
        "digest": ("string", [frame.digest]),
        "number": ("int64", [frame.number]),
        "height": ("int64", [frame.size[0]]),
        "width": ("int64", [frame.size[1]]),
        "pixel_height": ("float32", [frame.spacing[0]]),
        "pixel_width": ("float32", [frame.spacing[1]]),
        "grey_mean": ("float32", [pixels["mean"]]),
        "grey_deviation": ("float32", [pixels["deviation"]]),
        "greys": ("int64", greys.tolist()),
        "ejection_fraction": ("float32", [frame.ejection_fraction]),
    }
    if frame.ventricle:
        features |= {
            "ventricle_share": ("float32", [frame.share]),
            "ventricle": ("string", [json.dumps(frame.ventricle).encode()]),
        }
    return wire.example(
        {key: value for key, value in features.items() if _is_known(*value[1][:1])}
    )


def decode(serialized):
    """The frame and the grey levels that `encode` serialised."""
    found = tf.train.Example.FromString(serialized).features.feature

    def values(key):
        kind = found[key].WhichOneof("kind")
        return list(getattr(found[key], kind).value) if kind else []

    def first(key, missing):
        return (values(key) or [missing])[0]

    words = {word: first(word, b"").decode() for word in (*_WORDS, "family", "split")}
    ventricle = first("ventricle", None)
    if ventricle:
        pixels, pieces, holes, diameters, length = json.loads(ventricle)
        ventricle = facts.Ventricle(pixels, pieces, holes, tuple(diameters), length)
    frame = facts.Frame(
        number=first("number", -1),
        size=(first("height", 0), first("width", 0)),
        spacing=(first("pixel_height", 0.0), first("pixel_width", 0.0)),
        ejection_fraction=first("ejection_fraction", math.nan),
        digest=first("digest", b""),
        ventricle=ventricle,
        **words,
    )
    return frame, np.array(values("greys"), np.int64)


def read(folder, *, families=tuple(schema.FEATURES), splits=schema.SPLITS):
    """Measures of an artefact, in the order of splits, patients and frames.

    Args:
        folder: Folder that `MeasureFrames` wrote, local or a URL.
        families: Families to read, of `schema.FEATURES`.
        splits: Splits to read, of `schema.SPLITS`.

    Returns:
        As of `echo_keras.study.inspection.measure`.
    """
    parts = [name(family, split) for family in families for split in splits]
    paths = tf.io.gfile.glob([f"{folder}/Split-{part}/*" for part in parts])
    records = tf.data.TFRecordDataset(sorted(paths), compression_type="GZIP")
    found = [decode(record) for record in records.as_numpy_iterator()]
    greys = {}
    for frame, levels in found:
        key = frame.family, frame.split
        greys[key] = greys.get(key, 0) + levels
    return sorted((frame for frame, _ in found), key=_order), greys


def _is_known(value):
    return value != b"" and value == value  # NaN differs from itself


def _order(frame):
    families, splits = list(schema.FEATURES), schema.SPLITS
    place = families.index(frame.family), splits.index(frame.split)
    return (*place, *frame.place[2:])


def _measured(shard, folder, family, split):
    patients = shard["patients"]
    records = tfrecords.frames(folder, family, split, patients=patients)
    for record in records.as_numpy_iterator():
        pixels = record["image"].ravel()
        greys = np.bincount(pixels, minlength=summary.GREYS)
        yield encode(facts.frame(record, family=family, split=split), greys)
