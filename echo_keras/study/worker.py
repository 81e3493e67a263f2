"""One cell of a study in a process of its own, so that no cell leaves anything behind.

Run as `python -m echo_keras.study.worker finetune|pretrain FOLDER`. It ends with the
process that started it, even if that one is killed: a pipe on standard input closes.
"""

import functools
import json
import os
import pathlib
import resource
import shutil
import sys
import threading
import time

import numpy as np

from echo_keras import aside, config, errors
from echo_keras.training import work

PLAN, RECIPE, SCORES = "cell.json", "recipe.yaml", "scores.json"
_UNITS_PER_MB = 1_000_000 if sys.platform == "darwin" else 1_000  # bytes or kB
MODEL, MASKS, COST = "model", "masks.npz", "cost.json"
UNFINISHED = f"{MODEL}{work.SUFFIX}"


def main(what, folder):
    """Do the work of a folder; a user's mistake ends it with one line."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        {"finetune": finetune, "pretrain": pretrain}[what](pathlib.Path(folder))
    except errors.InputError as mistake:
        sys.exit(f"Error: {' '.join(str(mistake).split())}")


def pretrain(folder):
    """Pretrain an encoder, going on where a killed process was."""
    from echo_keras.training import pretrain

    plan = json.loads((folder / PLAN).read_text())
    recipe = config.load(config.Pretrain, folder / RECIPE)
    pretrain.run(recipe, [plan["data"]], folder / MODEL)


def finetune(folder):
    """Fine-tune a network, going on where a killed process was, and score it.

    Args:
        folder: Folder with `cell.json` and `recipe.yaml`. It gets `model`, the masks of
            all cases, the cost and, last, `scores.json`.

    Raises:
        InputError: As of training and of scoring.
    """
    from echo_keras.serving import evaluate, written
    from echo_keras.study import pictures

    start = time.monotonic()
    plan = json.loads((folder / PLAN).read_text())
    recipe = config.load(config.Finetune, folder / RECIPE)
    if not (folder / MODEL).exists():
        _train(recipe, plan["data"], folder)
    trained = time.monotonic()
    masks = {}
    see = functools.partial(pictures.keep, masks)
    segment = evaluate.local(folder / MODEL)
    found = evaluate.scores(plan["data"], plan["split"], segment, see=see)
    with aside.file(folder / MASKS) as path:
        np.savez(path, **masks)
    history = json.loads((folder / MODEL / "finetune.json").read_text())
    now = time.monotonic()
    # Those of earlier processes are told of their training alone.
    seconds = max(now - start, history["seconds"] + now - trained)
    cost = {
        "labelled_patients": len(history["patients"]["train"]),
        "steps": history["steps"],
        "precision": history["precision"],
        "code": history["code"],
        "training_seconds": history["seconds"],
        "seconds": round(seconds, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _UNITS_PER_MB,
    }
    with aside.file(folder / COST) as path:
        path.write_text(json.dumps(cost) + "\n")
    written.write(found, folder / SCORES)
    if not plan["keep_models"]:
        shutil.rmtree(folder / MODEL)


def _train(recipe, data, folder):
    """Fine-tune, anew where what a killed process left is of no use any more.

    It may have multiplied otherwise, on another machine, or had teachers that were
    trained again since.
    """
    from echo_keras.training import finetune

    try:
        finetune.run(recipe, data, folder / MODEL)
    except errors.NothingToGoOnFromError as reason:
        sys.stderr.write(f"begun anew, as {reason}\n")
        shutil.rmtree(folder / UNFINISHED)
        finetune.run(recipe, data, folder / MODEL)


def _end_with_parent():
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
