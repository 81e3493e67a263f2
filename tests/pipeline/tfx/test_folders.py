import pytest
import tensorflow as tf

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import folders


def test_the_same_facts_find_the_work_of_a_killed_run_again(tmp_path):
    with folders.work(str(tmp_path), "a", {"seed": 0}) as first:
        first.mkdir()
    with folders.work(str(tmp_path), "a", {"seed": 0}) as again:
        assert again == first
    with folders.work(str(tmp_path), "a", {"seed": 1}) as other:
        assert other != first


def test_a_folder_is_delivered_in_place_of_an_empty_one(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file").write_text("whole")
    (tmp_path / "artefact").mkdir()
    folders.deliver(tmp_path / "made", str(tmp_path / "artefact"))
    assert (tmp_path / "artefact" / "file").read_text() == "whole"
    assert not (tmp_path / "made").exists()


def test_a_folder_is_delivered_to_a_url_with_all_below_it(tmp_path):
    (tmp_path / "made" / "below").mkdir(parents=True)
    (tmp_path / "made" / "below" / "file").write_text("whole")
    with folders.work("ram://bucket/root", "a", 1) as work:
        (tmp_path / "made").rename(work)
        folders.deliver(work, "ram://bucket/artefact")
    with tf.io.gfile.GFile("ram://bucket/artefact/below/file") as file:
        assert file.read() == "whole"


def test_json_comes_back_as_it_was_written(tmp_path):
    folders.write_json({"a": [1, 2.5]}, f"{tmp_path}/below/file.json")
    assert folders.read_json(f"{tmp_path}/below/file.json") == {"a": [1, 2.5]}
