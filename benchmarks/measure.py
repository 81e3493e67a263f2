"""Wall time, processor time and peak memory of a command with all its children."""

import dataclasses
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from echo_keras import errors

_SECONDS_BETWEEN_LOOKS = 0.02
_PAGE = resource.getpagesize()


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        wall: Seconds from start to end.
        processor: Seconds of all cores.
        memory: Largest sum of the resident memory of all its processes, in MB.
    """

    wall: float
    processor: float
    memory: float


def command(*words):
    """Run a command and see what it takes.

    Args:
        *words: The command and its arguments.

    Returns:
        `Cost`, and what the command printed to standard output.

    Raises:
        InputError: The command failed.
    """
    environment = dict(os.environ)
    # Containers often set it; then Beam is compiled anew at each start, for seconds.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = _processor_time()
    start = time.perf_counter()
    running = subprocess.Popen(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=environment,
    )
    memory = 0.0
    while running.poll() is None:
        memory = max(memory, _resident(running.pid))
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    wall = time.perf_counter() - start
    if running.returncode:
        raise errors.InputError(f"{' '.join(map(str, words))} failed; run it by hand")
    cost = Cost(wall=wall, processor=_processor_time() - before, memory=memory)
    return cost, running.stdout.read()


def alternating(commands, *, rounds):
    """Run several commands in turn, so that a slow minute meets all of them alike.

    Args:
        commands: Dict of a name to a function that runs it and returns what it took.
        rounds: How often each is run.

    Returns:
        Dict of the name to the list of these.
    """
    costs = {name: [] for name in commands}
    for number in range(rounds):
        for name, run in commands.items():
            sys.stderr.write(f"round {number + 1} of {rounds}: {name}\n")
            costs[name].append(run())
    return costs


def spread(values, digits=1):
    """Median and extremes of some values, such as `6.4 (6.2-7.0)`."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def table(header, rows):
    """Print rows of text under a header, in columns as wide as they need to be."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        first, *others = line
        cells = [first.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(others, widths[1:])]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.flush()


def _processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident(group):
    """Resident memory of a process group in MB."""
    pages = 0
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                text = (entry / "stat").read_text()
            except OSError:  # it ended between two looks
                continue
            fields = text.rpartition(")")[2].split()
            if int(fields[2]) == group:
                pages += int(fields[21])
    return pages * _PAGE / 1e6
