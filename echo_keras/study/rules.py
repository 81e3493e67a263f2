"""Rules that tell what looks wrong in a folder of records.

Each rule is a pure function from the measured frames to its flags. A flag is a finding
to look at, not a proof of a fault.
"""

from __future__ import annotations

import itertools

import numpy as np

from echo_keras.data import schema
from echo_keras.metrics import clinical
from echo_keras.study import facts, flags

SMALLEST, LARGEST = 0.01, 0.4
"""Share of the image that a ventricle fills: 0.027 to 0.254 in 898 frames of CAMUS,
0.039 to 0.196 in 240 of phantoms of EchoNet-Dynamic."""

SAME_PLANES, FEWER_PLANES = 10, 20
"""Points between the ejection fraction of the masks and its label.

The label of EchoNet-Dynamic comes from one plane, that of CAMUS from two. From the same
planes, phantoms of EchoNet-Dynamic are at most 3.4 points away and those of CAMUS 0.2.
From the four-chamber view alone, the 449 hearts of CAMUS lie 5.7 +- 6.4 points above
their label: 95 % within 15.6 and 99 % within 19.7.
"""

SENTENCES = {
    "empty ventricle": "the mask holds no pixel of the left ventricle",
    "implausible size": "the left ventricle fills less than "
    f"{SMALLEST:.0%} or more than {LARGEST:.0%} of the image",
    "several pieces": "the left ventricle is not in one piece",
    "holes": "the left ventricle surrounds something else",
    "one phase alone": "a view has a mask at end-diastole or at end-systole alone",
    "ED smaller than ES": "the left ventricle is smaller at end-diastole",
    "ejection fraction": "masks and label differ by more than "
    f"{SAME_PLANES} points, or {FEWER_PLANES} if the label saw more planes",
    "patient in two splits": "one patient has records in several splits",
    "pixels in two splits": "frames of several splits are equal, pixel by pixel",
    "pixels of two patients": "frames of two patients in one split are equal, pixel by "
    "pixel",
}
"""What each rule finds."""

_LABEL_PLANES = {"echonet": 1, "camus": 2}


def apply(frames):
    """Findings of all rules, in the order of `SENTENCES`.

    Args:
        frames: List of `facts.Frame`.

    Returns:
        List of `flags.Flag`.
    """
    return [
        *empty(frames),
        *implausible(frames),
        *pieces(frames),
        *holes(frames),
        *single_phases(frames),
        *reversed_phases(frames),
        *ejection_fractions(frames),
        *patients_in_two_splits(frames),
        *pixels_in_two_splits(frames),
        *pixels_of_two_patients(frames),
    ]


def empty(frames):
    """Yield a flag for each mask without a left ventricle."""
    for frame in _labelled(frames):
        if not frame.ventricle.pixels:
            yield flags.Flag("empty ventricle", (frame,), {})


def implausible(frames):
    """Yield a flag for each left ventricle of an implausible size."""
    for frame in _labelled(frames):
        if frame.ventricle.pixels and not SMALLEST <= frame.share <= LARGEST:
            percent = {"% of the image": 100 * frame.share}
            yield flags.Flag("implausible size", (frame,), percent)


def pieces(frames):
    """Yield a flag for each left ventricle in several pieces."""
    for frame in _labelled(frames):
        if frame.ventricle.pieces > 1:
            yield flags.Flag(
                "several pieces", (frame,), {"pieces": frame.ventricle.pieces}
            )


def holes(frames):
    """Yield a flag for each left ventricle with holes."""
    for frame in _labelled(frames):
        if frame.ventricle.holes:
            count = {"holes": frame.ventricle.holes}
            yield flags.Flag("holes", (frame,), count)


def single_phases(frames):
    """Yield a flag for each view with a mask of one phase only."""
    for beat in facts.beats(frames):
        if len(beat) < len(schema.PHASES):
            yield flags.Flag("one phase alone", beat, {})


def reversed_phases(frames):
    """Yield a flag for each view whose ventricle is smaller at end-diastole."""
    for pair in _beats(frames):
        areas, unit = [frame.square_centimetres for frame in pair], "cm2"
        if np.isnan(areas).any():
            areas, unit = [frame.ventricle.pixels for frame in pair], "pixels"
        if areas[0] < areas[1]:
            found = {f"ED {unit}": areas[0], f"ES {unit}": areas[1]}
            yield flags.Flag("ED smaller than ES", pair, found)


def ejection_fractions(frames):
    """Yield a flag for each patient whose masks contradict the labelled fraction."""
    for beats in flags.grouped(_beats(frames), key=lambda beat: beat[0].owner).values():
        found, label = measured_fraction(beats), beats[0][0].ejection_fraction
        planes = _LABEL_PLANES[beats[0][0].dataset]
        if abs(found - label) > (SAME_PLANES if len(beats) >= planes else FEWER_PLANES):
            both = {"EF of the masks": found, "EF labelled": label}
            yield flags.Flag("ejection fraction", tuple(itertools.chain(*beats)), both)


def measured_fraction(beats):
    """Ejection fraction of one patient by the method of disks.

    Args:
        beats: Pairs of the ED and the ES `facts.Frame` of one view or of two.

    Returns:
        Percent, biplane where there are two views.
    """
    volumes = (
        clinical.volume(*(frame.ventricle[-2:] for frame in planes))
        for planes in zip(*beats)
    )
    return clinical.ejection_fraction(*volumes)


def patients_in_two_splits(frames):
    """Yield a flag for each patient with frames in several splits."""
    for theirs in flags.grouped(frames, key=lambda frame: frame.patient).values():
        examples = flags.grouped(theirs, key=lambda frame: frame.split)
        if len(examples) > 1:
            firsts = tuple(group[0] for group in examples.values())
            yield flags.Flag("patient in two splits", firsts, {"splits": len(firsts)})


def pixels_in_two_splits(frames):
    """Yield a flag for each group of patients with equal frames across splits."""
    for equal in _equal(frames):
        if len({frame.split for frame in equal[0]}) > 1:
            count = {"equal frames": len(equal)}
            yield flags.Flag("pixels in two splits", equal[0], count)


def pixels_of_two_patients(frames):
    """Yield a flag for each group of patients of one split with equal frames."""
    for equal in _equal(frames):
        if len({frame.split for frame in equal[0]}) == 1:
            count = {"equal frames": len(equal)}
            yield flags.Flag("pixels of two patients", equal[0], count)


def _labelled(frames):
    return (frame for frame in frames if frame.ventricle)


def _beats(frames):
    """ED and ES of each view where both show a ventricle."""
    for beat in facts.beats(frames):
        if len(beat) == len(schema.PHASES) and all(f.ventricle.pixels for f in beat):
            yield beat


def _equal(frames):
    """Equal frames of several patients or splits, by who they are of.

    Yields:
        List with a tuple for each set of equal pixels: a frame of each patient and
        split that has them.
    """
    found = []
    for equal in flags.grouped(frames, key=lambda frame: frame.digest).values():
        owners = {frame.owner: frame for frame in reversed(equal)}
        if len(owners) > 1:
            found.append(tuple(owners[owner] for owner in sorted(owners)))
    yield from flags.grouped(found, key=_owners).values()


def _owners(frames):
    return tuple(frame.owner for frame in frames)
