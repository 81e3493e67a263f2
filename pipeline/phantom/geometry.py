"""Where each point of the scan lies in the heart, at one instant and at rest."""

import numpy as np

from pipeline.phantom import heart as anatomy

_ATRIAL_REACH = 80.0
_OUTER_REACH = 25.0


def to_heart(moment, x, depth):
    """Scan coordinates, mm, to the heart's `along` and `across`, mm."""
    sine, cosine = np.float32(np.sin(moment.tilt)), np.float32(np.cos(moment.tilt))
    right, down = x - np.float32(moment.apex[0]), depth - np.float32(moment.apex[1])
    return right * sine + down * cosine, right * cosine - down * sine


def to_scan(moment, along, across):
    """The heart's `along` and `across`, mm, to scan coordinates, mm."""
    sine, cosine = np.sin(moment.tilt), np.cos(moment.tilt)
    x = moment.apex[0] + along * sine + across * cosine
    return x, moment.apex[1] + along * cosine - across * sine


def at_rest(heart, moment, along, across):
    """Where the tissue now at a point lies at end-diastole.

    The cavity and the wall are each stretched linearly across the axis; what lies
    outside follows less and less with its distance.

    Args:
        heart: The `Heart` at rest.
        moment: The same heart now.
        along, across: float32 arrays, mm, in the heart's coordinates now.

    Returns:
        float32 `along` and `across` at end-diastole, mm.
    """
    shortened = np.float32(heart.length - moment.length)
    beyond = np.clip((along - np.float32(moment.length)) / _ATRIAL_REACH, 0, 1)
    inside = np.clip(along / np.float32(moment.length), 0, 1)
    rest_along = along + shortened * np.where(inside < 1, inside, 1 - beyond)
    side = across > 0
    inner, outer = half_widths(moment, along, side)
    rest_inner, rest_outer = half_widths(heart, rest_along, side)
    distance = np.abs(across)
    cavity = distance * rest_inner / np.maximum(inner, 1e-3)
    wall = (rest_outer - rest_inner) / np.maximum(outer - inner, 1e-3)
    wall = rest_inner + (distance - inner) * wall
    outside = np.maximum(1 - (distance - outer) / _OUTER_REACH, 0)
    outside = distance + (rest_outer - outer) * outside
    rest = np.where(distance < inner, cavity, np.where(distance < outer, wall, outside))
    return rest_along, np.copysign(rest, across)


def half_widths(state, along, side):
    """Half-widths of cavity and wall at each point.

    Args:
        state: A `Heart` or a `Moment`.
        along: float32 array, mm.
        side: Array of the same shape, True on the lateral side.

    Returns:
        Two float32 arrays, mm, the first zero above the apex and the second above the
        wall that caps it.
    """
    stations = anatomy.STATIONS
    per_mm = np.float32(1 / ((stations[1] - stations[0]) * state.length))
    first = np.float32(-stations[0] / (stations[1] - stations[0]) + 0.5)
    place = np.clip(along * per_mm + first, 0, len(stations) - 1).astype(np.int32)
    place += side * np.int32(len(stations))
    return state.inner.ravel()[place], state.outer.ravel()[place]


def labels(heart, along, across):
    """Label of each point at rest, by whether the point lies inside the contours.

    Args:
        heart: The `Heart` at rest.
        along, across: float32 arrays, mm, as `at_rest` returns them.

    Returns:
        uint8 array: 0 background, 1 cavity, 2 myocardium, 3 left atrium.
    """
    inner, outer = half_widths(heart, along, across > 0)
    distance = np.abs(across)
    above_base = along <= heart.length
    marks = np.zeros(np.shape(along), np.uint8)
    marks[above_base & (distance < outer)] = anatomy.MYOCARDIUM
    marks[above_base & (along >= 0) & (distance < inner)] = anatomy.CAVITY
    below = ~above_base & (along < heart.length + heart.atrium[0])
    inside = atrial(heart, along[below], across[below]) < 1
    marks[below] = np.where(inside, anatomy.ATRIUM, 0)
    return marks


def atrial(heart, along, across):
    """Distance from the middle of the left atrium: below 1 inside, 1 on its wall."""
    length, half_width, offset = heart.atrium
    down = (along - heart.length - 0.42 * length) / (0.58 * length)
    aside = (across - offset) / half_width
    return (np.abs(down) ** 2.4 + np.abs(aside) ** 2.4) ** (1 / 2.4)
