"""What a model makes of a file: masks, curves, beats and the ejection fraction."""

import csv
import dataclasses
import io
import math

import numpy as np

from echo_keras.metrics import clinical
from echo_keras.serving import masks, stream
from echo_keras.study import beats, sequences

PLANE = "single plane, this view alone"


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One segmented frame.

    Attributes:
        mask: `(H, W)` bool.
        area: Pixels of the mask.
        low: Pixels that are surely in the ventricle, as the model says.
        high: Pixels that may be in it.
        volume: By the method of disks, in cubic mm, or cubic pixels.
        confidence: Mean probability in the mask, 0 where it is empty.
    """

    mask: np.ndarray
    area: int
    low: int
    high: int
    volume: float
    confidence: float


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """A sequence and what was made of it.

    Attributes:
        sequence: `sequences.Sequence`.
        frames: List of `Frame`.
        beats: List of `beats.Beat`, empty for an image.
        ejection_fraction: Percent of the median beat, NaN where there is none.
    """

    sequence: sequences.Sequence
    frames: list
    beats: list
    ejection_fraction: float


def segmented(sequence, segment, *, at_once=1):
    """Segment all frames of a sequence.

    Args:
        sequence: `sequences.Sequence`.
        segment: Function from a list of encoded images to answers with
            `mask_png_bytes`, `area` and `probability_mean`.
        at_once: Batches to send at a time.

    Yields:
        `Frame` of each, in order.

    Raises:
        InputError: The model refuses, or its masks are of another size.
    """
    count, height, width = sequence.frames.shape
    pairs = stream.answered(
        range(count),
        segment,
        encode=lambda number: sequences.encoded(sequence, number),
        pixels=lambda _: height * width,
        at_once=at_once,
    )
    for _, answer in pairs:
        yield _frame(answer, sequence)


def read(sequence, frames):
    """Find the beats of a segmented sequence.

    Args:
        sequence: `sequences.Sequence`.
        frames: List of `Frame` of it.

    Returns:
        `Reading`.
    """
    found = beats.found([frame.area for frame in frames])
    volumes = [frame.volume for frame in frames]
    fraction = beats.ejection_fraction(found, volumes)
    return Reading(sequence, frames, beats=found, ejection_fraction=fraction)


def phases(reading):
    """Dict of a frame's number to `ED` or `ES`, of every beat."""
    marked = {beat.end_systole: "ES" for beat in reading.beats}
    return marked | {beat.end_diastole: "ED" for beat in reading.beats}


def summary(reading):
    """Figures of a reading in JSON types, None where they cannot be told.

    Returns:
        Dict of `name`, `frames`, `confidence` (mean of the frames), `area_unit`,
        `beats` with the area and volume of ED and ES, `ejection_fraction` in percent,
        `heart_rate` a minute, and `volume_unit`.
    """
    sequence = reading.sequence
    scale, unit = area_scale(sequence)
    known = unit != "px"

    def described(number):
        frame = reading.frames[number]
        volume = frame.volume / 1000 if known else frame.volume
        return {
            "frame": number,
            "area": round(frame.area * scale, 3),
            "volume": round(volume, 1),
        }

    rate = beats.heart_rate(reading.beats, sequence.rate)
    confidence = np.mean([frame.confidence for frame in reading.frames])
    return {
        "name": sequence.name,
        "frames": len(reading.frames),
        "confidence": round(float(confidence), 3),
        "area_unit": unit,
        "volume_unit": "ml" if known else "px^3",
        "beats": [
            {
                "ED": described(beat.end_diastole),
                "ES": described(beat.end_systole),
            }
            for beat in reading.beats
        ],
        "ejection_fraction": _or_none(reading.ejection_fraction),
        "method": f"disks, {PLANE}",
        "heart_rate": _or_none(rate),
    }


def area_scale(sequence):
    """Factor from pixels to the unit of an area, and the unit: `cm^2`, or `px`."""
    height, width = sequence.spacing
    return (height * width / 100, "cm^2") if height and width else (1, "px")


def table(reading):
    """The curves of a reading as CSV.

    Returns:
        Text: a line for each frame, with its 0-based number, its time in seconds where
        the rate is known, areas in pixels and volume in cubic mm or cubic pixels.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    known = area_scale(reading.sequence)[1] != "px"
    volume = "volume_mm3" if known else "volume_px3"
    names = ("frame", "seconds", "area_px", "area_low_px", "area_high_px")
    writer.writerow([*names, volume, "confidence", "phase"])
    marked, rate = phases(reading), reading.sequence.rate
    for number, frame in enumerate(reading.frames):
        seconds = f"{number / rate:.4f}" if rate else ""
        areas = frame.area, frame.low, frame.high
        rest = f"{frame.volume:.1f}", f"{frame.confidence:.4f}", marked.get(number, "")
        writer.writerow([number, seconds, *areas, *rest])
    return text.getvalue()


def _frame(answer, sequence):
    inside = masks.decoded(answer, sequence.frames.shape[1:])
    area = int(inside.sum())
    return Frame(
        mask=inside,
        area=area,
        low=int(answer.get("area_low", area)),
        high=int(answer.get("area_high", area)),
        volume=clinical.volume(clinical.disks(inside, sequence.spacing)),
        confidence=float(answer["probability_mean"]),
    )


def _or_none(value):
    return None if math.isnan(value) else round(value, 1)
