"""Conversion of one shard: read, check, encode, write, and tell what was done."""

import contextlib
import dataclasses
import importlib
import json

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


def convert(shard, choice, layout):
    """Write the records of a shard and then its summary, unless that is there.

    Args:
        shard: `sharding.Shard`.
        choice: Which frames to keep without labels; see `frames.choice`.
        layout: `Layout` of the job.

    Returns:
        Dict of `COUNTS` of what was written, empty if that was there.
    """
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
        for patient in shard.patients:
            records, rejected = _read(shard, patient, choice)
            rejects += rejected
            counts["patients"] += bool(records)
            for record in records:
                family = schema.family(record)
                writers[family](schema.encode(record))
                _count(record, counts)
                if patient.name not in described[family]["patients"]:
                    described[family]["patients"].append(patient.name)
    summary = {
        "counts": counts,
        "stamp": stamp,
        "files": list(described.values()),
        "rejects": [dataclasses.asdict(reject) for reject in rejects],
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


def _read(shard, patient, choice):
    reader = importlib.import_module(f"pipeline.sources.{shard.dataset}")
    records, rejects = [], []
    try:
        for item in reader.read(patient, choice):
            (rejects if isinstance(item, listings.Reject) else records).append(item)
    except errors.InputError as error:  # a store that does not give a file
        rejects.append(listings.Reject(patient.name, "unreadable", str(error)))
    return records, rejects


def _count(record, counts):
    family = schema.family(record)
    if family == "unlabelled":
        counts["unlabelled_videos"] += 1
        counts["unlabelled_frames"] += len(record.frames)
    else:
        counts[f"{family}_frames"] += 1
