"""Images per second of a pretraining step, beside a twin of it in PyTorch.

Run as `python -m benchmarks.pretrain`, with `--torch PYTHON` for an environment that
has PyTorch. Both stacks live in processes of their own, which take turns, so that
whatever else the machine does slows both.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
CASES = (("resnet50", 112), ("resnet50", 224), ("unet", 112))
PRECISIONS = ("float32", "bfloat16")


class Stack:
    """A process that takes training steps on demand: JSON lines in, JSON lines out."""

    def __init__(self, name, python, module, modes):
        self.name = name
        self.modes = modes
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.{module}"],
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


def main():
    """Print one table: median and range of images per second over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="Python of an environment with PyTorch")
    parser.add_argument("--batch", type=int, default=32, help="frames in a batch")
    parser.add_argument("--rounds", type=int, default=7, help="steps of each kind")
    parser.add_argument("--encoder", choices=("resnet50", "unet"), help="one alone")
    options = parser.parse_args()
    stacks = [Stack("keras", sys.executable, "steps_keras", ("full", "network"))]
    if options.torch:
        stacks.append(Stack("torch", options.torch, "steps_torch", ("network",)))
    sys.stdout.write("encoder   size  stack  step     precision  images/s  range\n")
    for encoder, size in CASES:
        if options.encoder not in (None, encoder):
            continue
        kinds = [
            (stack, mode, precision)
            for stack, precision in itertools.product(stacks, PRECISIONS)
            for mode in stack.modes
        ]
        spent = {kind: [] for kind in kinds}
        for _, kind in itertools.product(range(options.rounds), kinds):
            stack, mode, precision = kind
            seconds = stack.seconds(
                encoder=encoder,
                size=size,
                batch=options.batch,
                mode=mode,
                precision=precision,
            )
            spent[kind].append(options.batch / seconds)
        for (stack, mode, precision), rates in spent.items():
            sys.stdout.write(
                f"{encoder:9} {size:4}  {stack.name:5}  {mode:7}  {precision:9} "
                f"{statistics.median(rates):9.1f}  {min(rates):.1f}-{max(rates):.1f}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
