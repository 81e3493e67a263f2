"""Scores that travel without images, masks and weights."""

import errno
import json
import lzma

import pytest

from echo_keras import config, errors, lock
from echo_keras.study import archive, grid, identity, jobs, plan, worker

RECORDS = grid.Records("records", "test", {"records_fingerprint": "1"})
SCORES = {"dice_per_image_mean": 0.9, "cases": [{"patient": "a", "dice": 0.9}]}


def cells(folder=None, **values):
    values = {"fractions": [0.5], "subsets": 2, **values}
    return plan.cells(config.load(config.Study, **values), folder)


def opened(output, chosen=(), *, records=RECORDS, seconds=3.0):
    """Folder of a study, some of whose cells are finished."""
    with grid.opened(output, records) as folder:
        grid.prepare(list(chosen), records, folder, keep_models=True)
        for cell in chosen:
            place = folder / grid.CELLS / cell.name
            (place / worker.COST).write_text(json.dumps({"seconds": seconds}))
            (place / worker.SCORES).write_text(json.dumps(SCORES))
    return folder


def packed(path, chosen, folder):
    return archive.pack(path, identity.plans(chosen), folder)


def unpacked(path, chosen, folder):
    archive.unpack(path, identity.plans(chosen), folder)
    grid.prepare(chosen, RECORDS, folder, keep_models=True)
    return {cell.name for cell in chosen if grid.result(cell, folder)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept.json.xz"


def test_what_was_packed_is_finished_elsewhere(tmp_path, path):
    first, second = opened(tmp_path / "first", cells()), opened(tmp_path / "second")
    assert packed(path, cells(), first) == 2
    assert len(unpacked(path, cells(), second)) == 2
    for cell in cells():
        found, own = grid.result(cell, second), grid.result(cell, first)
        assert (found.dice, found.seconds) == (own.dice, own.seconds) == (0.9, 3.0)
        folder = second / grid.CELLS / cell.name
        assert (folder / "scores.cases.csv").read_text() == "patient,dice\na,0.9\n"
        assert json.loads((folder / worker.SCORES).read_text()) == SCORES


def test_a_cell_that_is_scored_here_stays_as_it_is(tmp_path, path):
    [cell] = cells(subsets=1)
    packed(path, [cell], opened(tmp_path / "first", [cell]))
    second = opened(tmp_path / "second", [cell], seconds=5.0)
    unpacked(path, [cell], second)
    assert grid.result(cell, second).seconds == 5.0


def test_scores_take_the_place_of_what_a_kill_or_a_failure_left(tmp_path, path):
    [cell] = cells(subsets=1)
    packed(path, [cell], opened(tmp_path / "first", [cell]))
    second = opened(tmp_path / "second")
    folder = second / grid.CELLS / cell.name
    (folder / worker.MODEL).mkdir(parents=True)
    (folder / worker.UNFINISHED).mkdir()
    (folder / worker.MASKS).touch()
    (folder / jobs.FAILED).write_text('{"reason": "the sky fell", "seconds": 1}')
    unpacked(path, [cell], second)
    assert grid.result(cell, second).dice == 0.9
    names = {file.name for file in folder.iterdir()}
    assert not names & {worker.MASKS, jobs.FAILED}
    assert worker.UNFINISHED not in names
    assert worker.MODEL in names  # which may still have to teach
    (folder / worker.SCORES).unlink()
    archive.unpack(path, identity.plans([cell]), second, keep_models=False)
    assert not (folder / worker.MODEL).exists()


def test_a_full_disk_is_told(tmp_path, path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(errors.InputError, match=r"kept\.json\.xz: .*No space left"):
        packed(path, cells(), opened(tmp_path / "first", cells()))


def test_packing_adds_to_what_is_there_and_writes_nothing_for_nothing(tmp_path, path):
    few, both = cells(subsets=1), cells()
    packed(path, few, opened(tmp_path / "first", few))
    second = opened(tmp_path / "second", both[1:])
    assert packed(path, both, second) == 2
    before = path.stat().st_ino, path.read_bytes()
    third = opened(tmp_path / "third")
    unpacked(path, both, third)
    assert packed(path, both, third) == 2
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_neither_paths_nor_networks_are_in_it(tmp_path, path):
    packed(path, cells(), opened(tmp_path / "first", cells()))
    text = lzma.decompress(path.read_bytes()).decode()
    assert str(tmp_path) not in text
    assert RECORDS.folder not in json.loads(text)[archive.CELLS].values().__str__()


def test_no_file_yet_is_nothing_to_take_up(tmp_path, path):
    assert not unpacked(path, cells(), opened(tmp_path / "study"))


def test_other_records_are_refused(tmp_path, path):
    packed(path, cells(), opened(tmp_path / "first", cells()))
    others = RECORDS._replace(identity={"records_fingerprint": "2"})
    folder = opened(tmp_path / "second", records=others)
    for act in (archive.unpack, archive.pack):
        with pytest.raises(errors.InputError, match="of other records than these; na"):
            act(path, identity.plans(cells()), folder)


def test_a_cell_of_another_recipe_is_refused_and_spoils_nothing(tmp_path, path):
    (tmp_path / "unet.yaml").write_text("size: 32\n")
    theirs = cells(tmp_path, recipes=["unet.yaml"])
    packed(path, theirs, opened(tmp_path / "first", theirs))
    (tmp_path / "unet.yaml").write_text("size: 64\n")
    own, before = cells(tmp_path, recipes=["unet.yaml"]), path.read_bytes()
    for number, finished in enumerate(([], own)):
        folder = opened(tmp_path / f"own{number}", finished)
        for act in (archive.unpack, archive.pack):
            with pytest.raises(errors.InputError, match="size 32 and not 64; name an"):
                act(path, identity.plans(own), folder)
        grid.prepare(own, RECORDS, folder, keep_models=True)
    assert path.read_bytes() == before


def test_packing_waits_for_another_study(tmp_path, path, monkeypatch):
    folder = opened(tmp_path / "first", cells())
    with lock.held(tmp_path / ".kept.json.xz.lock", path):
        monkeypatch.setattr(archive, "_PATIENCE", 0.01)
        with pytest.raises(errors.InputError, match="another job is writing"):
            packed(path, cells(), folder)
        waited = []
        monkeypatch.setattr(archive, "_PATIENCE", 60.0)
        monkeypatch.setattr(
            lock, "_taken", lambda file: waited.append(1) or len(waited) > 1
        )
        monkeypatch.setattr(lock, "_SECONDS_BETWEEN_LOOKS", 0.0)
        assert packed(path, cells(), folder) == 2
    assert len(waited) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not at all", "cannot read the scores"),
        (lzma.compress(b"{"), "cannot read the scores"),
        (lzma.compress(b"[1]"), "holds no scores of a study"),
        (lzma.compress(b'{"cells": {}}'), "holds no scores of a study"),
        (lzma.compress(b'{"cells": [], "records": {}}'), "holds no scores of a study"),
        (lzma.compress(b'{"cells": {"a": {}}, "records": {}}'), "holds no scores"),
        (lzma.compress(b'{"cells": {}, "records": "x"}'), "holds no scores"),
        (
            lzma.compress(
                b'{"cells": {"a": {"plan": {}, "cost": {}, "scores": {}, "cases": []}'
                b'}, "records": {}}'
            ),
            "holds no scores",
        ),
    ],
)
def test_another_file_is_refused(tmp_path, path, content, told):
    path.write_bytes(content)
    with pytest.raises(errors.InputError, match=told):
        archive.unpack(path, identity.plans(cells()), opened(tmp_path / "study"))


def test_a_name_that_says_something_else_is_refused():
    with pytest.raises(errors.InputError, match=r"is to end in \.json\.xz"):
        archive.check("scores.json")
