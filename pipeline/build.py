"""The job that turns a data set into records, as a Beam pipeline over shards.

A shard is converted whole by one worker and left as two files and a summary. So the
bytes depend neither on the number of workers nor on the runner, and a job that was
killed goes on with the shards that are missing.
"""

import contextlib
import importlib
import json
import logging
import os
import shlex
import sys
from pathlib import Path

import apache_beam as beam
from apache_beam import metrics
from apache_beam.options import pipeline_options
from apache_beam.runners import runner
from apache_beam.runners.portability.fn_api_runner import fn_runner
from apache_beam.transforms import environments

from echo_keras import errors
from echo_keras.data import schema
from pipeline import convert, files, manifests, sharding, watch, worker
from pipeline import layout as layouts
from pipeline.sources import frames, listings

MOST_THREADS = 8

_LOG = logging.getLogger(__name__)


class ConvertShards(beam.PTransform):
    """Write the records of each named shard, and its summary beside them."""

    def __init__(self, choice, layout):
        self._choice = choice
        self._layout = layout

    def expand(self, planned):
        return (
            planned
            | "Spread over workers" >> beam.Reshuffle()
            | "Convert" >> beam.Map(_convert_shard, self._choice, self._layout)
        )


def _convert_shard(name, choice, layout):
    try:
        counts = convert.convert(sharding.load(name, layout), choice, layout)
        for count, number in counts.items():  # what a runner shows of its jobs
            metrics.Metrics.counter("echo_keras", count).inc(number)
    except errors.InputError as error:
        _LOG.info("%s", error)  # the shard stays unfinished, which `run` tells


def run(
    dataset,
    source,
    output,
    *,
    unlabelled_frames="8",
    shards=None,
    max_rejected=0.01,
    beam_args=(),
):
    """Convert a data set into a folder of records.

    The work is done in `OUTPUT.partial`, which becomes `OUTPUT` when it is whole; a
    further run continues what an earlier one left there.

    Args:
        dataset: `echonet` or `camus`.
        source: Folder of the data set as it was downloaded, local or a URL.
        output: Folder to write, local or a URL; it must be missing or empty.
        unlabelled_frames: Frames kept of each video without labels: `between` ED and
            ES, `all`, or a number spread over the video.
        shards: Shards of each split; by default one for 16 patients, 64 at most.
        max_rejected: Largest share of files that may be damaged, 0 to 1.
        beam_args: Options for Beam; without `--runner` the job runs here on all cores.

    Returns:
        The manifest, a dict; see `echo_keras.data.tfrecords`.

    Raises:
        InputError: The source, an option or the output is not usable, or too many
            files are damaged.
    """
    choice = frames.choice(unlabelled_frames)
    files.use_options(beam_args)
    source, output = str(source).rstrip("/"), str(output).rstrip("/")
    layout = layouts.Layout(output)
    _check_output(layout, source)
    listing = importlib.import_module(f"pipeline.sources.{dataset}").listing(source)
    _check_patients(listing, source, most=max_rejected)
    plan = sharding.plan(dataset, listing.patients, shards)
    _resume_or_start(layout, _identity(listing, plan, choice))
    _forget_damage(plan, layout)
    summaries = _convert(plan, choice, layout, beam_args=beam_args)
    rejects = _rejects(listing, summaries)
    manifests.check_rejects(rejects, listing.patients, most=max_rejected)
    command = _command(dataset, source, choice, shards)
    manifest = manifests.manifest(
        listing, summaries, rejects, dataset=dataset, source=source, command=command
    )
    _finish(layout, manifest, rejects)
    return manifest


def _check_output(layout, source):
    taken = (
        files.exists(f"{layout.output}/{schema.MANIFEST}")
        if files.is_remote(layout.output)
        else files.is_taken(layout.output)
    )
    if taken:
        raise errors.InputError(
            f"{layout.output} is not empty; name another output or remove it"
        )
    if _is_within(layout.output, source):
        raise errors.InputError(
            f"the output {layout.output} lies inside the source {source}; "
            "name a folder outside, so that the source stays as it is"
        )
    if not files.is_remote(layout.output) and Path(layout.output).name in ("", ".."):
        raise errors.InputError(
            f"the output {layout.output} is the folder that this was started in, or "
            "above it; name a folder to make"
        )


def _is_within(output, source):
    if files.is_remote(output) or files.is_remote(source):
        return f"{output}/".startswith(f"{source}/")
    return Path(output).resolve().is_relative_to(Path(source).resolve())


