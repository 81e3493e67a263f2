"""Scores of finished cells in one file, without images, masks or weights.

What may leave a hospital, or a licence, is often the scores alone. From them another
machine goes on with the study, and anybody computes its tables and intervals again.
"""

from __future__ import annotations

import json
import lzma
import pathlib

from echo_keras import aside, errors
from echo_keras.serving import written
from echo_keras.study import grid, worker

SUFFIX = ".json.xz"
RECORDS, CELLS = "records", "cells"
_FACTS = {"plan": worker.PLAN, "cost": worker.COST, "scores": worker.SCORES}


def check(path):
    """Raise `InputError` unless a file's name says what an archive is."""
    if not pathlib.Path(path).name.endswith(SUFFIX):
        raise errors.InputError(f"--scores {path} is to end in {SUFFIX}; rename it")


def unpack(path, cells, output):
    """Take up the cells of a study that an archive holds.

    What is finished already stays as it is. A network that is still to teach another
    one is not in an archive, so its cell is left to run.

    Args:
        path: File that `pack` wrote; nothing is taken up where there is none yet.
        cells: List of `plan.Cell`; the archive may hold others and lack some.
        output: Folder of the study, as of `grid.opened`.

    Raises:
        InputError: The file is no archive, or one of other records or another split.
    """
    if not pathlib.Path(path).exists():
        return
    found = _read(path, output)[CELLS]
    there = {cell.name for cell in cells if grid.result(cell, output)}
    taken = [cell for cell in cells if cell.name in found.keys() - there]
    wanted = _teaching(cells, there | {cell.name for cell in taken})
    for cell in taken:
        if cell.name not in wanted:
            folder = output / grid.CELLS / cell.name
            folder.mkdir(parents=True, exist_ok=True)
            facts = found[cell.name]
            for name in ("plan", "cost"):
                with aside.file(folder / _FACTS[name]) as partial:
                    partial.write_text(json.dumps(facts[name], indent=2) + "\n")
            written.write(facts["scores"], folder / worker.SCORES)


def pack(path, cells, output):
    """Add the finished cells of a study to an archive, new or begun.

    Args:
        path: File to write; the same scores give the same bytes.
        cells: List of `plan.Cell`.
        output: Folder of the study, as of `grid.opened`.

    Returns:
        How many cells the archive holds.

    Raises:
        InputError: A file of that name is no archive, or one of other records or
            another split, or it cannot be written.
    """
    found = {}
    if pathlib.Path(path).exists():
        found = _read(path, output)[CELLS]
    for cell in cells:
        folder = output / grid.CELLS / cell.name
        if (folder / worker.SCORES).is_file():
            found[cell.name] = {
                name: json.loads((folder / file).read_text())
                for name, file in _FACTS.items()
            }
    whole = {RECORDS: _identity(output), CELLS: dict(sorted(found.items()))}
    with aside.file(path) as partial:
        partial.write_bytes(lzma.compress(json.dumps(whole).encode()))
    return len(found)


def _teaching(cells, finished):
    """Names of the cells whose networks unfinished cells are to learn from."""
    wanted = set()
    for cell in reversed(cells):  # a teacher stands before its student
        if cell.teacher and (cell.name not in finished or cell.name in wanted):
            wanted.add(cell.teacher)
    return wanted


def _read(path, output):
    try:
        found = json.loads(lzma.decompress(pathlib.Path(path).read_bytes()))
    except (OSError, ValueError, lzma.LZMAError) as reason:
        raise errors.InputError(
            f"cannot read the scores of a study in {path}: {reason}"
        ) from reason
    if not isinstance(found, dict) or found.keys() != {RECORDS, CELLS}:
        raise errors.InputError(
            f"{path} holds no scores of a study; name a file that echo-keras study "
            "--scores wrote, or a new one"
        )
    theirs, own = found[RECORDS], _identity(output)
    for key in own:
        if theirs.get(key) != own[key]:
            raise errors.InputError(
                f"{path} holds scores of another study, with {key} {theirs.get(key)} "
                f"and not {own[key]}; name another file"
            )
    return found


def _identity(output):
    return json.loads((output / grid.IDENTITY).read_text())
