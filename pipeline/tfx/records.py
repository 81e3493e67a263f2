"""What ML Metadata keeps of runs: their steps, states, times and artefacts."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

import ml_metadata
from ml_metadata import proto
from ml_metadata.proto import metadata_store_pb2

from echo_keras import errors

FILE = "metadata.db"
_STATES = {
    proto.Execution.NEW: "unfinished",
    proto.Execution.RUNNING: "unfinished",
    proto.Execution.COMPLETE: "done",
    proto.Execution.CACHED: "kept",
    proto.Execution.FAILED: "failed",
}
_OUTPUT = proto.Event.OUTPUT


@dataclasses.dataclass(frozen=True)
class Step:
    """One component in one run.

    Attributes:
        node: Its name in the pipeline.
        state: `done`, `kept` from an earlier run, `failed` or `unfinished`.
        started: When, in UTC.
        seconds: What it took, or took when its results were made.
        values: Its parameters.
        inputs: Artefacts it read, of ML Metadata.
        outputs: Artefacts it made.
    """

    node: str
    state: str
    started: datetime.datetime
    seconds: float
    values: dict
    inputs: tuple
    outputs: tuple


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a pipeline: its name and its `Step`, in order."""

    name: str
    steps: tuple

    @property
    def state(self):
        """`done`, or what kept it from that: `failed` or `unfinished`."""
        states = {step.state for step in self.steps}
        return next((bad for bad in ("failed", "unfinished") if bad in states), "done")


def store(root):
    """Open the metadata of a pipeline, which are made if they are missing."""
    pathlib.Path(root).mkdir(parents=True, exist_ok=True)
    connection = proto.ConnectionConfig()
    connection.sqlite.filename_uri = str(pathlib.Path(root, FILE))
    connection.sqlite.connection_mode = (
        metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    )
    return ml_metadata.MetadataStore(connection)


def existing(path):
    """Open the metadata at a path.

    Raises:
        InputError: There are none.
    """
    if not pathlib.Path(path).is_file():
        raise errors.InputError(
            f"no metadata at {path}; give the root of a pipeline that was run"
        )
    return store(pathlib.Path(path).parent)


def runs(store):
    """All runs, oldest first."""
    contexts = store.get_contexts_by_type("pipeline_run")
    return [_run(store, context) for context in sorted(contexts, key=lambda c: c.id)]


def newest(store):
    """The newest run, without steps where there is none yet."""
    contexts = store.get_contexts_by_type("pipeline_run")
    if not contexts:
        return Run("", ())
    return _run(store, max(contexts, key=lambda context: context.id))


def told(run):
    """Lines that tell how long each step took."""
    for step in run.steps:
        yield f"{step.seconds:7.1f} s  {step.state:10}  {step.node}"


def text(artifact, name):
    """A property of an artefact as text, empty where it has none of the name."""
    for properties in (artifact.custom_properties, artifact.properties):
        if name in properties:
            return properties[name].string_value
    return ""


def _run(store, context):
    executions = store.get_executions_by_context(context.id)
    ordered = sorted(executions, key=lambda execution: execution.id)
    return Run(context.name, tuple(_step(store, found) for found in ordered))


def _step(store, execution):
    [node] = [
        context.name
        for context in store.get_contexts_by_execution(execution.id)
        if context.type == "node"
    ]
    inputs, outputs = _artifacts(store, execution)
    state = _STATES.get(execution.last_known_state, "unfinished")
    timed = execution
    if state == "kept":
        timed = _maker(store, outputs) or execution
    begun, ended = timed.create_time_since_epoch, timed.last_update_time_since_epoch
    started = datetime.datetime.fromtimestamp(
        execution.create_time_since_epoch / 1000, datetime.timezone.utc
    )
    return Step(
        node=node.partition(".")[2],
        state=state,
        started=started,
        seconds=(ended - begun) / 1000,
        values={
            name: getattr(value, value.WhichOneof("value"))
            for name, value in execution.custom_properties.items()
        },
        inputs=inputs,
        outputs=outputs,
    )


def _artifacts(store, execution):
    events = store.get_events_by_execution_ids([execution.id])
    made = [event.artifact_id for event in events if event.type == _OUTPUT]
    read = [event.artifact_id for event in events if event.type != _OUTPUT]
    return tuple(
        tuple(store.get_artifacts_by_id(sorted(set(ids)))) if ids else ()
        for ids in (read, made)
    )


def _maker(store, outputs):
    """The execution that made artefacts which a later one kept."""
    events = store.get_events_by_artifact_ids([artifact.id for artifact in outputs])
    makers = [event.execution_id for event in events if event.type == _OUTPUT]
    return store.get_executions_by_id([min(makers)])[0] if makers else None
