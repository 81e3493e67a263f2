"""Heart beats in the curve of a ventricle's area, and the ejection fraction of them."""

import dataclasses

import numpy as np

from echo_keras.metrics import clinical

_CONTRACTED, _RELAXED = 0.35, 0.65


@dataclasses.dataclass(frozen=True)
class Beat:
    """End-diastole and the end-systole of its beat, as 0-based numbers of frames."""

    end_diastole: int
    end_systole: int


def found(areas):
    """Find the beats of a curve.

    The ventricle counts as contracted when its area falls below a third of the way
    from its usual least to its usual largest, until it passes two thirds: ripples in
    between are no beats. A beat is whole where a relaxed ventricle was seen before and
    after. Where none is, as in a sequence from ED to ES alone, the largest and the
    least area are taken, whichever comes first.

    Args:
        areas: `(frames,)` area of each frame, in any unit.

    Returns:
        List of `Beat` in order; empty where there is no change of the area.
    """
    smooth = steadied(areas)
    if not smooth.size or not np.ptp(smooth):
        return []
    whole = [
        Beat(
            start + int(np.argmax(smooth[start:first])),
            first + int(np.argmin(smooth[first:end])),
        )
        for start, first, end in _contractions(smooth)
    ]
    return whole or [Beat(int(np.argmax(smooth)), int(np.argmin(smooth)))]


def ejection_fraction(beats, volumes):
    """Ejection fraction of the median beat.

    Args:
        beats: List of `Beat`.
        volumes: `(frames,)` volume of each frame, in any unit.

    Returns:
        Percent; NaN where there is no beat or no volume.
    """
    volumes = steadied(volumes)
    fractions = [
        clinical.ejection_fraction(
            volumes[beat.end_diastole], volumes[beat.end_systole]
        )
        for beat in beats
    ]
    return float(np.median(fractions)) if fractions else float("nan")


def heart_rate(beats, rate):
    """Beats a minute from one end-diastole to the next; NaN for less than two beats.

    Args:
        beats: List of `Beat`.
        rate: Frames a second, 0 where unknown.
    """
    if len(beats) < 2 or not rate:
        return float("nan")
    frames = np.diff([beat.end_diastole for beat in beats])
    return float(60 * rate / np.median(frames))


def steadied(values):
    """Median of each value and its neighbours: one frame gone wrong is left out.

    Args:
        values: `(frames,)`.

    Returns:
        `(frames,)` float64.
    """
    values = np.asarray(values, float)
    if len(values) < 3:
        return values
    padded = np.pad(values, 1, mode="edge")
    return np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)


def _contractions(smooth):
    """Start of the relaxed frames before, first contracted frame and end, of each."""
    least, largest = np.percentile(smooth, [5, 95])
    share = (smooth - least) / max(largest - least, 1e-9)
    start = first = None
    for frame, value in enumerate(share):
        if value >= _RELAXED:
            if first is not None:
                yield start, first, frame
                start = first = None
            start = frame if start is None else start
        elif value <= _CONTRACTED and start is not None and first is None:
            first = frame
