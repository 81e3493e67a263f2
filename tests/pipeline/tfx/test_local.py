"""The whole pipeline on synthetic hearts: what it does again, and what stops it."""

import csv
import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras import config, errors, lock
from echo_keras.serving import session
from echo_keras.training import callbacks
from pipeline.tfx import (
    drawing,
    lineage,
    listing,
    local,
    pages,
    pushed,
    records,
    seen,
)

TRAINING = {"Trainer.pretrain", "Trainer.finetune"}


@pytest.fixture(scope="module")
def first(recipe):
    """Last line of the first run."""
    return local.run(recipe, say=lambda line: None)


@pytest.fixture
def states(recipe):
    """Function that gives the state of every step of the newest run."""

    def newest():
        run = records.newest(records.store(recipe.root))
        return {step.node: step.state for step in run.steps}

    return newest


def _silent(line):
    assert line


def test_a_first_run_does_every_step_and_pushes_a_version(first, recipe, states):
    assert set(states().values()) == {"done"}
    assert first.endswith(f"{recipe.model}/1")
    assert set(session.load(f"{recipe.model}/1").signatures) >= {"image_bytes"}


def test_the_card_of_a_pushed_version_has_its_name_and_scores(first, recipe):
    card = pathlib.Path(recipe.model, "1", pushed.EXTRA, "model_card.md").read_text()
    assert card.startswith("# lv, version 1\n")
    assert f"Dice {first.split()[1]} (95 %" in card


def test_a_second_run_keeps_all_and_pushes_nothing(first, recipe, states):
    assert local.run(recipe, say=_silent) == first
    done = {node for node, state in states().items() if state == "done"}
    assert done == {"ModelGate", "Pusher"}  # for what stands there has changed
    assert local.run(recipe, say=_silent) == first
    done = {node for node, state in states().items() if state == "done"}
    assert done == {"Pusher"}  # for what it pushed may be gone
    assert session.version_numbers(recipe.model) == [1]


def test_a_version_that_was_removed_is_pushed_again(first, recipe, states):
    shutil.rmtree(recipe.model)
    assert local.run(recipe, say=_silent) == first
    assert states()["Trainer.finetune"] == "kept"


def test_a_model_of_a_folder_made_anew_is_judged_and_pushed(first, recipe, tmp_path):
    model = shutil.copytree(recipe.model, tmp_path / "lv")
    path = model / "1" / pushed.EXTRA / pushed.ORIGIN
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "digest": "of another model, once there"}))
    changed = dataclasses.replace(recipe, model=str(model))
    assert local.run(changed, say=_silent).endswith("lv/2")
    with pytest.raises(errors.InputError, match="does not know"):
        lineage.run(model / "1")


def test_a_second_run_at_the_same_time_is_refused(first, recipe, states):
    before = states()
    held = lock.held(f"{recipe.root}/run.lock", recipe.root)
    with held, pytest.raises(errors.InputError, match="another job is writing"):
        local.run(recipe, say=_silent)
    assert states() == before


def test_a_worse_model_is_refused_after_training_alone(first, recipe, states, altered):
    worse = altered(config.Finetune, recipe.finetune, steps=1)
    changed = dataclasses.replace(recipe, finetune=worse)
    with pytest.raises(
        errors.InputError, match=r"gate ModelGate is closed on camus te"
    ):
        local.run(changed, say=_silent)
    done = {node for node, state in states().items() if state == "done"}
    assert done == {"Trainer.finetune", "Evaluator", "InfraValidator"}
    assert states()["ModelGate"] == "failed"
    assert session.version_numbers(recipe.model) == [1]


def test_a_test_patient_in_training_closes_the_gate(first, recipe, states, copy):
    source = copy / "database_nifti"
    listed = copy / "database_split"
    leaked = (listed / "subgroup_testing.txt").read_text().split()[0]
    shutil.copytree(source / leaked, source / "patient0999")
    for path in (source / "patient0999").glob(f"{leaked}_*"):
        path.rename(path.with_name(path.name.replace(leaked, "patient0999")))
    with (listed / "subgroup_training.txt").open("a") as file:
        file.write("patient0999\n")
    sentence = rf"gate DomainValidator is closed on camus: pixels in two .*{leaked}"
    with pytest.raises(errors.InputError, match=sentence):
        local.run(dataclasses.replace(recipe, camus=str(copy)), say=_silent)
    assert not TRAINING & set(states())
    assert session.version_numbers(recipe.model) == [1]


def test_inverted_grey_levels_in_one_split_close_the_gate(
    first, recipe, states, copy, invert
):
    listed = copy / "database_split" / "subgroup_validation.txt"
    for patient in listed.read_text().split():
        for phase in ("ED", "ES"):
            invert(copy / "database_nifti" / patient / f"{patient}_4CH_{phase}.nii.gz")
    sentence = (
        r"gate \w+Validator is closed on camus: .*grey_mean of labelled-validation"
    )
    with pytest.raises(errors.InputError, match=sentence):
        local.run(dataclasses.replace(recipe, camus=str(copy)), say=_silent)
    assert not TRAINING & set(states())
    assert session.version_numbers(recipe.model) == [1]


