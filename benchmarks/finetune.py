"""Images per second of segmentation networks, beside twins of them in PyTorch.

Run as `python -m benchmarks.finetune`, with `--torch PYTHON` for an environment that
has PyTorch. A training step is timed without augmentation, and inference.
"""

import itertools
import sys

from benchmarks import twins

NETWORKS = ("unet", "deeplabv3")
CASES = tuple(itertools.product(NETWORKS, (112, 224)))
MODES = ("train", "infer")


def main():
    """Print one table."""
    asked = twins.options(__doc__, NETWORKS, batch=16)
    stacks = [twins.Stack("keras", sys.executable, "segment_keras", MODES)]
    if asked.torch:
        stacks.append(twins.Stack("torch", asked.torch, "segment_torch", MODES))
    twins.compare(stacks, CASES, asked)


if __name__ == "__main__":
    main()
