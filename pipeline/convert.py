"""Conversion of a shard: read and encode each patient, then write and tell it all."""

import contextlib
import dataclasses
import importlib
import json
from typing import NamedTuple

from echo_keras import errors
from echo_keras.data import schema
from pipeline import files, recordfiles
from pipeline.sources import listings

COUNTS = (
    "patients",
    "labelled_frames",
    "sequence_frames",
    "unlabelled_videos",
    "unlabelled_frames",
)


class Found(NamedTuple):
    """What the files of one patient hold.

    Attributes:
        patient: Name of the patient.
        records: `schema.LabelledFrame` and `schema.UnlabelledVideo`.
        rejects: `listings.Reject` of all that became no record, or is odd.
    """

    patient: str
    records: list
    rejects: list


class Encoded(NamedTuple):
    """The records of one patient, ready to be written.

    Attributes:
        patient: Name of the patient.
        records: Pairs of a family and the serialised record.
        counts: Dict of `COUNTS`.
        rejects: As of `Found`.
    """

    patient: str
    records: list
    counts: dict
    rejects: list


def read(patient, *, dataset, choice):
    """Read and check the files of one patient.

    Args:
        patient: `listings.Patient`.
        dataset: `echonet` or `camus`.
        choice: Which frames to keep without labels; see `frames.choice`.

    Returns:
        `Found`.
    """
    reader = importlib.import_module(f"pipeline.sources.{dataset}")
    records, rejects = [], []
    try:
        for item in reader.read(patient, choice):
            (rejects if isinstance(item, listings.Reject) else records).append(item)
    except errors.InputError as error:  # a store that does not give a file
        rejects.append(listings.Reject(patient.name, "unreadable", str(error)))
    return Found(patient.name, records, rejects)


def encode(found):
    """Serialise and count the records of one patient.

    Args:
        found: `Found`.

    Returns:
        `Encoded`.
    """
    counts = dict.fromkeys(COUNTS, 0)
    counts["patients"] = int(bool(found.records))
    records = []
    for record in found.records:
        family = schema.family(record)
        records.append((family, schema.encode(record)))
        if family == "unlabelled":
            counts["unlabelled_videos"] += 1
            counts["unlabelled_frames"] += len(record.frames)
        else:
            counts[f"{family}_frames"] += 1
    return Encoded(found.patient, records, counts, found.rejects)


def write(stream, layout):
    """Write the records of a shard and then its summary, unless that is there.

    Args:
        stream: `streams.Stream` whose last step gives `Encoded`.
        layout: `Layout` of the job.

    Returns:
        Dict of `COUNTS` of what was written, empty if that was there.

    Raises:
        InputError: The disk is full, or may not be written to.
    """
    shard = stream.shard
    if files.exists(layout.summary(shard)):
        return {}
    counts = dict.fromkeys(COUNTS, 0)
    described = {family: _description(shard, family) for family in shard.families}
    rejects, stamp = [], shard.stamp()
    with contextlib.ExitStack() as stack:
        writers = {
            family: stack.enter_context(
                recordfiles.writer(
                    f"{layout.records}/{file['file']}", layout.aside, file
                )
            )
            for family, file in described.items()
        }
        for encoded in stream:
            for family, record in encoded.records:
                writers[family](record)
            for family in {family for family, _ in encoded.records}:
                described[family]["patients"].append(encoded.patient)
            for name, count in encoded.counts.items():
                counts[name] += count
            rejects += map(dataclasses.asdict, encoded.rejects)
    summary = {
        "counts": counts,
        "stamp": stamp,
        "files": list(described.values()),
        "rejects": rejects,
    }
    with files.written_aside(layout.summary(shard), layout.aside) as file:
        file.write(json.dumps(summary).encode())
    return counts


def _description(shard, family):
    return {
        "file": f"{family}/{shard.name}",
        "family": family,
        "split": shard.split,
        "patients": [],
    }
