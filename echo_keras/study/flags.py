"""Findings of rules: what they hold, and how they are told."""

from __future__ import annotations

import collections
from typing import NamedTuple

from echo_keras.data import schema
from echo_keras.study import facts


class Flag(NamedTuple):
    """One finding.

    Attributes:
        rule: Key of `rules.SENTENCES`.
        frames: The `facts.Frame` to look at.
        numbers: Dict of words, with their unit, to numbers.
    """

    rule: str
    frames: tuple[facts.Frame, ...]
    numbers: dict[str, float]


def by_rule(flags):
    """Dict of rule to the list of its flags, without rules that have none."""
    return grouped(flags, key=lambda flag: flag.rule)


def text(flag):
    """Say in a line whose frames are flagged, and the numbers."""
    whose = grouped(flag.frames, key=lambda frame: frame.owner)
    shown = " = ".join(
        f"{patient} ({split}) {', '.join(map(name, frames))}"
        for (split, patient), frames in whose.items()
    )
    return f"{shown}: {numbers(flag)}" if flag.numbers else shown


def name(frame):
    """Say which of a patient's frames it is."""
    if frame.phase in schema.PHASES:
        return f"{frame.view} {frame.phase}"
    return f"{frame.view} frame" + (f" {frame.number}" if frame.number >= 0 else "")


def numbers(flag):
    """Say the numbers of a flag; empty where it has none."""
    return ", ".join(
        f"{words} {_short(value)}" for words, value in flag.numbers.items()
    )


def grouped(items, *, key):
    """Dict of key to the list of the items that have it, both in their order."""
    groups = collections.defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def _short(value):
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
