"""What is measured of every stored frame, so that its pixels can be forgotten."""

from __future__ import annotations

import functools
import math
import sys
from typing import NamedTuple

import cv2
import numpy as np

from echo_keras.data import schema
from echo_keras.metrics import clinical


class Ventricle(NamedTuple):
    """Measures of the left ventricle in one mask.

    Attributes:
        pixels: Its pixels.
        pieces: Connected pieces, 0 where it is missing; pixels that touch by a corner
            are connected.
        holes: Regions of other labels that it surrounds.
        diameters: Of the disks of its largest piece, as of `clinical.disks`.
        length: Of its long axis, as of `clinical.disks`.
    """

    pixels: int
    pieces: int
    holes: int
    diameters: tuple[float, ...]
    length: float


class Frame(NamedTuple):
    """One stored frame of either kind.

    Attributes:
        family: Key of `schema.FEATURES`.
        split: One of `schema.SPLITS`.
        patient: Name of the patient.
        dataset: `echonet` or `camus`.
        view: `4CH` or `2CH`.
        phase: `ED`, `ES` or `between`; empty without a label.
        number: 0-based number in the video, -1 where unknown.
        size: Height and width in pixels.
        spacing: Height and width of a pixel in mm, 0 where unknown.
        ejection_fraction: The label in percent, NaN where unknown.
        quality: `good`, `medium`, `poor`, or empty where unknown.
        digest: Hash of size and pixels.
        ventricle: `Ventricle` of the mask, None without a label.
    """

    family: str
    split: str
    patient: str
    dataset: str
    view: str
    phase: str
    number: int
    size: tuple[int, int]
    spacing: tuple[float, float]
    ejection_fraction: float
    quality: str
    digest: bytes
    ventricle: Ventricle | None

    @property
    def owner(self):
        """Whose frame it is: split and patient."""
        return self.split, self.patient

    @property
    def place(self):
        """Where the frame is found again."""
        return (self.family, *self.owner, self.view, self.phase, self.number)

    @property
    def square_centimetres(self):
        """Area of the ventricle, NaN where the spacing is unknown."""
        height, width = self.spacing
        known = height and width
        return self.ventricle.pixels * height * width / 100 if known else float("nan")

    @property
    def share(self):
        """Share of the image that the ventricle fills, in [0, 1]."""
        return self.ventricle.pixels / (self.size[0] * self.size[1])


def place(record, *, family, split):
    """Where a record's frame is found again; see `Frame.place`."""
    words = [record.get(name, b"").decode() for name in ("patient", "view", "phase")]
    return (family, split, *words, int(record["frame"]))


def frame(record, *, family, split):
    """Measure one frame.

    Args:
        record: Dict of arrays as of `tfrecords.frames`.
        family: Key of `schema.FEATURES`.
        split: One of `schema.SPLITS`.

    Returns:
        A `Frame`.
    """
    image = record["image"][..., 0]
    words = {
        name: sys.intern(record.get(name, b"").decode())
        for name in ("patient", "dataset", "view", "phase", "quality")
    }
    spacing = _shared(tuple(record["spacing"].tolist()))
    mask = record.get("mask")
    return Frame(
        family=family,
        split=split,
        number=int(record["frame"]),
        size=_shared(image.shape),
        spacing=spacing,
        ejection_fraction=float(record.get("ejection_fraction", math.nan)),
        digest=schema.digest(image),
        ventricle=None if mask is None else ventricle(mask[..., 0], spacing),
        **words,
    )


@functools.lru_cache
def _shared(value):
    """The same value, kept once: of the frames of all videos there are millions."""
    return value


def beats(frames):
    """Frames at end-diastole and end-systole, view by view.

    Args:
        frames: List of `Frame`.

    Returns:
        List of tuples of one or two `Frame`, ED before ES, of one view of one patient
        in one split, sorted by split, patient and view.
    """
    found = {}
    for item in frames:
        if item.phase in schema.PHASES:
            key = (schema.SPLITS.index(item.split), item.patient, item.view)
            found.setdefault(key, {})[item.phase] = item
    return [
        tuple(found[key][phase] for phase in schema.PHASES if phase in found[key])
        for key in sorted(found)
    ]


def ventricle(mask, spacing):
    """Measure the left ventricle of one mask.

    Args:
        mask: `(H, W)` uint8 structures as in `schema.LabelledFrame`.
        spacing: Height and width of a pixel in mm, 0 where unknown.

    Returns:
        A `Ventricle`.
    """
    cavity = (mask == schema.VENTRICLE).astype(np.uint8)
    outlines, levels = cv2.findContours(cavity, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parent = 3
    holes = int((levels[0, :, parent] >= 0).sum()) if outlines else 0
    diameters, length = clinical.disks(cavity, spacing)
    return Ventricle(
        pixels=int(np.count_nonzero(cavity)),
        pieces=len(outlines) - holes,
        holes=holes,
        diameters=tuple(diameters.tolist()),
        length=length,
    )
