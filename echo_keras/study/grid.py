"""Running the cells of a study, each once, in spite of kills."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
from typing import NamedTuple

from echo_keras import aside, config, errors, facts, lock
from echo_keras.study import identity, jobs, live, worker

IDENTITY, CELLS, PRETRAINED = "study.json", "cells", "pretrained"
LOCK = f".{IDENTITY}-lock"  # which does not make a new folder look taken
PATIENCE = 10.0


class Records(NamedTuple):
    """What the cells of a study are trained and scored on.

    Attributes:
        folder: Folder of records.
        split: Split to score on.
        identity: Dict that tells these records from others.
    """

    folder: str
    split: str
    identity: dict


@contextlib.contextmanager
def opened(output, records):
    """Have the folder of a study for oneself.

    Args:
        output: Folder of the study, new or of the same records and split.
        records: `Records` of the study.

    Yields:
        `pathlib.Path` of the folder.

    Raises:
        InputError: The folder belongs to something else, cannot be written, or another
            process works in it.
    """
    output = pathlib.Path(output)
    own = {**records.identity, "split": records.split}
    if not (output / IDENTITY).is_file():
        aside.vacant(output, begun=[IDENTITY])
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / LOCK).touch()
    except OSError as reason:
        raise errors.InputError(f"cannot write {output}: {reason}") from reason
    with open(output / LOCK, "a") as file:
        # The last work of a killed study holds the lock as well.
        if not lock.taken(file, patience=PATIENCE):
            raise errors.InputError(
                f"another study is at work in {output}; wait for it, or name another "
                "--output"
            )
        os.set_inheritable(file.fileno(), True)
        _claim(output, own)
        yield output


def _claim(output, own):
    """Write whose folder it is, unless that is written already."""
    if not (output / IDENTITY).is_file():
        with aside.file(output / IDENTITY) as path:
            path.write_text(json.dumps(own, indent=2) + "\n")
    mend = "name another --output, or remove it"
    begun = facts.read(output / IDENTITY, mend=mend)
    identity.refuse_records(output, begun, own)


def plans(cells, output):
    """What every cell is, unless a folder holds one of the same name that is another.

    Args:
        cells: List of `plan.Cell`.
        output: Folder of the study, as of `opened`.

    Returns:
        Dict as of `identity.plans`.

    Raises:
        InputError: The folder holds a cell or a pretraining of another study.
    """
    wanted = identity.plans(cells)
    for cell in cells:
        _refuse_other(cell, wanted[cell.name], output)
    return wanted


def prepare(cells, records, output, *, keep_models):
    """Write what every cell and pretraining is, unless one is not what was written.

    Args:
        cells: List of `plan.Cell`.
        records: `Records` to work on.
        output: Folder of the study, as of `opened`.
        keep_models: Whether models are kept when they are scored.

    Raises:
        InputError: The folder holds a cell or a pretraining of the same name from
            another study; then nothing is written.
    """
    wanted = plans(cells, output)
    for cell in cells:
        recipe = _recipe(cell, output)
        folder = output / CELLS / cell.name
        if _has_failed(folder) and _is_other(folder, wanted[cell.name]):
            shutil.rmtree(folder)
        plan = {**wanted[cell.name], "keep_models": keep_models}
        _write_plan(folder, recipe, records, **plan)
    encoders = {_encoder(cell, output): cell.pretraining for cell in cells}
    for folder, recipe in encoders.items():
        if recipe and _pretraining(folder).reason is None:
            _write_plan(folder, recipe, records)


def run(cells, output, *, workers=1, ended=None, say):
    """Run every cell that is not finished.

    Args:
        cells: List of `plan.Cell`, as `prepare` has written them.
        output: Folder of the study, as of `opened`.
        workers: How many cells run at once.
        ended: Called without arguments when a cell has ended, if given.
        say: Called with each line for the user.

    Returns:
        List of `Result`, one a cell.
    """
    jobs.forget(_jobs(cells, output))
    _reopen(cells, output)
    work = _jobs(cells, output)
    results = {cell.name: result(cell, output) for cell in cells}
    kept = sum(found is not None for found in results.values())
    if kept:
        say(f"  kept from an earlier run: {kept} of {len(cells)} cells")
    encoders = [job for job in work if job.what == "pretrain"]

    def pending():
        return sum(job.reason is None for job in encoders)

    with live.shown(cells, results, workers, pending) as update:

        def look(running):
            times = {job.title: seconds for job, seconds in running.items()}
            for cell in cells:
                if results[cell.name] is None:
                    found = results[cell.name] = result(cell, output)
                    if found:
                        update(times, ended=found)
                        if ended:
                            ended()
            update(times)

        jobs.run(work, look, workers=workers)
    return [results[cell.name] for cell in cells]


class Result(NamedTuple):
    """What became of a cell.

    Attributes:
        cell: The `plan.Cell`.
        folder: Its folder.
        dice: Per-image mean Dice, None where it failed.
        seconds: What it took.
        reason: Why it failed, empty where it did not.
        precision: What it was trained in, None where that is not known.
    """

    cell: object
    folder: pathlib.Path
    dice: float | None
    seconds: float
    reason: str = ""
    precision: str | None = None


def result(cell, output):
    """`Result` of a finished cell, None of one that has still to run."""
    folder = output / CELLS / cell.name
    if (folder / worker.SCORES).is_file():
        scores = json.loads((folder / worker.SCORES).read_text())
        cost = json.loads((folder / worker.COST).read_text())
        return Result(
            cell,
            folder,
            scores["dice_per_image_mean"],
            cost["seconds"],
            precision=cost.get("precision"),
        )
    if (folder / jobs.FAILED).is_file():
        failed = json.loads((folder / jobs.FAILED).read_text())
        return Result(cell, folder, None, failed["seconds"], failed["reason"])
    return None


def _refuse_other(cell, plan, output):
    """Raise `InputError` where a cell, or what it starts from, is of another study."""
    folder = output / CELLS / cell.name
    if (folder / worker.PLAN).is_file() and not _has_failed(folder):
        _refuse_plan(folder, plan)
    folder = _encoder(cell, output)
    if folder and (folder / worker.RECIPE).is_file():
        begun = config.load(config.Pretrain, folder / worker.RECIPE)
        identity.refuse_key(folder, *map(dataclasses.asdict, (begun, cell.pretraining)))


def _refuse_plan(folder, plan):
    begun = json.loads((folder / worker.PLAN).read_text())
    identity.refuse_other(folder, begun, plan)


def _is_other(folder, plan):
    try:
        _refuse_plan(folder, plan)
    except errors.InputError:
        return True
    return False


def _has_failed(folder):
    """Whether a cell holds a reason alone, and no result to keep."""
    return (folder / jobs.FAILED).is_file() and not (folder / worker.SCORES).is_file()


def _recipe(cell, output):
    """Recipe of a cell with the paths of what the study makes for it."""
    recipe = cell.recipe
    if encoder := _encoder(cell, output):
        recipe = config.replace(recipe, init=str(encoder / worker.MODEL))
    if cell.teachers:
        folders = (output / CELLS / name / worker.MODEL for name in cell.teachers)
        teachers = (*recipe.teachers, *map(str, folders))
        recipe = config.replace(recipe, teachers=teachers)
    return recipe


def _write_plan(folder, recipe, records, **others):
    plan = {"data": str(records.folder), "split": records.split, **others}
    with aside.file(folder / worker.RECIPE) as path:
        config.save(recipe, path)
    with aside.file(folder / worker.PLAN) as path:
        path.write_text(json.dumps(plan, indent=2) + "\n")


def _encoder(cell, output):
    """Folder of a pretraining that all cells of the same encoder share, if any."""
    if not cell.pretraining:
        return None
    kind = f"{cell.init_name}-{cell.pretraining.encoder}-{cell.pretraining.width}"
    return output / PRETRAINED / kind


def _jobs(cells, output):
    """Jobs of all cells, each after those that it needs; a scored cell needs none."""
    found = {}
    for cell in cells:
        folder = output / CELLS / cell.name
        needs, scored = [], (folder / worker.SCORES).is_file()
        if (encoder := _encoder(cell, output)) and not scored:
            needs.append(found.setdefault(encoder, _pretraining(encoder)))
        if not scored:
            needs += [found[output / CELLS / name] for name in cell.teachers]
        found[folder] = jobs.Job(
            "finetune", folder, cell.title, worker.SCORES, tuple(needs)
        )
    return list(found.values())


def _reopen(cells, output):
    """Have a network trained again that is gone and is still to teach."""
    scored = {cell.name: output / CELLS / cell.name / worker.SCORES for cell in cells}
    for cell in reversed(cells):  # a teacher stands before its student
        student = scored[cell.name]
        if student.is_file() or student.with_name(jobs.FAILED).is_file():
            continue
        for teacher in (scored[name] for name in cell.teachers):
            if teacher.is_file() and not (teacher.parent / worker.MODEL).exists():
                teacher.unlink()


def _pretraining(folder):
    return jobs.Job("pretrain", folder, f"pretraining of {folder.name}", worker.MODEL)
