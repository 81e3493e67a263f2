"""A command runs once; its output is kept, or refused if another command made it."""

import json
import subprocess
import types

import pytest

from echo_keras import errors
from echo_keras.study import commands


@pytest.fixture
def said():
    return []


@pytest.fixture
def ran(monkeypatch):
    """Commands that would have run; each writes its output unless told to fail."""
    calls = []

    def run(words):
        calls.append(words[words.index("echo_keras.cli") + 1 :])
        if "--fail" in words:
            return types.SimpleNamespace(returncode=2)
        with open(words[-1], "w") as file:
            file.write("made")
        return types.SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def runner(folder, said):
    return commands.Runner(folder, say=said.append)


def test_a_command_is_told_and_its_output_kept_afterwards(tmp_path, said, ran):
    output = tmp_path / "scores.json"
    runner(tmp_path, said).run("evaluate", "--split", "test", output=output)
    runner(tmp_path, said).run("evaluate", "--split", "test", output=output)
    told = f"$ echo-keras evaluate --split test --output {output}"
    assert said == [told, told, f"  kept from an earlier run: {output}"]
    assert ran == [["evaluate", "--split", "test", "--output", str(output)]]
    log = json.loads((tmp_path / commands.LOG).read_text())
    assert log[str(output)].keys() == {"command", "seconds"}


def test_the_port_of_a_local_server_does_not_tell_runs_apart(tmp_path, said, ran):
    for port in (4000, 5000):
        url = f"http://127.0.0.1:{port}/v1/models/lv"
        runner(tmp_path, said).run("evaluate", "--url", url, output=tmp_path / "out")
    assert len(ran) == 1


def test_the_output_of_another_command_is_not_passed_off(tmp_path, said, ran):
    runner(tmp_path, said).run("finetune", "--fraction", 0.05, output=tmp_path / "out")
    with pytest.raises(errors.InputError, match="was not written by"):
        runner(tmp_path, said).run("finetune", "--fraction", 1, output=tmp_path / "out")


def test_a_folder_with_something_else_is_left_alone(tmp_path, said):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(errors.InputError, match="exists and is not empty"):
        runner(tmp_path, said)


@pytest.mark.usefixtures("ran")
def test_a_failed_command_stops_the_run_and_may_be_run_again(tmp_path, said):
    with pytest.raises(errors.InputError, match="its reason is above"):
        runner(tmp_path, said).run("pretrain", "--fail", output=tmp_path / "out")
    runner(tmp_path, said).run("pretrain", output=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "made"


def test_a_server_that_does_not_start_is_a_sentence(tmp_path, said):
    (tmp_path / "models").mkdir()
    at = runner(tmp_path / "run", said)
    with (
        pytest.raises(errors.InputError, match="stopped before it was ready"),
        at.serving(tmp_path / "models", ["lv"]),
    ):
        pass


def test_an_output_without_its_proof_is_made_again(tmp_path, said, ran):
    version = tmp_path / "lv"
    for proof in (tmp_path / "missing", tmp_path / "missing", version):
        runner(tmp_path, said).run("export", output=version, proof=proof)
    assert len(ran) == 2
