"""The Beam runner of a job: here on all cores unless the options name another."""

import os
import shlex
import sys

import apache_beam as beam
from apache_beam.options import pipeline_options
from apache_beam.runners import runner
from apache_beam.runners.portability.fn_api_runner import fn_runner
from apache_beam.transforms import environments

from echo_keras import errors
from pipeline import worker

MOST_THREADS = 8


def chosen(beam_args, *, most_workers):
    """Beam's options, and unless they name a runner one that needs no download.

    Threads share one start of Beam, which takes seconds, and the work is done inside
    OpenCV and zlib, where they do not wait for each other; on many cores they would
    wait for the interpreter in between.

    Args:
        beam_args: Options as on the command line.
        most_workers: How many workers could have something to do.

    Returns:
        A Beam runner and its `PipelineOptions`.

    Raises:
        InputError: Beam has no runner of the name.
    """
    workers = min(os.cpu_count(), most_workers)
    mode = "multi_threading" if workers <= MOST_THREADS else "multi_processing"
    given = [f"--direct_running_mode={mode}", f"--direct_num_workers={workers}"]
    options = pipeline_options.PipelineOptions([*given, *beam_args])
    name = options.view_as(pipeline_options.StandardOptions).runner
    if name:
        given = pipeline_options.PipelineOptions(list(beam_args))
        return _named(name, given), given
    direct = options.view_as(pipeline_options.DirectOptions)
    if direct.direct_running_mode == "in_memory":
        direct.direct_num_workers = 1  # or else Beam warns that it will not use more
    if direct.direct_running_mode != "multi_processing":
        return fn_runner.FnApiRunner(), options
    direct.direct_running_mode = None  # or else it would start Beam's own worker
    python = shlex.quote(sys.executable)
    # Not below a shell, so that the worker sees this process end.
    command = f"exec {python} -m {worker.__name__} {os.getpid()}"
    environment = environments.SubprocessSDKEnvironment.from_command_string(command)
    return fn_runner.FnApiRunner(default_environment=environment), options


def pipeline(chosen, options):
    """A pipeline on a runner of `chosen` that has all the options it needs.

    Args:
        chosen: A Beam runner.
        options: Its `PipelineOptions`.

    Returns:
        `beam.Pipeline`.

    Raises:
        InputError: The runner lacks an option, such as the region of Dataflow.
    """
    try:
        return beam.Pipeline(chosen, options)
    except ValueError as reason:
        raise errors.InputError(f"Beam refuses its options: {reason}") from reason


def _named(name, options):
    try:
        created = runner.create_runner(name)
    except (ImportError, AttributeError, ValueError) as reason:
        raise errors.InputError(
            f"Beam has no runner {name}: {reason}; leave --runner out to run here"
        ) from reason
    portable = options.view_as(pipeline_options.PortableOptions)
    if type(created).__name__ == "PortableRunner" and not portable.job_endpoint:
        raise errors.InputError(
            f"--runner={name} needs the address of its job server; add "
            "--job_endpoint=HOST:PORT"
        )
    return created
