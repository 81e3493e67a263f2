import hashlib
import json
import shutil
import subprocess

import pytest

from echo_keras import errors
from echo_keras.training import origin


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True)


def test_code_in_git_is_named_by_its_commit_and_whether_it_changed(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "__init__.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    head = (
        tmp_path / ".git" / (tmp_path / ".git/HEAD").read_text().split()[1]
    ).read_text()
    assert origin.code(tmp_path).endswith(f"+{head[:8]}")
    (tmp_path / "__init__.py").write_text("changed")
    assert origin.code(tmp_path).endswith(f"+{head[:8]}.changed")


def test_code_installed_within_another_repository_is_named_by_its_version(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "__init__.py").write_text("")
    assert "+" not in origin.code(tmp_path)


def test_code_without_git_is_named_by_its_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "+" not in origin.code()


def test_another_choice_of_frames_is_another_data_set(
    unlabelled, write_videos, noise, tmp_path
):
    """Records of the same source differ by the frames that were kept of it."""
    other = write_videos(tmp_path / "other", [noise(who, 3) for who in "abcdefghi"])
    origins = [origin.records(folder) for folder in (unlabelled, other)]
    assert origins[0]["source_fingerprint"] == origins[1]["source_fingerprint"]
    assert origins[0] != origins[1]


def test_records_of_the_same_source_are_the_same_wherever_they_were_built(
    unlabelled, tmp_path
):
    shutil.copytree(unlabelled, tmp_path / "records")
    path = tmp_path / "records" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest.update(source="elsewhere", command="another", versions={"python": "3"})
    path.write_text(json.dumps(manifest))
    assert origin.records(tmp_path / "records") == origin.records(unlabelled)
    manifest["shards"][0]["sha256"] = "0"
    path.write_text(json.dumps(manifest))
    assert origin.records(tmp_path / "records") != origin.records(unlabelled)


@pytest.fixture
def artefact(tmp_path):
    """Function that leaves an artefact with some facts in a folder."""

    def write(name, **facts):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "model.keras").write_bytes(b"weights")
        (folder / "finetune.json").write_text(json.dumps(facts))
        return str(folder)

    return write


def test_weights_of_a_word_are_the_word():
    assert origin.weights("random") == "random"
    assert origin.learnt("random") == set()


def test_weights_of_an_artefact_are_named_by_what_they_hold(artefact):
    folder = artefact("model", dataset="camus", code="0.1.0", loss=[1.0])
    assert origin.weights(folder) == {
        "folder": folder,
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "dataset": "camus",
        "code": "0.1.0",
        origin.FRAMES: None,
    }


def test_weights_in_a_file_are_named_by_what_it_holds(tmp_path):
    path = tmp_path / "imagenet.h5"
    path.write_bytes(b"weights")
    found = {"file": str(path), "sha256": hashlib.sha256(b"weights").hexdigest()}
    assert origin.weights(str(path)) == found
    assert origin.learnt(found) == set()


def test_a_decoder_tells_encoders_apart(tmp_path):
    (tmp_path / "encoder.keras").write_bytes(b"weights")
    found = []
    for decoder in (b"one", b"another"):
        (tmp_path / "decoder.keras").write_bytes(decoder)
        found.append(origin.weights(str(tmp_path))["sha256"])
    assert found[0] != found[1]


def test_an_encoder_has_seen_no_label(pretrained):
    weights = origin.weights(str(pretrained))
    assert set(weights) == {"folder", "sha256"}
    assert origin.learnt(weights) == set()


def test_labels_are_followed_through_earlier_networks(artefact):
    def tuned(name, marks, **facts):
        facts[origin.FRAMES] = marks
        return origin.weights(artefact(name, **facts))

    first = tuned("first", ["a"], init="random")
    second = tuned("second", ["b"], init=first)
    teacher = tuned("teacher", ["c"], init="random")
    other = tuned("other", ["e"], init="random")
    last = tuned("last", ["d"], init=second, teachers=[teacher, other])
    assert origin.learnt(last) == {"a", "b", "c", "d", "e"}
    assert origin.unmarked(last) == []


def test_networks_that_do_not_tell_whose_labels_they_saw_are_named(artefact, tmp_path):
    silent = tmp_path / "silent"
    silent.mkdir()
    (silent / "model.keras").write_bytes(b"weights")
    first = origin.weights(str(silent))
    assert origin.unmarked(first) == [str(silent)]
    old = {"folder": "old", "patients": {"train": ["a"]}, "init": "random"}
    facts = {origin.FRAMES: ["b"], "init": first, "teachers": [old]}
    last = origin.weights(artefact("last", **facts))
    assert origin.unmarked(last) == [str(silent), "old"]
    assert origin.learnt(last) == {"b"}


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_summary_is_told(artefact, tmp_path, text):
    folder = artefact("model")
    (tmp_path / "model" / "finetune.json").write_text(text)
    with pytest.raises(errors.InputError, match=r"finetune\.json.*put back"):
        origin.weights(folder)
