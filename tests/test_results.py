"""What docs/results tells follows from the scores beside it."""

import csv
import json
import lzma
import pathlib

import pytest

from echo_keras import config
from echo_keras.study import account, archive, grid, identity, plan, results, tables

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    """Arms of the study on CAMUS, from its scores alone, and its first one."""
    path = RESULTS / "camus.json.xz"
    output = tmp_path_factory.mktemp("study")
    records = json.loads(lzma.decompress(path.read_bytes()))[archive.RECORDS]
    (output / grid.IDENTITY).write_text(json.dumps(records))
    study = config.load(config.Study, ROOT / "configs" / "study-camus.yaml")
    cells = plan.cells(study, ROOT / "configs")
    archive.unpack(path, identity.plans(cells), output)
    found = [grid.result(cell, output) for cell in cells]
    assert all(found)
    return results.arms(found), plan.first_arm(study)


def rows(name):
    with (RESULTS / name).open() as file:
        return list(csv.DictReader(file))


def test_levels(arms, tmp_path):
    found = results.levels(arms[0])
    _agree(found, rows("camus-levels.csv"), tmp_path)


def test_differences(arms, tmp_path):
    found = results.differences(*arms)
    _agree(found, rows("camus-differences.csv"), tmp_path)


def test_tables(arms):
    levels, differences = results.levels(arms[0]), results.differences(*arms)
    found = tables.markdown(account.tabled(arms[0], levels, differences))
    assert found == (RESULTS / "camus-tables.md").read_text()


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
