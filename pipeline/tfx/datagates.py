"""The gates that data must pass: its statistics, and the rules of inspect."""

import json

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact, standard_artifacts

from echo_keras import errors
from echo_keras.study import flags, rules
from pipeline.tfx import folders, measures

LEAKS = ("patient in two splits", "pixels in two splits")
"""Rules of `echo_keras.study.rules` that may flag nobody."""

SHOWN = 3


class DataBlessing(artifact.Artifact):
    """Says that a gate let data pass, and what it saw."""

    TYPE_NAME = "echo.DataBlessing"


@component
def StatisticsGate(  # noqa: N802  components are named as TFX's own are
    anomalies: InputArtifact[standard_artifacts.ExampleAnomalies],
    blessing: OutputArtifact[DataBlessing],
    gate: Parameter[str],
    data: Parameter[str],
):
    """Stop the pipeline where TFDV found an anomaly."""
    found = list(_anomalies(anomalies.uri))
    if found:
        raise closed(gate, data, found)
    folders.write_json({"anomalies": 0}, f"{blessing.uri}/blessed.json")
    blessing.set_string_custom_property("gate", gate)


@component
def DomainValidator(  # noqa: N802
    frames: InputArtifact[standard_artifacts.Examples],
    blessing: OutputArtifact[DataBlessing],
    data: Parameter[str],
    most_flagged: Parameter[float],
    accepted: Parameter[str],
    code: Parameter[str],
):
    """Stop the pipeline where a rule of `echo-keras inspect` flags too many."""
    measured, _ = measures.read(frames.uri)
    looked_at = set(json.loads(accepted))
    found = flags.by_rule(
        flag
        for flag in rules.apply(measured)
        if not looked_at.issuperset(frame.patient for frame in flag.frames)
    )
    refused = list(refusals(found, measured, most_flagged=most_flagged))
    if refused:
        raise closed("DomainValidator", data, refused)
    counts = {rule: len(theirs) for rule, theirs in found.items()}
    folders.write_json({"flags": counts}, f"{blessing.uri}/blessed.json")
    blessing.set_string_custom_property("flags", json.dumps(counts))
    blessing.set_string_custom_property("code", code)


def closed(gate, data, reasons):
    """The error of a gate that stays shut.

    Args:
        gate: Name of the gate.
        data: On which data.
        reasons: Sentences, the first few of which are told.
    """
    told = "; ".join(reasons[:SHOWN])
    more = f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    return errors.InputError(
        f"the gate {gate} is closed on {data}: {told}{more}. Nothing was pushed"
    )


def refusals(found, frames, *, most_flagged):
    """Rules that flag more than they may, in sentences.

    Args:
        found: Dict of rule to its flags.
        frames: List of all `facts.Frame`.
        most_flagged: Largest share of the patients that a rule may flag.

    Yields:
        A sentence for each such rule.
    """
    patients = len({frame.patient for frame in frames})
    for rule, theirs in found.items():
        flagged = len({frame.patient for flag in theirs for frame in flag.frames})
        if rule in LEAKS or flagged > most_flagged * patients:
            yield (
                f"{rule} ({rules.SENTENCES[rule]}), {flagged} of {patients} patients, "
                f"first {flags.text(theirs[0])}"
            )


def _anomalies(uri):
    """Anomalies of all splits, in sentences."""
    for path in sorted(fileio.glob(f"{uri}/*/SchemaDiff.pb")):
        split = path.split("/")[-2].partition("-")[2]
        where = " against ".join(split.split("_"))
        with fileio.open(path, "rb") as file:
            anomalies = anomalies_pb2.Anomalies.FromString(file.read())
        yield from _sentences(anomalies, where)


def _sentences(anomalies, where):
    for reason in anomalies.dataset_anomaly_info.reason:
        yield f"{where}: {_short(reason)}"
    for name, info in sorted(anomalies.anomaly_info.items()):
        name = ".".join(info.path.step) or name
        for reason in info.reason:
            yield f"{name} of {where}: {_short(reason)}"


def _short(reason):
    told = reason.description.replace(" (up to six significant digits)", "")
    return told.rstrip(". ")
