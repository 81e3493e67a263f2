"""Scores are written whole, and what is read back is what was written."""

import csv
import json

import pytest

from echo_keras import errors
from echo_keras.serving import written

CASE = {"patient": "a", "dice": 0.5, "hd95": 3.25, "area_cm2": None}


def test_scores_stand_beside_a_table_of_their_cases(tmp_path):
    path = tmp_path / "new" / "scores.json"
    written.write({"interval": (0.1, 0.2), "cases": [CASE, CASE]}, path)
    assert json.loads(path.read_text())["interval"] == [0.1, 0.2]
    table = path.with_name("scores.cases.csv")
    assert sorted(path.parent.iterdir()) == [table, path]
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"patient": "a", "dice": "0.5", "hd95": "3.25", "area_cm2": ""}] * 2


def test_what_is_undefined_is_null(tmp_path):
    path = tmp_path / "scores.json"
    nan = float("nan")
    written.write({"correlation": nan, "interval": (nan, 1.0), "cases": [CASE]}, path)
    found = written.read(path)
    assert (found["correlation"], found["interval"]) == (None, [None, 1.0])


def test_scores_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match=r"cannot write .*scores\.cases\.csv"):
        written.write({"cases": [CASE]}, tmp_path / "file" / "scores.json")


@pytest.mark.parametrize("name", ["scores.csv", "scores"])
def test_scores_go_to_a_file_that_is_called_json(tmp_path, name):
    with pytest.raises(errors.InputError, match=f"{name} would hold JSON, with"):
        written.write({"cases": [CASE]}, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_place_for_scores_and_gets_no_neighbour(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(errors.InputError, match=r"folder is a folder; name a file"):
        written.write({"cases": [CASE]}, folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot read .*; write the scores anew"),
        ("[]", "holds no facts; write the scores anew"),
        ('{"cases": []}', "holds no scores of cases"),
        ('{"cases": [1]}', "holds no scores of cases"),
        ('{"cases": {"hd95": 1}}', "holds no scores of cases"),
        ('{"cases": [{"dice": 1}]}', "write them anew with echo-keras evaluate"),
    ],
)
def test_files_without_scores_are_refused(tmp_path, text, sentence):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(errors.InputError, match=sentence):
        written.read(tmp_path / "scores.json")


def test_missing_scores_are_named(tmp_path):
    with pytest.raises(
        errors.InputError, match=r"cannot read .*none\.json.* the scores anew"
    ):
        written.read(tmp_path / "none.json")
