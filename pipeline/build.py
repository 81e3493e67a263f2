"""The job that turns a data set into records, as a Beam pipeline over shards.

A shard is converted whole by one worker and left as a file of each family and a
summary. So the bytes depend neither on the number of workers nor on the runner, and a
job that was killed goes on with the shards that are missing.
"""

import contextlib
import functools
import importlib
import json
import logging
import shlex
import signal
import sys
import threading
from pathlib import Path

import apache_beam as beam
from apache_beam import metrics

from echo_keras import errors
from echo_keras.data import schema
from pipeline import (
    convert,
    files,
    manifests,
    resuming,
    runners,
    sharding,
    streams,
    watch,
)
from pipeline import layout as layouts
from pipeline.sources import frames, listings

_LOG = logging.getLogger(__name__)
_STOPPED = threading.Event()


class ConvertShards(beam.PTransform):
    """Write the records of each named shard, and its summary beside them."""

    def __init__(self, dataset, choice, layout):
        self._read = functools.partial(convert.read, dataset=dataset, choice=choice)
        self._layout = layout

    def expand(self, names):
        return (
            names
            | "Spread over workers" >> beam.Reshuffle()
            | "Load" >> beam.FlatMap(_loaded, self._layout)
            | "Read and check" >> streams.EachPatient(self._read)
            | "Encode" >> streams.EachPatient(convert.encode)
            | "Write" >> beam.FlatMap(_written, self._layout)
            | "Count" >> beam.Map(_count)
        )


def _loaded(name, layout):
    with _left_unfinished():
        yield streams.Stream(sharding.load(name, layout))


def _written(stream, layout):
    if not _STOPPED.is_set():
        with _left_unfinished():
            yield convert.write(stream, layout)


@contextlib.contextmanager
def _left_unfinished():
    """Go on with other shards where one fails, which `run` tells of."""
    try:
        yield
    except errors.InputError as error:
        _LOG.info("%s", error)


def _count(counts):
    """Count what was written where a runner shows it."""
    for name, number in counts.items():
        metrics.Metrics.counter("echo_keras", name).inc(number)


def run(
    dataset,
    source,
    output,
    *,
    unlabelled_frames="8",
    shards=None,
    max_rejected=0.01,
    exclude=(),
    beam_args=(),
):
    """Convert a data set into a folder of records.

    `OUTPUT.partial` becomes `OUTPUT` when it is whole; until then a run continues it.

    Args:
        dataset: `echonet` or `camus`.
        source: Folder of the data set as it was downloaded, local or a URL.
        output: Folder to write, local or a URL; it must be missing or empty.
        unlabelled_frames: Frames kept without labels, as of `frames.choice`.
        shards: Shards of each split; by default one for 16 patients, 64 at most.
        max_rejected: Largest share of files that may be damaged, 0 to 1.
        exclude: Names of patients to leave out.
        beam_args: Options for Beam; without `--runner` the job runs here on all cores.

    Returns:
        The manifest, a dict; see `echo_keras.data.tfrecords`.

    Raises:
        InputError: Source, option or output are not usable, or too much is damaged.
    """
    choice = frames.choice(unlabelled_frames)
    files.use_options(beam_args)
    source, output = str(source).rstrip("/"), str(output).rstrip("/")
    layout = layouts.Layout(output)
    resuming.check_output(layout, source)
    listing = _listing(dataset, source, exclude, most=max_rejected)
    plan = sharding.plan(dataset, listing.patients, shards)
    identity = resuming.identity(listing, plan, choice)
    if resuming.is_finished(layout):
        return _cleaned_up(layout, identity)
    with resuming.alone(layout):
        resuming.take_over(layout, identity)
        resuming.forget_changed(plan, layout)
        summaries = _convert(dataset, plan, choice, layout, beam_args=beam_args)
        command = _command(dataset, source, choice, shards, max_rejected, exclude)
        rejects = _rejects(listing, summaries, most=max_rejected)
        origin = {"dataset": dataset, "source": source, "command": command}
        manifest = manifests.manifest(listing, summaries, rejects, **origin)
        return _finish(layout, manifest, rejects)


