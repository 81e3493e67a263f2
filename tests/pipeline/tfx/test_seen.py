"""A heart was seen as what its own data set used it for, and not as its namesake."""

import csv
import json

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from ml_metadata.proto import metadata_store_pb2

from echo_keras import errors
from echo_keras.data import tfrecords
from pipeline.tfx import records, seen

VIDEOS = {
    "camus": {"train": ["a", "b"], "validation": ["c"], "test": ["d"]},
    "echonet": {"train": ["a"], "test": ["d"], "unlisted": ["e"]},
}
"""Patients with a video, by data set and split."""


def artefact(uri="", **properties):
    made = metadata_store_pb2.Artifact(uri=str(uri))
    for name, value in properties.items():
        made.custom_properties[name].string_value = value
    return made


def step(node, *outputs, **values):
    return records.Step(node, "done", None, 1.0, values, (), outputs)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run that learned the labels of `a` alone and was scored on CAMUS."""

    def manifest(uri):
        counts = {
            split: {"unlabelled_videos": len(VIDEOS[uri].get(split, ()))}
            for split in ("train", "validation", "test", "unlisted")
        }
        return {"counts": counts}

    def unlabelled(uris, splits):
        [uri], [split] = uris, splits
        names = VIDEOS[uri][split]
        same = {"dataset": uri, "view": "4CH"}
        columns = {name: [word] * len(names) for name, word in same.items()}
        frames = np.zeros((len(names), 1), np.uint8)
        return tf.data.Dataset.from_tensor_slices(
            {"patient": names, "frames": frames, **columns}
        )

    monkeypatch.setattr(tfrecords, "manifest", manifest)
    monkeypatch.setattr(tfrecords, "unlabelled", unlabelled)
    monkeypatch.setattr(tfrecords, "patients", lambda uri, split: VIDEOS[uri][split])
    (tmp_path / "tuned").mkdir()
    tuned = {"dataset": "camus", "patients": {"train": ["a"], "validation": ["c"]}}
    (tmp_path / "tuned" / "finetune.json").write_text(json.dumps(tuned))
    config = json.dumps({"recipe": {"splits": ["train", "unlisted"]}})
    return records.Run(
        "run",
        (
            *(
                step(f"EchoExampleGen.{name}", artefact(name, source_fingerprint="1"))
                for name in VIDEOS
            ),
            step("Trainer.pretrain", custom_config=config),
            step("Trainer.finetune", artefact("other"), artefact(tmp_path / "tuned")),
            step("Evaluator", artefact(split="test")),
        ),
    )


def test_every_video_tells_what_it_was_used_for(run):
    assert [
        (row["dataset"], row["patient"], row["split"], row["seen_as"])
        for row in seen.rows(run)
    ] == [
        ("camus", "a", "train", "pretraining training"),
        ("camus", "b", "train", "pretraining"),
        ("camus", "c", "validation", "validation"),
        ("camus", "d", "test", "test"),
        ("echonet", "a", "train", "pretraining"),
        ("echonet", "d", "test", "never"),
        ("echonet", "e", "unlisted", "pretraining"),
    ]


def test_the_file_has_a_line_for_each_and_those_seen_are_counted(run, tmp_path):
    path = tmp_path / "videos.csv"
    assert seen.write(run, path) == (6, 7)
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["dataset", "patient", "view", "split", "seen_as"]
    assert lines[6] == ["echonet", "d", "4CH", "test", "never"]
    assert len(lines) == 8


def test_a_network_that_is_gone_is_told_and_no_file_is_left(run, tmp_path):
    (tmp_path / "tuned" / "finetune.json").unlink()
    sentence = r"the run's fine-tuned network is gone; was the pipeline's folder clear"
    with pytest.raises(errors.InputError, match=sentence):
        seen.write(run, tmp_path / "videos.csv")
    assert not (tmp_path / "videos.csv").exists()
