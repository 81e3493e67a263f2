"""Processes of a study: some at once, each after those whose work it takes up."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from typing import NamedTuple

from echo_keras import aside

LOG, FAILED = "log.txt", "failed.json"
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_SECONDS_BETWEEN_LOOKS = 0.2


class Job(NamedTuple):
    """Work on a folder, in a process of its own.

    Attributes:
        what: `finetune` or `pretrain`, as of `worker`.
        folder: Folder to work on, which holds what the worker reads.
        title: Name for people.
        proof: Name below the folder that is there once the work is done.
        needs: Tuple of the jobs whose work this one takes up.
    """

    what: str
    folder: pathlib.Path
    title: str
    proof: str
    needs: tuple = ()

    @property
    def reason(self):
        """Why it failed, empty where it is done, None where it has still to run."""
        if (self.folder / self.proof).exists():
            return ""
        if (self.folder / FAILED).is_file():
            return json.loads((self.folder / FAILED).read_text())["reason"]
        return None


def forget(jobs):
    """Forget that jobs failed for what they need, where that is to be tried again.

    Args:
        jobs: List of `Job`; what one needs stands before it.
    """
    for job in jobs:
        told = [_failure(need, "") for need in job.needs]
        if job.reason and job.reason.startswith(tuple(told)) and not _state(job):
            (job.folder / FAILED).unlink()


def run(jobs, look, *, workers):
    """Run what has still to run, in order as far as needs allow.

    Args:
        jobs: List of `Job`; what one needs stands before it.
        look: Called often with a dict of the running jobs to their seconds so far.
        workers: How many run at once; they share the processor's cores.
    """
    waiting = [job for job in jobs if job.reason is None]
    running = {}
    with contextlib.ExitStack() as stack:
        while waiting or running:
            for job, (held, process, begin) in list(running.items()):
                if process.poll() is not None:
                    del running[job]
                    held.close()
                    _close(job, process.returncode, time.monotonic() - begin)
            for job in list(waiting):
                state = _state(job)
                if state is None or (state == "" and len(running) == workers):
                    continue
                waiting.remove(job)
                if state:
                    _fail(job, state, 0.0)
                else:
                    held = stack.enter_context(contextlib.ExitStack())
                    process = held.enter_context(_process(job, workers))
                    running[job] = held, process, time.monotonic()
            now = time.monotonic()
            look({job: now - begin for job, (*_, begin) in running.items()})
            time.sleep(_SECONDS_BETWEEN_LOOKS if running else 0.0)


def _state(job):
    """Why a job cannot run, empty where it can, None where its needs are unfinished."""
    reasons = [need.reason for need in job.needs]
    for need, reason in zip(job.needs, reasons):
        if reason:
            return _failure(need, reason)
    return None if None in reasons else ""


def _failure(need, reason):
    return f"{need.title} failed: {reason}"


@contextlib.contextmanager
def _process(job, workers):
    """The process of a job, which ends with the context."""
    for left in job.folder.glob(".*-*"):  # half-written by a killed process
        shutil.rmtree(left)
    share = str(max((os.cpu_count() or 1) // workers, 1))
    environment = dict.fromkeys(_THREADS, share) if workers > 1 else {}
    with (
        open(job.folder / LOG, "w") as log,
        subprocess.Popen(
            [*_command(job.what), str(job.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            close_fds=False,  # the worker holds the study's lock as long as it lives
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _close(job, code, seconds):
    """Write down why a job failed that has ended, if it did."""
    if job.reason is not None:
        return
    if code < 0:
        _fail(job, f"it was ended by signal {-code}, perhaps for its memory", seconds)
    else:
        lines = (job.folder / LOG).read_text().splitlines()
        last = (lines or ["it gave no reason"])[-1]
        _fail(job, last.removeprefix("Error: "), seconds)


def _fail(job, reason, seconds):
    with aside.file(job.folder / FAILED) as path:
        told = {"reason": reason, "seconds": round(seconds, 1)}
        path.write_text(json.dumps(told) + "\n")


def _command(what):
    return [sys.executable, "-m", "echo_keras.study.worker", what]