def _cleaned_up(layout, identity):
    if not resuming.is_same(layout, identity):
        raise resuming.taken(layout)
    files.remove(layout.work)
    return json.loads(files.content(f"{layout.output}/{schema.MANIFEST}"))


def _listing(dataset, source, exclude, *, most):
    reader = importlib.import_module(f"pipeline.sources.{dataset}")
    listing = listings.without(reader.listing(source), exclude)
    if not listing.patients:
        manifests.check_rejects(listing.rejects, (), most=most)
        raise errors.InputError(f"{source} lists no patient who can be converted")
    manifests.check_patients(listing, most=most)
    return listing


def _rejects(listing, summaries, *, most):
    found = [reject for summary in summaries for reject in summary["rejects"]]
    rejects = [*listing.rejects, *(listings.Reject(**reject) for reject in found)]
    manifests.check_rejects(rejects, listing.patients, most=most)
    return rejects


def _tell_if_nothing_is_between(choice, summaries):
    if choice == "between" and not any(
        summary["counts"]["unlabelled_videos"] for summary in summaries
    ):
        sys.stderr.write(
            "no video was kept, as the source holds no frame between ED and ES; give "
            "--unlabelled-frames a number or all to have some for pretraining\n"
        )


def _convert(dataset, plan, choice, layout, *, beam_args):
    pending = [shard for shard in plan if not files.exists(layout.summary(shard))]
    if len(pending) < len(plan):
        kept = len(plan) - len(pending)
        sys.stderr.write(f"going on: {kept} of {len(plan)} shards are there\n")
    if pending:
        for shard in pending:
            sharding.save(shard, layout)
        chosen, options = runners.chosen(beam_args, most_workers=len(pending))
        with contextlib.ExitStack() as stack:
            stack.enter_context(watch.bar(plan, layout))
            stack.enter_context(_ended_by_interrupt())
            pipeline = stack.enter_context(runners.pipeline(chosen, options))
            names = [shard.name for shard in pending]
            planned = pipeline | "Shards" >> beam.Create(names)
            _ = planned | "Convert shards" >> ConvertShards(dataset, choice, layout)
    unfinished = [shard for shard in plan if not files.exists(layout.summary(shard))]
    if unfinished and _STOPPED.is_set():
        raise errors.InputError(
            f"stopped, with {len(unfinished)} of {len(plan)} shards left; run the same "
            "command again to go on"
        )
    if unfinished:
        raise errors.InputError(
            f"{len(unfinished)} of {len(plan)} shards could not be written in "
            f"{layout.work}: is the disk full, or closed to writing? Make room and run "
            "the same command again, which converts only what is missing"
        )
    summaries = [json.loads(files.content(layout.summary(shard))) for shard in plan]
    _tell_if_nothing_is_between(choice, summaries)
    return summaries


@contextlib.contextmanager
def _ended_by_interrupt():
    """On the first SIGINT, end after the shards at hand; threads cannot be broken off.

    A second one has its usual effect.
    """
    _STOPPED.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(*_):
        _STOPPED.set()
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("stopping after the shards at hand\n")

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _command(dataset, source, choice, shards, max_rejected, exclude):
    """The command without output and Beam options, which decide nothing."""
    words = ["echo-keras", "build-tfrecords", "--dataset", dataset, "--source", source]
    words += ["--unlabelled-frames", str(choice), "--max-rejected", str(max_rejected)]
    words += ["--shards", str(shards)] if shards else []
    return shlex.join(words + [f"--exclude={name}" for name in exclude])


def _finish(layout, manifest, rejects):
    manifests.write(layout, manifest, rejects)
    if not files.is_remote(layout.output):
        Path(layout.records).replace(layout.output)
    files.remove(layout.work)
    return manifest
