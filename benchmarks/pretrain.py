"""Pairs per second of a pretraining step, beside a twin of it in PyTorch.

A pair is two views. Run as `python -m benchmarks.pretrain`, with `--torch PYTHON` for
an environment that has PyTorch. `keras x2` takes the step of the same batch on two
logical replicas, of the UNet alone: TensorFlow takes minutes to trace 53 shared batch
norms on parts of a CPU, where each replica's graph hangs on the other's.
"""

import sys

from benchmarks import twins

CASES = (("resnet50", 112), ("resnet50", 224), ("unet", 112))


def main():
    """Print one table."""
    asked = twins.options(__doc__, ("resnet50", "unet"), batch=32)
    modes = ("full", "network")
    stacks = [
        twins.Stack("keras", sys.executable, "steps_keras", modes, "1"),
        twins.Stack(
            "keras x2",
            sys.executable,
            "steps_keras",
            ("network",),
            "2",
            networks=("unet",),
        ),
    ]
    if asked.torch:
        stacks.append(twins.Stack("torch", asked.torch, "steps_torch", ("network",)))
    twins.compare(stacks, CASES, asked, unit="pairs")


if __name__ == "__main__":
    main()