def _check_patients(listing, source, *, most):
    if not listing.patients:
        manifests.check_rejects(listing.rejects, (), most=most)
        raise errors.InputError(f"{source} lists no patient who can be converted")


def _rejects(listing, summaries):
    found = [reject for summary in summaries for reject in summary["rejects"]]
    return [*listing.rejects, *(listings.Reject(**reject) for reject in found)]


def _identity(listing, plan, choice):
    """What decides the bytes of all shards: a job goes on only where it is the same."""
    return {
        "format": schema.FORMAT,
        "source_fingerprint": listing.fingerprint,
        "unlabelled_frames": choice,
        "shards": [shard.name for shard in plan],
        "versions": manifests.versions(),
    }


def _resume_or_start(layout, identity):
    files.remove(layout.aside)
    if files.exists(layout.plan):
        if json.loads(files.content(layout.plan)) == identity:
            return
        files.remove(layout.work)
    elif files.is_taken(layout.work):
        raise errors.InputError(
            f"{layout.work} is in the way and was not left by this job; remove it"
        )
    with files.written_aside(layout.plan, layout.aside) as file:
        file.write(json.dumps(identity).encode())


def _forget_damage(plan, layout):
    """What was damaged may have been repaired since, to a file of the same size."""
    for shard in plan:
        summary = layout.summary(shard)
        if files.exists(summary) and json.loads(files.content(summary))["rejects"]:
            files.remove_file(summary)


def _convert(plan, choice, layout, *, beam_args):
    pending = [shard for shard in plan if not files.exists(layout.summary(shard))]
    if pending:
        for shard in pending:
            sharding.save(shard, layout)
        chosen, options = _runner(beam_args, most_workers=len(pending))
        with contextlib.ExitStack() as stack:
            stack.enter_context(watch.bar(plan, layout))
            pipeline = stack.enter_context(beam.Pipeline(chosen, options))
            names = [shard.name for shard in pending]
            planned = pipeline | "Shards" >> beam.Create(names)
            _ = planned | "Convert shards" >> ConvertShards(choice, layout)
    unfinished = [shard for shard in plan if not files.exists(layout.summary(shard))]
    if unfinished:
        raise errors.InputError(
            f"{len(unfinished)} of {len(plan)} shards could not be written in "
            f"{layout.work}: is the disk full, or closed to writing? Make room and run "
            "the same command again, which converts only what is missing"
        )
    return [json.loads(files.content(layout.summary(shard))) for shard in plan]


def _runner(beam_args, *, most_workers):
    """Beam's options, and unless they name a runner one that needs no download.

    Threads share one start of Beam, which takes seconds, and the work is done inside
    OpenCV and zlib, where they do not wait for each other; on many cores they would
    wait for the interpreter in between.
    """
    workers = min(os.cpu_count(), most_workers)
    mode = "multi_threading" if workers <= MOST_THREADS else "multi_processing"
    given = [f"--direct_running_mode={mode}", f"--direct_num_workers={workers}"]
    options = pipeline_options.PipelineOptions([*given, *beam_args])
    name = options.view_as(pipeline_options.StandardOptions).runner
    if name:
        return _named(name), pipeline_options.PipelineOptions(list(beam_args))
    direct = options.view_as(pipeline_options.DirectOptions)
    if direct.direct_running_mode == "in_memory":
        direct.direct_num_workers = 1  # or else Beam warns that it will not use more
    if direct.direct_running_mode != "multi_processing":
        return fn_runner.FnApiRunner(), options
    direct.direct_running_mode = None  # or else it would start Beam's own worker
    command = f"{shlex.quote(sys.executable)} -m {worker.__name__}"
    environment = environments.SubprocessSDKEnvironment.from_command_string(command)
    return fn_runner.FnApiRunner(default_environment=environment), options


def _named(name):
    try:
        return runner.create_runner(name)
    except (ImportError, AttributeError, ValueError) as reason:
        raise errors.InputError(
            f"Beam has no runner {name}: {reason}; leave --runner out to run here"
        ) from reason


def _command(dataset, source, choice, shards):
    words = ["echo-keras", "build-tfrecords", "--dataset", dataset, "--source", source]
    words += ["--unlabelled-frames", str(choice)]
    return shlex.join(words + (["--shards", str(shards)] if shards else []))


def _finish(layout, manifest, rejects):
    manifests.write(layout, manifest, rejects)
    if not files.is_remote(layout.output):
        Path(layout.records).replace(layout.output)
    files.remove(layout.work)
