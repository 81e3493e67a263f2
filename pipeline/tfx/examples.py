"""EchoExampleGen: from a data set as downloaded to records and their measures."""

import importlib
import json
import typing

import apache_beam as beam
from tfx.dsl.components.base import (
    base_beam_component,
    base_beam_executor,
    executor_spec,
)
from tfx.types import artifact_utils, channel, component_spec, standard_artifacts

from echo_keras.data import tfrecords
from echo_keras.training import origin
from pipeline import build, files
from pipeline.tfx import beams, folders, measures, versions


def fingerprint(dataset, source):
    """What changes when a data set does, without a look at its pixels.

    Args:
        dataset: `echonet` or `camus`.
        source: Folder of the data set, local or a URL.

    Returns:
        The fingerprint of its listing and one of its files' sizes and times.

    Raises:
        InputError: The source cannot be listed.
    """
    listing = importlib.import_module(f"pipeline.sources.{dataset}").listing(source)
    stamp = files.stamp(
        f"{patient.source}/{file}"
        for patient in listing.patients
        for file in patient.files
    )
    return f"{listing.fingerprint[:16]}-{stamp[:16]}"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Converts a data set by the job of `echo-keras build-tfrecords`."""

    def Do(self, input_dict, output_dict, exec_properties):  # noqa: N802  TFX's name
        """Write the records, then measure each of their frames, both by Beam."""
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        frames = artifact_utils.get_single_instance(output_dict["frames"])
        given = {**exec_properties, "options": beams.given(self._beam_pipeline_args)}
        root = given.pop("root")
        if files.is_remote(root):
            manifest = _build(examples.uri, **given)
        else:
            identity = {**given, "options": None}
            with folders.work(root, f"records-{given['dataset']}", identity) as work:
                manifest = _build(work, **given)
                folders.deliver(work, examples.uri)
        parts = _measure(self._make_beam_pipeline, examples.uri, manifest, frames.uri)
        _describe(examples, manifest)
        names = [measures.name(*part) for part in parts]
        frames.split_names = artifact_utils.encode_split_names(names)


class EchoExampleGenSpec(component_spec.ComponentSpec):
    """Signature of the component.

    `examples` is the folder of records that every command reads; `frames` holds the
    measures of each frame, in a split for each family and split of the records.
    """

    PARAMETERS: typing.ClassVar = {
        "dataset": component_spec.ExecutionParameter(type=str),
        "source": component_spec.ExecutionParameter(type=str),
        "fingerprint": component_spec.ExecutionParameter(type=str),
        "unlabelled_frames": component_spec.ExecutionParameter(type=str),
        "max_rejected": component_spec.ExecutionParameter(type=float),
        "root": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: typing.ClassVar = {}
    OUTPUTS: typing.ClassVar = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "frames": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }


class EchoExampleGen(base_beam_component.BaseBeamComponent):
    """Component of one data set; runs again when its files or the readers change."""

    SPEC_CLASS = EchoExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(self, dataset, source, *, unlabelled_frames, max_rejected, root):
        outputs = {
            name: channel.Channel(type=standard_artifacts.Examples)
            for name in EchoExampleGenSpec.OUTPUTS
        }
        spec = EchoExampleGenSpec(
            dataset=dataset,
            source=source,
            fingerprint=fingerprint(dataset, source),
            unlabelled_frames=unlabelled_frames,
            max_rejected=max_rejected,
            root=root,
            code=versions.digest(*versions.READING, own=("examples", "measures")),
            **outputs,
        )
        super().__init__(spec=spec)


def _build(output, *, dataset, source, unlabelled_frames, max_rejected, options, **_):
    if files.exists(f"{output}/{tfrecords.MANIFEST}"):
        return tfrecords.manifest(output)  # ended before they were delivered
    return build.run(
        dataset,
        source,
        output,
        unlabelled_frames=unlabelled_frames,
        max_rejected=max_rejected,
        beam_args=options,
    )


def _measure(make_pipeline, folder, manifest, output):
    parts = {}
    for shard in manifest["shards"]:
        if shard["records"]:
            parts.setdefault((shard["family"], shard["split"]), []).append(shard)
    with make_pipeline() as pipeline:
        for part, shards in parts.items():
            label = measures.name(*part)
            planned = pipeline | f"Shards of {label}" >> beam.Create(shards)
            frames = measures.MeasureFrames(folder, *part, output)
            _ = planned | f"Measure {label}" >> frames
    return list(parts)


def _describe(examples, manifest):
    patients = {
        split: counts["patients"] for split, counts in manifest["counts"].items()
    }
    facts = {
        **origin.records(examples.uri),
        "patients": json.dumps(patients),
        "source": manifest["source"],
        "code": origin.code(),
    }
    for name, value in facts.items():
        examples.set_string_custom_property(name, value)
    examples.split_names = artifact_utils.encode_split_names(sorted(patients))
