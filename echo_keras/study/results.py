"""The results of a study as tables: a row a cell, a row an arm, a row a difference."""

from __future__ import annotations

import csv
import json
import statistics
from typing import NamedTuple

from echo_keras import aside
from echo_keras.metrics import scores
from echo_keras.serving import written
from echo_keras.study import effects, worker

_LONG = ("cases", "ejection_fractions")


class Arm(NamedTuple):
    """The finished runs of a recipe from first weights at one fraction.

    Attributes:
        recipe_name: Name of the recipe.
        init_name: Name of the first weights.
        fraction: Share of the labelled patients.
        patients: How many labelled patients that is, in the mean of the runs.
        runs: Dict of number of the run to its scores, as of `evaluate.scores`.
        folders: Dict of number of the run to the folder of its cell.
        teachers: Pairs of the recipes and first weights whose networks teach it.
        fraction_by: `patient`, or `image` where the fraction is one of images.
    """

    recipe_name: str
    init_name: str
    fraction: float
    patients: int
    runs: dict
    folders: dict
    teachers: tuple = ()
    fraction_by: str = "patient"

    @property
    def title(self):
        """Name for people."""
        return f"{self.recipe_name} from {self.init_name}"

    def facts(self, numbers=None):
        """Facts of the cases of every run, or of those with some numbers."""
        chosen = sorted(self.runs) if numbers is None else numbers
        return [self.runs[number]["cases"] for number in chosen]


def arms(results):
    """Read the scores of all finished cells.

    Args:
        results: List of `grid.Result`.

    Returns:
        List of `Arm` that have a finished run, by fraction, in the order of the study.
    """
    found, names, patients = {}, {}, {}
    for result in results:
        cell = result.cell
        names[cell.name] = cell.arm
        if result.dice is None:
            continue
        cost = json.loads((result.folder / worker.COST).read_text())
        key = (*cell.arm, cell.fraction)
        patients.setdefault(key, []).append(cost["labelled_patients"])
        count = round(statistics.mean(patients[key]))
        teachers = tuple(names[name] for name in cell.teachers)
        empty = Arm(*key, count, {}, {}, teachers, cell.recipe.fraction_by)
        arm = found[key] = found.get(key, empty)._replace(patients=count)
        arm.runs[cell.number] = written.read(result.folder / worker.SCORES)
        arm.folders[cell.number] = result.folder
    return sorted(found.values(), key=lambda arm: arm.fraction)


def rows(results):
    """One row a cell, with everything that was measured.

    Args:
        results: List of `grid.Result`.

    Returns:
        List of dicts with the same keys: the cell's name, which its folder bears, those
        of recipe and first weights, fraction, subset, seed, what it took, why it
        failed, and every figure of its scores; intervals end in `_low`, `_high`.
    """
    found = []
    for result in results:
        cell = result.cell
        row = {
            "cell": cell.name,
            "recipe": cell.recipe_name,
            "init": cell.init_name,
            "fraction": cell.fraction,
            "subset_seed": cell.recipe.subset_seed,
            "seed": cell.recipe.seed,
            "failed": result.reason,
        }
        if result.dice is not None:
            cost = json.loads((result.folder / worker.COST).read_text())
            scores = _flat(written.read(result.folder / worker.SCORES))
            # Scores hold the seconds of scoring alone, which are part of the cost's.
            row |= cost | scores | cost
        found.append(row)
    keys = dict.fromkeys(key for row in found for key in row)
    return [{key: row.get(key) for key in keys} for row in found]


def levels(found):
    """Every figure of every arm.

    Args:
        found: List of `Arm`.

    Returns:
        List of dicts: names, fraction, labelled patients, `figure`, and all of
        `effects.level`.
    """
    return [
        {**_names(arm), "figure": figure, **effects.level(arm.facts(), figure)}
        for arm in found
        for figure in _figures(arm)
    ]


def differences(found, first, planned=()):
    """Every figure of every arm against that of some others.

    Args:
        found: List of `Arm`.
        first: Names of the recipe and of the first weights to compare with.
        planned: Names of recipe and first weights and fraction of all arms of the
            study, where some of them have failed.

    Returns:
        List of dicts as of `levels`, with the other arm in `than_recipe` and
        `than_init`: of the arm minus the one of the same recipe that starts from those
        first weights, and minus the one of that first recipe that starts from the same
        weights; where neither is planned, minus the one of that first recipe and those
        first weights; and minus each of its teachers. Over the runs that both have
        finished.
    """
    known = {(arm.recipe_name, arm.init_name, arm.fraction): arm for arm in found}
    planned = {*known, *planned}
    told = []
    for arm in found:
        near = (arm.recipe_name, first[1]), (first[0], arm.init_name)
        near = [than for than in near if (*than, arm.fraction) in planned] or [first]
        near += arm.teachers
        for than in dict.fromkeys(near):
            other = known.get((*than, arm.fraction))
            if other is not None and other is not arm:
                told += _apart(other, arm)
    return told


def _apart(other, arm):
    """Rows of an arm minus another one."""
    names = {
        **_names(arm),
        "than_recipe": other.recipe_name,
        "than_init": other.init_name,
    }
    numbers = sorted(arm.runs.keys() & other.runs.keys())
    facts = other.facts(numbers), arm.facts(numbers)
    return [
        {**names, "figure": figure, **effects.difference(*facts, figure)}
        for figure in (_figures(arm) if numbers else ())
    ]


def write(path, table):
    """Write a table as CSV, pairs as two columns; no file where there is no row.

    Args:
        path: File to write.
        table: List of dicts with the same keys.
    """
    if not table:
        path.unlink(missing_ok=True)
        return
    flat = [_flat(row) for row in table]
    with aside.file(path) as partial, partial.open("w") as file:
        keys = list(dict.fromkeys(key for row in flat for key in row))
        lines = csv.DictWriter(file, keys, lineterminator="\n")
        lines.writeheader()
        lines.writerows(flat)


def _figures(arm):
    """Figures that the images of an arm allow."""
    mixed = next(iter(arm.runs.values()))["distance_unit"] == "mixed"
    return [name for name in scores.FIGURES if not (mixed and name in scores.DISTANCES)]


def _names(arm):
    return {
        "recipe": arm.recipe_name,
        "init": arm.init_name,
        "fraction": arm.fraction,
        "labelled_patients": arm.patients,
    }


def _flat(value, name=""):
    """A dict of scalars in place of dicts in dicts and of pairs."""
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            if key not in _LONG:
                found |= _flat(item, f"{name}_{key}" if name else key)
        return found
    if isinstance(value, (list, tuple)):
        low, high = value
        stem = name.removesuffix("_interval")
        return {f"{stem}_low": low, f"{stem}_high": high}
    return {name: value}
