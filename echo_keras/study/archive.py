"""Scores of finished cells in one file, without images, masks or weights.

What may leave a hospital, or a licence, is often the scores alone. From them another
machine goes on with the study, and anybody computes its tables and intervals again.
The file names the patients as the records do and holds their ejection fractions.
"""

from __future__ import annotations

import json
import lzma
import pathlib
import shutil

from echo_keras import aside, errors, lock
from echo_keras.serving import written
from echo_keras.study import grid, identity, jobs, worker

SUFFIX = ".json.xz"
RECORDS, CELLS = "records", "cells"
_PLAN, _FACTS = "plan", {"cost": worker.COST, "scores": worker.SCORES}
_PATIENCE = 60.0  # seconds, of which a study that packs takes one or two


def check(path):
    """Raise `InputError` unless a file's name says what an archive is."""
    if not pathlib.Path(path).name.endswith(SUFFIX):
        raise errors.InputError(f"--scores {path} is to end in {SUFFIX}; rename it")


def unpack(path, plans, output, *, keep_models=True):
    """Take up the cells of a study that an archive holds and that have no scores here.

    Args:
        path: File that `pack` wrote; nothing is taken up where there is none yet.
        plans: Dict as of `identity.plans`; the archive may hold other cells and lack
            some.
        output: Folder of the study, as of `grid.opened`.
        keep_models: Whether a model that a kill has left stays, perhaps to teach.

    Raises:
        InputError: The file is no archive, or one of other records, of another split
            or with a cell of another recipe; then nothing is written.
    """
    found = _read(path, plans, output)
    for name in plans.keys() & found.keys():
        folder = output / grid.CELLS / name
        if (folder / worker.SCORES).is_file():
            continue
        for stale in (worker.MASKS, jobs.FAILED):
            (folder / stale).unlink(missing_ok=True)
        if not keep_models:
            shutil.rmtree(folder / worker.MODEL, ignore_errors=True)
        shutil.rmtree(folder / worker.UNFINISHED, ignore_errors=True)
        with aside.file(folder / worker.COST) as partial:
            partial.write_text(json.dumps(found[name]["cost"]) + "\n")
        written.write(found[name]["scores"], folder / worker.SCORES)


def pack(path, plans, output):
    """Add the finished cells of a study to an archive, new or begun.

    Args:
        path: File to write, unless there is nothing new.
        plans: Dict as of `identity.plans`.
        output: Folder of the study, as of `grid.opened`.

    Returns:
        How many cells the archive holds.

    Raises:
        InputError: As of `unpack`, or the file cannot be written.
    """
    try:
        return _packed(pathlib.Path(path), plans, output)
    except OSError as reason:
        raise errors.InputError(f"cannot write {path}: {reason}") from reason


def _packed(path, plans, output):
    path.parent.mkdir(parents=True, exist_ok=True)
    guard = path.with_name(f".{path.name}.lock")
    with lock.held(guard, path, patience=_PATIENCE):
        found = _read(path, plans, output)
        own = {
            name: {_PLAN: plan, **_facts(output / grid.CELLS / name)}
            for name, plan in plans.items()
            if (output / grid.CELLS / name / worker.SCORES).is_file()
        }
        cells = dict(sorted({**found, **own}.items()))
        if cells != found or not path.exists():
            whole = {RECORDS: _identity(output), CELLS: cells}
            with aside.file(path) as partial:
                partial.write_bytes(lzma.compress(json.dumps(whole).encode()))
    return len(cells)


def _facts(folder):
    return {
        name: json.loads((folder / file).read_text()) for name, file in _FACTS.items()
    }


def _read(path, plans, output):
    """Dict of name of a cell to its plan, cost and scores, empty without a file."""
    if not pathlib.Path(path).exists():
        return {}
    try:
        found = json.loads(lzma.decompress(pathlib.Path(path).read_bytes()))
        theirs, cells = found[RECORDS], found[CELLS]
        if any(facts.keys() != {_PLAN, *_FACTS} for facts in cells.values()):
            raise KeyError(_PLAN)
        told = [theirs, *(facts[_PLAN]["identity"] for facts in cells.values())]
        if not all(isinstance(one, dict) for one in told):
            raise TypeError(_PLAN)
    except (OSError, ValueError, lzma.LZMAError) as reason:
        raise errors.InputError(
            f"cannot read the scores of a study in {path}: {reason}"
        ) from reason
    except (KeyError, TypeError, AttributeError) as reason:
        raise errors.InputError(
            f"{path} holds no scores of a study; name a file that echo-keras study "
            "--scores wrote, or a new one"
        ) from reason
    identity.refuse_records(path, theirs, _identity(output), option="--scores")
    for name in plans.keys() & cells.keys():
        where = f"{name} in {path}"
        identity.refuse_other(where, cells[name][_PLAN], plans[name], option="--scores")
    return cells


def _identity(output):
    return json.loads((output / grid.IDENTITY).read_text())