def test_a_killed_run_goes_on_from_its_checkpoint(
    first, recipe, altered, monkeypatch, tmp_path
):
    longer = altered(config.Pretrain, recipe.pretrain, epochs=12)
    elsewhere = str(tmp_path / "saved_models" / "lv")
    changed = dataclasses.replace(recipe, pretrain=longer, model=elsewhere)
    _kill_in_pretraining(changed)
    reached, restore = [], callbacks.Checkpoints.restore

    def noted(self, folder):
        restore(self, folder)
        reached.append(int(self._checkpoint.curves.step))

    monkeypatch.setattr(callbacks.Checkpoints, "restore", noted)
    assert local.run(changed, say=_silent).endswith(f"{elsewhere}/1")
    assert reached[0] > 0


def test_the_lineage_names_data_recipes_scores_and_times(first, recipe):
    found = dict(lineage.rows(lineage.run(f"{recipe.model}/1")))
    manifest = next(pathlib.Path(recipe.root).rglob("manifest.json"))
    counts = json.loads(manifest.read_text())["counts"]
    assert f"{counts['train']['patients']} train" in found["camus patients"]
    assert found["camus source"] == recipe.camus
    assert "epochs: 2" in found["pretrain recipe"]
    assert "steps: 60" in found["finetune recipe"]
    assert found["Dice on test"] in first
    assert found["pushed as"] == f"{recipe.model}/1"
    assert found["Trainer.pretrain"].endswith(" s")


def test_the_table_has_two_columns(first, recipe):
    run = lineage.run(f"{recipe.model}/1")
    lines = lineage.text(run).splitlines()
    widest = max(len(label) for label, _ in lineage.rows(run))
    assert len(lines) == len(lineage.rows(run))
    assert all(line[widest : widest + 2] == "  " for line in lines)


def test_the_drawing_leads_from_the_records_to_the_push(first, recipe):
    run = lineage.run(f"{recipe.model}/1")
    drawn = drawing.svg(run, lineage.facts(run))
    assert all(f">{step.node}<" in drawn for step in run.steps)
    assert all(f">{label}</text>" in drawn for label, _ in lineage.facts(run))
    edges = set(drawing.edges(run.steps))
    assert ("EchoExampleGen.camus", "Trainer.pretrain") in edges
    assert ("Trainer.finetune", "Pusher") in edges


def test_each_video_is_named_with_what_it_was_to_the_model(first, recipe, tmp_path):
    path = tmp_path / "videos.csv"
    counted = seen.write(lineage.run(f"{recipe.model}/1"), path)
    with path.open() as file:
        table = list(csv.DictReader(file))
    manifest = next(pathlib.Path(recipe.root).rglob("manifest.json"))
    counts = json.loads(manifest.read_text())["counts"]
    assert len(table) == sum(count["unlabelled_videos"] for count in counts.values())
    tuned = next(pathlib.Path(recipe.root, "Trainer.finetune").rglob("finetune.json"))
    labelled = json.loads(tuned.read_text())["patients"]
    for row in table:
        uses = {
            "pretraining": row["split"] in ("train", "unlisted"),
            "training": row["patient"] in labelled["train"],
            "validation": row["patient"] in labelled["validation"],
            "test": row["split"] == "test",
        }
        assert row["seen_as"] == (
            " ".join(use for use, holds in uses.items() if holds) or "never"
        )
    assert {"pretraining training", "test"} <= {row["seen_as"] for row in table}
    assert counted == (sum(row["seen_as"] != "never" for row in table), len(table))


def test_the_runs_are_listed_with_what_stopped_them(first, recipe):
    lines = listing.text(recipe.root, terminal=False).splitlines()
    assert lines[1].split()[1] == "done"
    assert lines[1].endswith(f"{recipe.model}/1")


def test_the_statistics_page_needs_nothing_else(first, recipe):
    page = next(pathlib.Path(recipe.root).rglob(pages.FILE)).read_text()
    assert "<!--" not in page
    assert "http" not in page
    assert page.count("<h1>camus: ") == 1
    assert all(name in page for name in ("grey_mean", "labelled-test", "EF (%)"))


def test_a_version_that_no_pipeline_pushed_has_no_lineage(tmp_path):
    with pytest.raises(errors.InputError, match=r"no pipeline pushed it"):
        lineage.run(tmp_path)


def _kill_in_pretraining(recipe):
    path = pathlib.Path(recipe.root).with_name("killed.yaml")
    config.save(recipe, path)
    command = [sys.executable, "-m", "echo_keras.cli", "run", "--config", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    work = pathlib.Path(recipe.root, "work")
    named = "pretrain-*.partial/checkpoints/checkpoint"  # once one is whole
    while not list(work.glob(named)):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
