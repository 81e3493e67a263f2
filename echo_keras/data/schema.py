"""The record contract: frames, masks and videos as `tf.train.Example`, both ways.

Frames keep their original size, losslessly, so that a score or a distance can always
be taken on the pixels that the scanner wrote. TensorFlow is needed only to parse, so
it is imported there: see `wire`.
"""

from __future__ import annotations

import dataclasses
import hashlib

import cv2
import numpy as np

from echo_keras import errors
from echo_keras.data import wire

REJECTED = "rejected.jsonl"
"""Name of the file with a line for all that was odd in the source of the records."""

MANIFEST = "manifest.json"
"""Name of the file that says a folder of records is whole, and what is in it."""

FORMAT = 2
"""Number of the form of manifests and records, raised where old readers would fail."""

SPLITS = ("train", "validation", "test", "unlisted")
"""Splits of records; `unlisted` holds patients that no split list names."""

VENTRICLE = 1
"""Label of the left ventricle's cavity in a mask."""

STRUCTURES = ("background", "left ventricle", "myocardium", "left atrium")
"""Names of a mask's labels, in their order from 0."""

PHASES = ("ED", "ES")
"""Phases of labelled frames: end-diastole, end-systole."""

BETWEEN = "between"
"""Phase of the frames of a sequence that are neither."""


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledFrame:
    """One frame and its mask.

    Attributes:
        patient: Name of the patient, unique in its data set.
        dataset: `echonet` or `camus`.
        view: `4CH` or `2CH`.
        phase: `ED`, `ES` or `between`.
        frame: 0-based number of the frame in its video, -1 where unknown.
        image: `(H, W)` uint8 grey levels.
        mask: `(H, W)` uint8 structures: 0 background, 1 left ventricle, 2 myocardium,
            3 left atrium.
        spacing: Height and width of a pixel in mm, 0 where unknown.
        ejection_fraction: Percent, NaN where unknown.
        quality: `good`, `medium`, `poor`, or empty where unknown.
    """

    patient: str
    dataset: str
    view: str
    phase: str
    frame: int
    image: np.ndarray
    mask: np.ndarray
    spacing: tuple[float, float] = (0.0, 0.0)
    ejection_fraction: float = float("nan")
    quality: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class UnlabelledVideo:
    """One video and the frames kept of it.

    Attributes:
        patient: Name of the patient, unique in its data set.
        dataset: `echonet` or `camus`.
        view: `4CH` or `2CH`.
        frames: Kept frames in temporal order, each `(H, W)` uint8 grey levels.
        frame_numbers: 0-based number of each kept frame in its video, -1 where unknown.
        spacing: Height and width of a pixel in mm, 0 where unknown.
    """

    patient: str
    dataset: str
    view: str
    frames: tuple[np.ndarray, ...]
    frame_numbers: tuple[int, ...]
    spacing: tuple[float, float] = (0.0, 0.0)


def _feature(dtype, shape, description):
    return {"dtype": dtype, "shape": shape, "description": description}


_COMMON = {
    "patient": _feature("string", [], "name of the patient"),
    "dataset": _feature("string", [], "echonet or camus"),
    "view": _feature("string", [], "4CH or 2CH"),
    "spacing": _feature("float32", [2], "pixel height and width in mm, 0 unknown"),
}

_LABELLED = {
    **_COMMON,
    "phase": _feature("string", [], "ED, ES or between"),
    "frame": _feature("int64", [], "0-based number in the video, -1 unknown"),
    "image": _feature("string", [], "PNG, one 8-bit channel, original size"),
    "mask": _feature(
        "string",
        [],
        "PNG of the image's size: 0 background, 1 left ventricle, 2 myocardium, "
        "3 left atrium",
    ),
    "ejection_fraction": _feature("float32", [], "percent, NaN unknown"),
    "quality": _feature("string", [], "good, medium, poor or empty"),
}

FEATURES = {
    "labelled": _LABELLED,
    "sequence": _LABELLED,
    "unlabelled": {
        **_COMMON,
        "frames": _feature("string", [None], "PNG of each kept frame, in order"),
        "frame_numbers": _feature("int64", [None], "0-based, -1 unknown"),
    },
}
"""Stored form of every feature of the record families, ready for JSON.

`labelled` are the ED and ES frames, `sequence` the labelled frames between them, which
some data sets have and most work leaves out, and `unlabelled` the videos.
"""


def family(record):
    """Name of the record's family, a key of `FEATURES`."""
    if isinstance(record, UnlabelledVideo):
        return "unlabelled"
    return "labelled" if record.phase in PHASES else "sequence"


def encode(record):
    """Serialise a record; the same record always gives the same bytes.

    Args:
        record: A `LabelledFrame` or an `UnlabelledVideo`.

    Returns:
        Bytes of a `tf.train.Example` with the features of `FEATURES`.

    Raises:
        InputError: A mask differs in size from its image.
    """
    if isinstance(record, LabelledFrame) and record.image.shape != record.mask.shape:
        raise errors.InputError(
            f"frame and mask of patient {record.patient!r} differ in shape: "
            f"{record.image.shape} and {record.mask.shape}; was one resized alone?"
        )
    return wire.example(
        {
            name: (feature["dtype"], _values(getattr(record, name)))
            for name, feature in FEATURES[family(record)].items()
        }
    )


def parse_labelled(serialized):
    """Decode a labelled record inside the graph.

    Args:
        serialized: Scalar string tensor.

    Returns:
        Dict of tensors: `image` and `mask` `(H, W, 1)` uint8; `patient`, `dataset`,
        `view`, `phase` and `quality` scalar strings; `frame` scalar int64; `spacing`
        `(2,)` float32 in mm; `ejection_fraction` scalar float32 in percent.
    """
    import tensorflow as tf

    record = _parse(serialized, FEATURES["labelled"])
    for name in ("image", "mask"):
        record[name] = tf.io.decode_png(record[name], channels=1)
    return record


def parse_unlabelled(serialized):
    """Parse an unlabelled record inside the graph, leaving its frames compressed.

    Args:
        serialized: Scalar string tensor.

    Returns:
        Dict of tensors: `frames` `(N,)` string, each a PNG with one channel;
        `frame_numbers` `(N,)` int64; `patient`, `dataset` and `view` scalar strings;
        `spacing` `(2,)` float32 in mm.
    """
    return _parse(serialized, FEATURES["unlabelled"])


def parse_patient(serialized):
    """Name of a record's patient, of either family, without decoding its frames."""
    return _parse(serialized, {"patient": _COMMON["patient"]})["patient"]


def digest(image):
    """What a frame is known by, whoever's and wherever it is: hash of size and pixels.

    Args:
        image: `(height, width)` uint8.

    Returns:
        16 bytes.
    """
    found = hashlib.blake2b(str(image.shape).encode(), digest_size=16)
    found.update(np.ascontiguousarray(image))
    return found.digest()


def _parse(serialized, features):
    import tensorflow as tf

    specification = {
        name: tf.io.FixedLenSequenceFeature([], feature["dtype"], allow_missing=True)
        if feature["shape"] == [None]
        else tf.io.FixedLenFeature(feature["shape"], feature["dtype"])
        for name, feature in features.items()
    }
    return tf.io.parse_single_example(serialized, specification)


def _values(value):
    values = value if isinstance(value, tuple) else (value,)
    return [_stored(item) for item in values]


def _stored(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, np.ndarray):
        return cv2.imencode(".png", value)[1].tobytes()
    return value
