"""What recipes of fine-tuning cost: a training step, and an answer, in milliseconds.

Run as `python -m benchmarks.recipes RECIPE.yaml...`. All take turns in one process. A
step is of the recipe's batch in its precision, without augmentation and teachers; an
answer is of one frame in float32, as it is served. Ratios are to the first recipe.
"""

import argparse
import functools
import pathlib
import statistics
import time

from benchmarks import measure, segment_keras
from echo_keras import config
from echo_keras.training import precision


def main():
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+", help="YAML files of fine-tuning")
    parser.add_argument("--rounds", type=int, default=15, help="of each")
    asked = parser.parse_args()
    timed = {
        (path, kind): functools.partial(_milliseconds, run)
        for path in asked.recipes
        for kind, run in _functions(path).items()
    }
    found = measure.alternating(timed, rounds=asked.rounds)
    rows = []
    for path in asked.recipes:
        row = [pathlib.Path(path).stem]
        for kind in ("step", "answer"):
            first = statistics.median(found[asked.recipes[0], kind])
            ratio = statistics.median(found[path, kind]) / first
            row += [measure.spread(found[path, kind]), f"{ratio:.1f}"]
        rows.append(row)
    measure.table(["recipe", "step, ms", "ratio", "answer, ms", "ratio"], rows)


def _milliseconds(run):
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


def _functions(path):
    """A training step and an answer by a recipe, both warm."""
    recipe = config.replace(config.load(config.Finetune, path), init="random")
    multiply, _ = precision.choose(recipe.mixed_precision)
    step = segment_keras.train(segment_keras.build(recipe, multiply), recipe.batch)
    answer = segment_keras.infer(segment_keras.build(recipe, "float32"), 1)
    step()
    answer()
    return {"step": step, "answer": answer}


if __name__ == "__main__":
    main()
