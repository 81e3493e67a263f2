"""What was pushed is told by its bytes, whatever folder it came from."""

import json
import shutil

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras import errors
from pipeline.tfx import pushed


@pytest.fixture
def push(tmp_path):
    """Function that makes a version, with what a pipeline leaves with it or without."""

    def made(number, *, origin=None, scores=None):
        folder = tmp_path / "lv" / str(number)
        (folder / pushed.EXTRA).mkdir(parents=True)
        (folder / "saved_model.pb").write_text("graph")
        for name, told in ((pushed.ORIGIN, origin), (pushed.SCORES, scores)):
            if told is not None:
                (folder / pushed.EXTRA / name).write_text(json.dumps(told))
        return folder

    return made


def test_the_newest_version_has_the_largest_number_and_a_model(push, tmp_path):
    assert pushed.newest(tmp_path / "lv") is None
    ninth = push(9)
    assert pushed.newest(tmp_path / "lv") == ninth
    tenth = push(10)
    assert pushed.newest(tmp_path / "lv") == tenth
    (tmp_path / "lv" / "11").mkdir()
    (tmp_path / "lv" / "notes").mkdir()
    assert pushed.newest(tmp_path / "lv") == tenth


def test_the_state_changes_with_the_version_and_with_its_model(push, tmp_path):
    told = [pushed.state(tmp_path / "lv")]
    for number, digest in ((1, "ab"), (2, "ab"), (3, "cd")):
        push(number, origin={"digest": digest})
        told.append(pushed.state(tmp_path / "lv"))
    other = tmp_path / "lv" / "3" / pushed.EXTRA / pushed.ORIGIN
    other.write_text(json.dumps({"digest": "ef"}))
    told.append(pushed.state(tmp_path / "lv"))
    assert told[0] == "nothing"
    assert len(set(told)) == 5


def test_a_digest_is_that_of_names_and_bytes_and_of_no_place(push, tmp_path):
    folder = push(1)
    first = pushed.digest(folder)
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    (copy / "empty").mkdir()
    assert pushed.digest(copy) == first
    (copy / "saved_model.pb").rename(copy / "model.pb")
    renamed = pushed.digest(copy)
    (copy / "model.pb").rename(copy / "saved_model.pb")
    (copy / "saved_model.pb").write_text("grapf")
    assert len({first, renamed, pushed.digest(copy)}) == 3


def test_a_version_is_a_copy_of_the_model_whose_bytes_it_names(push, tmp_path):
    model = tmp_path / "made"
    model.mkdir()
    (model / "saved_model.pb").write_text("graph")
    version = push(1, origin={"digest": pushed.digest(model)})
    assert pushed.is_copy(version, model)
    (model / "saved_model.pb").write_text("another")
    assert not pushed.is_copy(version, model)
    assert not pushed.is_copy(push(2), model)


def test_a_version_without_a_digest_was_pushed_by_no_pipeline(push):
    origin = {"model": "m", "digest": "ab", "metadata": "metadata.db"}
    assert pushed.metadata(push(1, origin=origin)) == origin
    version = push(2, origin={"model": "m"})
    with pytest.raises(errors.InputError) as refused:
        pushed.metadata(version)
    assert str(refused.value) == (
        f"{version} has no assets.extra/pushed.json, so no pipeline pushed it; give a "
        "version such as saved_models/lv/1 that echo-keras run pushed"
    )


def test_the_scores_of_a_version_that_was_not_blessed_are_of_no_records(push):
    scores = {"records": "0123", "cases": []}
    assert pushed.scores(push(1, scores=scores)) == scores
    assert pushed.scores(push(2)) == {"records": None}
