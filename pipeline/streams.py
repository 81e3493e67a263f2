"""Shards on their way through the steps of a job, worked off one patient at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import apache_beam as beam

from pipeline import sharding


@dataclasses.dataclass(frozen=True)
class Stream:
    """A shard and the steps that its patients take when it is iterated.

    Like a `ReadableFile` of Beam's `fileio`, it is a handle: between two steps travels
    what is to be done and not the pixels, so that memory holds one patient, whether a
    runner keeps the steps together or not.

    Attributes:
        shard: The `sharding.Shard`.
        steps: Functions of what the step before gave; the first gets a `Patient`.
    """

    shard: sharding.Shard
    steps: tuple[Callable, ...] = ()

    def __iter__(self):
        items = iter(self.shard.patients)
        for step in self.steps:
            items = map(step, items)
        return items

    def then(self, step):
        """The stream with a step more."""
        return dataclasses.replace(self, steps=(*self.steps, step))


class EachPatient(beam.PTransform):
    """Let every patient of the streams take a step, a pure function."""

    def __init__(self, step):
        self._step = step

    def expand(self, streams):
        return streams | beam.Map(Stream.then, self._step)
