"""A worker does one folder, tells a mistake in one line and ends with its study."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.serving import evaluate, written
from echo_keras.study import worker
from echo_keras.training import pretrain

HISTORY = {
    "patients": {"train": ["a", "b", "c"], "validation": ["d"]},
    "steps": 30,
    "seconds": 40.0,
    "precision": "float32",
    "code": "0123abcd",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Folder of a cell that was trained, and lists of what stands there when scored."""
    (tmp_path / worker.RECIPE).write_text("size: 32\n")
    (tmp_path / worker.MODEL).mkdir()
    (tmp_path / worker.MODEL / "finetune.json").write_text(json.dumps(HISTORY))

    def scores(data, split, segment, *, see):
        case = evaluate.Case({"position": 3}, None, None, np.ones((2, 2), bool), ())
        see(case)
        return {"of": [data, split, segment]}

    monkeypatch.setattr(evaluate, "local", lambda path: path.name)
    monkeypatch.setattr(evaluate, "scores", scores)
    return tmp_path


def finetune(folder, monkeypatch, *, keep_models):
    """What stood in the folder when the scores were written, and the scores."""
    plan = {"data": "records", "split": "test", "keep_models": keep_models}
    (folder / worker.PLAN).write_text(json.dumps(plan))
    stood = []

    def write(found, path):
        assert path == folder / worker.SCORES
        stood.append(({one.name for one in folder.iterdir()}, found))

    monkeypatch.setattr(written, "write", write)
    worker.finetune(folder)
    return stood


@pytest.mark.parametrize("keep_models", [True, False])
def test_scores_prove_that_all_else_is_there_and_only_then_the_model_may_go(
    folder, monkeypatch, keep_models
):
    [(names, found)] = finetune(folder, monkeypatch, keep_models=keep_models)
    assert names >= {worker.MODEL, worker.MASKS, worker.COST}
    assert found == {"of": ["records", "test", worker.MODEL]}
    assert (folder / worker.MODEL).exists() == keep_models
    with np.load(folder / worker.MASKS) as masks:
        assert list(masks) == ["3"]


def test_the_cost_tells_what_the_training_took(folder, monkeypatch):
    finetune(folder, monkeypatch, keep_models=True)
    cost = json.loads((folder / worker.COST).read_text())
    assert cost["labelled_patients"] == 3
    assert cost["training_seconds"] == 40.0
    assert cost["seconds"] >= 40.0
    assert (cost["precision"], cost["code"]) == ("float32", "0123abcd")
    assert 20 < cost["peak_mb"] < 200_000  # of a process that holds TensorFlow


def test_a_pretraining_sees_the_records_of_its_plan(tmp_path, monkeypatch):
    (tmp_path / worker.PLAN).write_text(json.dumps({"data": "records"}))
    (tmp_path / worker.RECIPE).write_text("size: 32\nepochs: 3\n")
    runs = []
    monkeypatch.setattr(pretrain, "run", lambda *given: runs.append(given))
    worker.pretrain(tmp_path)
    recipe = config.Pretrain(size=32, epochs=3)
    assert runs == [(recipe, ["records"], tmp_path / worker.MODEL)]


def test_a_mistake_of_several_lines_is_told_in_one(tmp_path, monkeypatch):
    def mistaken(folder):
        raise errors.InputError(f"{folder.name}: no\n  such   file\n")

    monkeypatch.setattr(worker, "_end_with_parent", lambda: None)
    monkeypatch.setattr(worker, "pretrain", mistaken)
    with pytest.raises(SystemExit) as ended:
        worker.main("pretrain", str(tmp_path / "a"))
    assert ended.value.code == "Error: a: no such file"


def test_a_worker_ends_with_the_study_that_started_it(tmp_path):
    script = (
        "import os, threading, time\n"
        "from echo_keras.study import worker\n"
        "threading.Thread(target=worker._end_with_parent, daemon=True).start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=read, stdout=subprocess.PIPE, text=True
    )
    os.close(read)
    assert process.stdout.readline() == "ready\n"
    os.close(write)
    assert process.wait() == 1


def test_a_workers_mistake_is_its_last_line(tmp_path):
    (tmp_path / worker.PLAN).write_text(json.dumps({"data": "nowhere"}))
    (tmp_path / worker.RECIPE).write_text("size: 32\n")
    command = [sys.executable, "-m", "echo_keras.study.worker", "finetune"]
    with subprocess.Popen(
        [*command, str(tmp_path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[3],
    ) as process:
        *_, last = process.stderr
    assert process.returncode
    assert last.startswith("Error: no folder nowhere")
