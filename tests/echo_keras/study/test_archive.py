"""Scores that travel without images, masks and weights."""

import json
import lzma

import pytest

from echo_keras import config, errors
from echo_keras.study import archive, grid, plan, worker

RECORDS = grid.Records("records", "test", {"records_fingerprint": "1"})
SCORES = {"dice_per_image_mean": 0.9, "cases": [{"patient": "a", "dice": 0.9}]}


@pytest.fixture
def recipes(tmp_path):
    """Folder of a recipe, one that it teaches, and one that this one teaches."""
    for number, name in enumerate(("unet", "student", "second")):
        (tmp_path / f"{name}.yaml").write_text(f"size: 32\nbatch: {number + 4}\n")
    return tmp_path


def cells(folder=None, **values):
    values = {"fractions": [0.5], "subsets": 2, **values}
    return plan.cells(config.load(config.Study, **values), folder)


def taught(folder, **values):
    return cells(
        folder,
        recipes=["unet.yaml", "student.yaml", "second.yaml"],
        teachers=["student unet", "second student"],
        subsets=1,
        **values,
    )


def opened(output, chosen=(), *, records=RECORDS):
    """Folder of a study, some of whose cells are finished."""
    with grid.opened(output, records) as folder:
        for cell in chosen:
            place = folder / grid.CELLS / cell.name
            place.mkdir(parents=True)
            (place / worker.PLAN).write_text(json.dumps({"identity": cell.identity}))
            (place / worker.COST).write_text('{"seconds": 3.0}')
            (place / worker.SCORES).write_text(json.dumps(SCORES))
    return folder


def finished(chosen, output):
    return {cell.name for cell in chosen if grid.result(cell, output)}


def test_what_was_packed_is_finished_elsewhere(tmp_path):
    first, path = opened(tmp_path / "first", cells()), tmp_path / "kept.json.xz"
    assert archive.pack(path, cells(), first) == 2
    second = opened(tmp_path / "second")
    archive.unpack(path, cells(), second)
    for cell in cells():
        found, own = grid.result(cell, second), grid.result(cell, first)
        assert (found.dice, found.seconds) == (own.dice, own.seconds) == (0.9, 3.0)
        folder = second / grid.CELLS / cell.name
        assert (folder / "scores.cases.csv").read_text() == "patient,dice\na,0.9\n"
        assert json.loads((folder / worker.SCORES).read_text()) == SCORES


def test_a_cell_that_is_there_stays_as_it_is(tmp_path):
    [cell], path = cells(subsets=1), tmp_path / "kept.json.xz"
    archive.pack(path, [cell], opened(tmp_path / "first", [cell]))
    second = opened(tmp_path / "second", [cell])
    (second / grid.CELLS / cell.name / worker.COST).write_text('{"seconds": 5.0}')
    archive.unpack(path, [cell], second)
    assert grid.result(cell, second).seconds == 5.0


def test_packing_adds_to_what_is_there_and_gives_the_same_bytes(tmp_path):
    few, all_of_them, path = cells(subsets=1), cells(), tmp_path / "kept.json.xz"
    archive.pack(path, few, opened(tmp_path / "first", few))
    second = opened(tmp_path / "second", all_of_them[1:])
    assert archive.pack(path, all_of_them, second) == 2
    whole, other = path.read_bytes(), tmp_path / "other.json.xz"
    archive.pack(other, all_of_them, opened(tmp_path / "third", all_of_them))
    assert other.read_bytes() == whole


def test_no_file_yet_is_nothing_to_take_up(tmp_path):
    folder = opened(tmp_path / "study")
    archive.unpack(tmp_path / "new.json.xz", cells(), folder)
    assert not finished(cells(), folder)


@pytest.mark.parametrize("known", [1, 2, 3])
def test_a_network_that_is_still_to_teach_is_trained_again(recipes, known):
    chosen, path = taught(recipes), recipes / "kept.json.xz"
    archive.pack(path, chosen, opened(recipes / "first", chosen[:known]))
    second = opened(recipes / "second")
    archive.unpack(path, chosen, second)
    # Without the last student every network is needed, the first one by the second.
    wanted = {cell.name for cell in chosen} if known == 3 else set()
    assert finished(chosen, second) == wanted


def test_other_records_are_refused(tmp_path):
    path = tmp_path / "kept.json.xz"
    archive.pack(path, cells(), opened(tmp_path / "first", cells()))
    others = RECORDS._replace(identity={"records_fingerprint": "2"})
    folder = opened(tmp_path / "second", records=others)
    for act in (archive.unpack, archive.pack):
        with pytest.raises(errors.InputError, match="another study, with records_fin"):
            act(path, cells(), folder)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not at all", "cannot read the scores"),
        (lzma.compress(b"{"), "cannot read the scores"),
        (lzma.compress(b"[1]"), "holds no scores of a study"),
        (lzma.compress(b'{"cells": {}}'), "holds no scores of a study"),
    ],
)
def test_another_file_is_refused(tmp_path, content, told):
    path = tmp_path / "kept.json.xz"
    path.write_bytes(content)
    with pytest.raises(errors.InputError, match=told):
        archive.unpack(path, cells(), opened(tmp_path / "study"))


def test_a_name_that_says_something_else_is_refused():
    with pytest.raises(errors.InputError, match=r"is to end in \.json\.xz"):
        archive.check("scores.json")
