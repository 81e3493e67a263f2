"""Motion of a synthetic heart: what its beat does to it, in millimetres."""

import dataclasses

import numpy as np

from pipeline.phantom import heart as anatomy


@dataclasses.dataclass(frozen=True)
class Moment:
    """A heart at one instant; see `Heart` for the attributes of the same name.

    Attributes:
        contraction: 0 at end-diastole to 1 at end-systole.
        opening: 0 with the mitral valve shut to 1 with it wide open.
    """

    length: float
    apex: tuple
    tilt: float
    inner: np.ndarray
    outer: np.ndarray
    contraction: float
    opening: float


def contraction(heart, time):
    """How far the ventricle has contracted.

    Args:
        heart: The `Heart`, for its beat and systole.
        time: Seconds since an end-diastole, any sign.

    Returns:
        0 at end-diastole, 1 at end-systole: quick filling, rest, atrial kick.
    """
    phase = time % heart.beat
    if phase <= heart.systole:
        return 0.5 - 0.5 * np.cos(np.pi * phase / heart.systole)
    rest = (phase - heart.systole) / (heart.beat - heart.systole)
    knots = ((0, 1.0), (0.45, 0.25), (0.7, 0.18), (1, 0.0))
    for (start, high), (end, low) in zip(knots, knots[1:]):
        if rest <= end:
            share = (rest - start) / (end - start)
            return low + (high - low) * (0.5 + 0.5 * np.cos(np.pi * share))
    return 0.0


def _opening(heart, time):
    rest = (time % heart.beat - heart.systole) / (heart.beat - heart.systole)
    knots = [0, 0.1, 0.25, 0.5, 0.65, 0.85, 1]
    return float(np.interp(rest, knots, [0, 0.5, 1, 0.45, 0.4, 0.8, 0]))


def moment(heart, time):
    """The heart at one instant.

    The walls move so that the method of disks on `heart.CHORDS` gives exactly the
    share of the end-diastolic volume that the contraction asks for.

    Args:
        heart: The `Heart` at rest.
        time: Seconds since an end-diastole, any sign.

    Returns:
        A `Moment`.
    """
    squeeze = contraction(heart, time)
    strength = heart.ejection_fraction / 60
    length = heart.length * (1 - 0.16 * strength * squeeze)
    factor = 1 + heart.regional * squeeze
    remaining = 1 - heart.ejection_fraction / 100 * squeeze
    at_rest = anatomy.disks(heart.inner, heart.length)
    factor *= np.sqrt(remaining * at_rest / anatomy.disks(heart.inner * factor, length))
    relaxed = np.clip((anatomy.STATIONS - 1) / 0.3, 0, 1)
    inner = heart.inner * (factor + (1 - factor) * relaxed)
    amplitude, period = heart.breathing
    drift = amplitude * np.sin(2 * np.pi * time / period)
    return Moment(
        length=length,
        apex=(heart.apex[0] + drift, heart.apex[1] + 0.5 * drift - squeeze),
        tilt=heart.tilt - np.radians(3) * strength * squeeze,
        inner=np.float32(inner),
        outer=_outer(heart, inner, 1 + 0.4 * strength * squeeze, relaxed),
        contraction=squeeze,
        opening=_opening(heart, time),
    )


def _outer(heart, inner, thickening, relaxed):
    """Half-widths of the wall's outside, so that the mean wall thickens as asked."""
    thickness = anatomy.half_widths(heart.outer - heart.inner).mean() * thickening
    shrunk = anatomy.half_widths(inner).mean() + thickness
    shrunk /= anatomy.half_widths(heart.outer).mean()
    outer = heart.outer * (shrunk + (1 - shrunk) * relaxed)
    return np.float32(np.maximum(outer, inner + 3 * (inner > 0)))


def leaflets(heart, moment):
    """The two leaflets of the mitral valve as curves.

    Args:
        heart: The `Heart`, for the valve.
        moment: The `Moment`, for the opening and the place of the ring.

    Returns:
        Two pairs of arrays `along` and `across`, mm, from the hinge to the tip.
    """
    base = [float(np.interp(1, anatomy.STATIONS, side)) for side in moment.inner]
    share = np.linspace(0, 1, 6)
    shut, septal = heart.valve
    angle = (shut + moment.opening) * (0.6 + 0.4 * share)
    curves = []
    for side, hinge, part in ((-1, base[0], septal), (1, base[1], 1.04 - septal)):
        reach = part * sum(base) * share
        along = moment.length - reach * np.sin(angle)
        curves.append((along, side * (hinge - reach * np.cos(angle))))
    return curves
