"""What docs/results tells follows from the scores beside it."""

import csv
import json
import lzma
import pathlib
import re
from typing import NamedTuple

import pytest

from echo_keras import config
from echo_keras.study import account, archive, grid, identity, plan, results, tables

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
ENDS = ("low", "high")


class Told(NamedTuple):
    """A study on CAMUS as its scores alone tell it."""

    name: str
    arms: list
    first: tuple


@pytest.fixture(
    scope="module", params=[("camus", 185), ("paper", 12)], ids=lambda study: study[0]
)
def told(request, tmp_path_factory):
    name, count = request.param
    path = RESULTS / f"{name}.json.xz"
    output = tmp_path_factory.mktemp(name)
    records = json.loads(lzma.decompress(path.read_bytes()))[archive.RECORDS]
    (output / grid.IDENTITY).write_text(json.dumps(records))
    study = config.load(config.Study, ROOT / "configs" / f"study-{name}.yaml")
    cells = plan.cells(study, ROOT / "configs")
    archive.unpack(path, identity.plans(cells), output)
    found = [result for cell in cells if (result := grid.result(cell, output))]
    assert len(found) == count
    return Told(name, results.arms(found), plan.first_arm(study))


def rows(name):
    with (RESULTS / name).open() as file:
        return list(csv.DictReader(file))


def test_levels(told, tmp_path):
    found = results.levels(told.arms)
    _agree(found, rows(f"{told.name}-levels.csv"), tmp_path)


def test_differences(told, tmp_path):
    found = results.differences(told.arms, told.first)
    _agree(found, rows(f"{told.name}-differences.csv"), tmp_path)


def test_tables(told):
    levels = results.levels(told.arms)
    differences = results.differences(told.arms, told.first)
    found = tables.markdown(account.tabled(told.arms, levels, differences))
    assert found == (RESULTS / f"{told.name}-tables.md").read_text()


@pytest.mark.parametrize(
    ("page", "study"),
    [
        ("README.md", "camus"),
        ("docs/results/camus.md", "camus"),
        ("docs/results/pretraining.md", "pretraining"),
        ("docs/results/probe.md", "probe"),
    ],
)
def test_the_figures_in_tables_of_a_page_are_those_of_the_study(page, study):
    known = {
        *_written(rows(f"{study}-levels.csv"), sign=""),
        *_written(rows(f"{study}-differences.csv"), sign="+"),
    }
    lines = (ROOT / page).read_text().splitlines()
    cells = [cell for line in lines if line[:1] == "|" for cell in line.split("|")]
    found = [tuple(re.findall(r"[+-]?\.\d{4}", cell)) for cell in cells]
    assert len(found) > 20
    assert set(found) - {()} <= known


RECIPES = {
    "camus-few.yaml": ("wide-anchored", "random"),
    "camus-best.yaml": ("lite-large", "imagenet"),
    "camus-student.yaml": ("student-of-lite", "hearts"),
    "camus-hearts.yaml": ("all", "hearts"),
}
"""What the recipes that README advises are called in the study."""


def test_readme_advises_recipes_by_their_dice():
    known = {
        (row["recipe"], row["init"], row["labelled_patients"]): row["value"]
        for row in rows("camus-levels.csv")
        if row["figure"] == account.MEAN
    }
    row = r"\| (\d+) \| `(camus-\w+\.yaml)` \| (\.\d{3}) \|"
    advised = re.findall(row, (ROOT / "README.md").read_text())
    assert {recipe for _, recipe, _ in advised} == set(RECIPES)
    for patients, recipe, dice in advised:
        wanted = float(known[(*RECIPES[recipe], patients)])
        assert f"{wanted:.3f}" == f"0{dice}"


def _written(figures, *, sign):
    """The ways in which a page gives mean Dice: a value, an interval, both."""
    for row in figures:
        if row["figure"] == account.MEAN:
            value = _short(row["value"], sign)
            yield (value,)
            for drawn in ("patients", "both"):
                interval = [_short(row[f"{drawn}_{end}"], sign) for end in ENDS]
                yield tuple(interval)
                yield (value, *interval)


def _short(figure, sign):
    return f"{float(figure):{sign}.4f}".replace("0.", ".", 1)


def _agree(found, published, folder):
    """Compare figures as numbers, whose last digit may be the processor's."""
    results.write(folder / "found.csv", found)
    with (folder / "found.csv").open() as file:
        own = list(csv.DictReader(file))
    assert len(own) == len(published)
    for row, other in zip(own, published):
        assert row.keys() == other.keys()
        for key, value in row.items():
            try:
                assert float(value) == pytest.approx(float(other[key]), abs=1e-9)
            except ValueError:
                assert value == other[key]
