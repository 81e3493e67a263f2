"""Two stacks that take the same steps in turn, each in a process of its own.

So whatever else the machine does slows both. A process reads a case a line from its
standard input, as JSON, and answers with the seconds of one step.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
PRECISIONS = ("float32", "bfloat16")


class Stack:
    """A process that takes steps on demand, of all networks or of some."""

    def __init__(self, name, python, module, modes, *words, networks=None):
        self.name = name
        self.modes = modes
        self.networks = networks
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.{module}", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def seconds(self, **case):
        """Time of one step; the first of a kind follows a step to warm up."""
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} stopped at {case}; run its module alone to see why")
        return json.loads(answer)["seconds"]


def options(description, networks, *, batch):
    """What both benchmarks can be asked for on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--torch", help="Python of an environment with PyTorch")
    parser.add_argument("--batch", type=int, default=batch, help="frames in a batch")
    parser.add_argument("--rounds", type=int, default=7, help="steps of each kind")
    parser.add_argument("--network", choices=networks, help="one alone")
    parser.add_argument("--size", type=int, choices=(112, 224), help="one alone")
    return parser.parse_args()


def compare(stacks, cases, asked, *, unit="images"):
    """Print one table: median and range of the batch's rate over the rounds.

    Args:
        stacks: List of `Stack`.
        cases: Pairs of a network's name and a size in pixels.
        asked: As `options` returns it.
        unit: What a batch is of.
    """
    heading = f"{unit}/s"
    sys.stdout.write(
        f"network   size  stack     step     precision  {heading:>8}  range\n"
    )
    for network, size in cases:
        if asked.network not in (None, network) or asked.size not in (None, size):
            continue
        kinds = [
            (stack, mode, precision)
            for stack, precision in itertools.product(stacks, PRECISIONS)
            if stack.networks is None or network in stack.networks
            for mode in stack.modes
        ]
        rates = {kind: [] for kind in kinds}
        case = {"network": network, "size": size, "batch": asked.batch}
        for _, kind in itertools.product(range(asked.rounds), kinds):
            stack, mode, precision = kind
            seconds = stack.seconds(**case, mode=mode, precision=precision)
            rates[kind].append(asked.batch / seconds)
        for (stack, mode, precision), each in rates.items():
            sys.stdout.write(
                f"{network:9} {size:4}  {stack.name:8}  {mode:7}  {precision:9} "
                f"{statistics.median(each):9.1f}  {min(each):.1f}-{max(each):.1f}\n"
            )
            sys.stdout.flush()


def answer(step):
    """Answer each line of standard input with the seconds of one step.

    Args:
        step: Function of `network`, `size`, `batch`, `mode` and `precision` that makes
            a function without arguments, which takes the step and waits for its end.
    """
    known, place = {}, None
    for line in sys.stdin:
        case = json.loads(line)
        if (case["network"], case["size"]) != place:
            known, place = {}, (case["network"], case["size"])
        if line not in known:
            known[line] = step(**case)
            known[line]()
        start = time.perf_counter()
        known[line]()
        sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start}) + "\n")
        sys.stdout.flush()
