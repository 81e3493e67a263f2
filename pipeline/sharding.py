"""The plan of a job: which patients share a shard, the unit of work and of resuming."""

from __future__ import annotations

import dataclasses
import math
import pickle

from pipeline import files
from pipeline.sources import listings

PATIENTS_PER_SHARD = 16
MOST_SHARDS = 64


@dataclasses.dataclass(frozen=True)
class Shard:
    """Some patients of one split, whose records share one file of each family.

    Attributes:
        dataset: `echonet` or `camus`.
        split: `train`, `validation`, `test` or `unlisted`.
        number: 0-based number of the shard in its split.
        total: Number of shards of the split.
        families: Families of records that the split may hold, sorted.
        patients: The patients, sorted by name.
    """

    dataset: str
    split: str
    number: int
    total: int
    families: tuple[str, ...]
    patients: tuple[listings.Patient, ...]

    @property
    def name(self):
        """Name of the shard's files, which TensorFlow Datasets would give them too."""
        place = f"{self.number:05d}-of-{self.total:05d}"
        return f"{self.dataset}-{self.split}.tfrecord-{place}"

    def stamp(self):
        """Digest that changes when one of the patients' local files is replaced."""
        paths = [
            f"{patient.source}/{file}"
            for patient in self.patients
            for file in patient.files
        ]
        return files.stamp(paths)


def plan(dataset, patients, total=None):
    """Spread the patients over shards, in the order of their names.

    Args:
        dataset: `echonet` or `camus`.
        patients: Sorted patients of all splits.
        total: Number of shards of every split; by default one for 16 patients, 64 at
            most. No shard is left without a patient.

    Returns:
        List of `Shard`, the same for the same patients.
    """
    shards = []
    for split in sorted({patient.split for patient in patients}):
        theirs = [patient for patient in patients if patient.split == split]
        wanted = total or min(math.ceil(len(theirs) / PATIENTS_PER_SHARD), MOST_SHARDS)
        count = min(wanted, len(theirs))
        families = {family for patient in theirs for family in patient.families}
        edges = [len(theirs) * number // count for number in range(count + 1)]
        shards += [
            Shard(
                dataset=dataset,
                split=split,
                number=number,
                total=count,
                families=tuple(sorted(families)),
                patients=tuple(theirs[edges[number] : edges[number + 1]]),
            )
            for number in range(count)
        ]
    return shards


def save(shard, layout):
    """Leave a shard for the worker that will convert it.

    What travels through Beam is the shard's name alone: Beam keeps a dozen copies of
    all that a pipeline begins with, which for ten thousand patients is half a gigabyte.

    Args:
        shard: The `Shard`.
        layout: `Layout` of the job.
    """
    with files.written_aside(layout.planned(shard.name), layout.aside) as file:
        file.write(pickle.dumps(shard))


def load(name, layout):
    """The `Shard` of a name that `save` left with the job of this `Layout`."""
    return pickle.loads(files.content(layout.planned(name)))
