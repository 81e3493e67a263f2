"""A whole study on a dozen small hearts, and what it leaves behind."""

import contextlib
import csv
import json
import re
import types

import cv2
import keras
import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.study import archive, grid, jobs, labels, worker
from echo_keras.training import finetune, pretrain
from echo_keras.training import labels as drawn

SPLITS = {"train": "abcdefgh", "validation": "ijkl", "test": "mnop"}
STUDY = """
recipes: [small.yaml, broken.yaml]
inits: [random, simclr.yaml]
without: [broken simclr]
fractions: [0.25, 1]
subsets: 2
seeds: 1
"""


@contextlib.contextmanager
def in_this_process(job, workers):
    """As a process of its own would work, without its start of seconds."""
    code = 0
    try:
        {"finetune": worker.finetune, "pretrain": worker.pretrain}[job.what](job.folder)
    except errors.InputError as mistake:
        (job.folder / jobs.LOG).write_text(f"Error: {mistake}\n")
        code = 1
    yield types.SimpleNamespace(poll=lambda: code, returncode=code)


def trained(recipe, data, output):
    """What fine-tuning writes, of a network that marks what is bright enough."""
    if recipe.learning_rate > 1:
        raise errors.InputError("the loss stopped being a number")
    level = 0.47 + 0.01 * recipe.seed + 0.01 * (recipe.init == "random")
    frame = keras.Input((recipe.size, recipe.size, 1))
    above = keras.layers.Rescaling(40.0, offset=-40.0 * level)(frame)
    output.mkdir()
    keras.Model(frame, keras.layers.Activation("sigmoid")(above)).save(
        output / "model.keras"
    )
    config.save(recipe, output / "recipe.yaml")
    patients = drawn.choose(recipe, data)["patients"]
    history = {"patients": patients, "seconds": 1.0, "precision": "float32"}
    history |= {"code": "0.1.0", "steps": 7}
    (output / "finetune.json").write_text(json.dumps(history))


@pytest.fixture(scope="module", autouse=True)
def _quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "_process", in_this_process)
        patch.setattr(jobs, "_SECONDS_BETWEEN_LOOKS", 0.0)
        patch.setattr(finetune, "run", trained)
        patch.setattr(pretrain, "run", lambda recipe, data, output: output.mkdir())
        yield


@pytest.fixture(scope="module")
def records(write_folder, heart, video, tmp_path_factory):
    frames = {
        split: [
            record
            for name in names
            for record in (*(heart(name, phase) for phase in ("ED", "ES")), video(name))
        ]
        for split, names in SPLITS.items()
    }
    return write_folder(tmp_path_factory.mktemp("records"), frames)


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    (folder / "small.yaml").write_text("size: 32\nwidth: 2\nsteps: 20\nbatch: 4\n")
    broken = "size: 32\nwidth: 2\nsteps: 4\nlearning_rate: 1e+30\nwarmup_steps: 0\n"
    (folder / "broken.yaml").write_text(broken)
    (folder / "simclr.yaml").write_text("size: 32\nbatch: 4\nepochs: 1\n")
    (folder / "study.yaml").write_text(STUDY)
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def finished(records, plan_file, tmp_path_factory):
    """Folder of a study, what it said and its last line."""
    output = tmp_path_factory.mktemp("study") / "out"
    said = []
    line = labels.run(plan_file, records, output, say=said.append)
    return output, said, line


def _killed(*_, **__):
    raise KeyboardInterrupt


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def cost(output, row):
    return json.loads((output / "cells" / row["cell"] / "cost.json").read_text())


def test_every_cell_has_a_row_with_its_scores_or_its_reason(finished):
    output, _, line = finished
    table = rows(output / "results.csv")
    assert len(table) == 3 * (2 + 1)
    failed = [row for row in table if row["failed"]]
    assert [row["recipe"] for row in failed] == ["broken"] * 3
    assert all("stopped being a number" in row["failed"] for row in failed)
    for row in table:
        if not row["failed"]:
            low, high = row["dice_per_image_low"], row["dice_per_image_high"]
            assert float(low) <= float(row["dice_per_image_mean"]) <= float(high)
            assert row["phases_ES_hd95_per_image_mean"]
            assert float(row["seconds"]) == cost(output, row)["seconds"]
            assert (
                row["labelled_patients"] == {"0.25": "2", "1.0": "8"}[row["fraction"]]
            )
    assert "9 cells, 3 failed" in line


def test_differences_are_those_of_the_rows(finished):
    output, _, _ = finished
    dice = {
        (row["init"], row["fraction"], row["seed"]): row["dice_per_image_mean"]
        for row in rows(output / "results.csv")
        if row["recipe"] == "small"
    }
    found = rows(output / "differences.csv")
    [row] = [
        row
        for row in found
        if (row["figure"], row["fraction"]) == ("dice_per_image_mean", "0.25")
    ]
    apart = [
        float(dice["simclr", "0.25", seed]) - float(dice["random", "0.25", seed])
        for seed in "01"
    ]
    assert float(row["value"]) == pytest.approx(np.mean(apart))
    assert (row["init"], row["than_init"], row["runs"]) == ("simclr", "random", "2")


def test_the_subsets_are_nested_and_paired(finished):
    output, _, _ = finished
    patients = {}
    for path in output.glob("cells/small-*/model/finetune.json"):
        name = path.parents[1].name
        patients[name] = set(json.loads(path.read_text())["patients"]["train"])
    assert patients["small-random-0.25-0"] < patients["small-random-1-0"]
    assert patients["small-random-0.25-1"] == patients["small-simclr-0.25-1"]
    assert patients["small-random-0.25-0"] != patients["small-random-0.25-1"]


def test_the_tables_never_mix_aggregates(finished):
    text = (finished[0] / "tables.md").read_text()
    own, _, beside = text.partition("## Beside the paper, in its aggregate")
    assert "paper:" not in own
    assert "pooled over batches of 128" in beside
    assert re.search(r"\| paper: SimCLR, UNet \| \.9185 \|", beside)
    assert re.search(r"\| ours: small from simclr \| [.\d]+ \|", beside)


def test_the_report_holds_everything_itself(finished):
    output, _, line = finished
    page = (output / "report.html").read_text()
    assert "<li>3 of 9 runs failed and are in no figure here; their" in page
    assert line.endswith(str(output / "report.html"))
    for text in ("What was asked", "What was found", "How sure is it?"):
        assert text in page
    assert page.count('src="data:image/png;base64,') == 4
    assert "<!--" not in page
    assert "http" not in page
    assert "3 runs failed and are in no table" in page
    assert "drawn by a computer" not in page


def test_the_plots_are_pictures(finished):
    for name in ("efficiency", "cases", "agreement", "sheet"):
        picture = cv2.imread(str(finished[0] / f"{name}.png"))
        assert min(picture.shape[:2]) > 250
        assert picture.std() > 5


def test_a_second_run_trains_nothing_and_reports_the_same(
    finished, plan_file, records, monkeypatch
):
    output, _, line = finished
    monkeypatch.setattr(jobs, "_process", None)
    before = (output / "results.csv").read_text()
    said = []
    assert labels.run(plan_file, records, output, say=said.append) == line
    assert said[0] == "  kept from an earlier run: 9 of 9 cells"
    assert (output / "results.csv").read_text() == before


def test_scores_alone_give_the_same_tables_on_another_machine(
    finished, plan_file, records, tmp_path, monkeypatch
):
    output, _, _ = finished
    path, said = tmp_path / "kept.json.xz", []
    labels.run(plan_file, records, output, scores=path, say=said.append)
    assert f"  {path} holds 6 cells" in said
    worked = []

    def failing(job, workers):
        worked.append(job.folder.name)
        return in_this_process(job, workers)

    monkeypatch.setattr(jobs, "_process", failing)
    other = tmp_path / "other"
    labels.run(plan_file, records, other, scores=path, say=said.append)
    assert {name.split("-")[0] for name in worked} == {"broken"}
    for name in ("levels.csv", "differences.csv", "tables.md"):
        assert (other / name).read_text() == (output / name).read_text()
    assert not (other / "sheet.png").exists()
    assert "<!--" not in (other / "report.html").read_text()


def test_cells_of_another_recipe_get_no_scores_of_this_one(
    finished, plan_file, records, tmp_path, monkeypatch
):
    path, other = tmp_path / "kept.json.xz", tmp_path / "other"
    labels.run(plan_file, records, finished[0], scores=path, say=lambda text: None)
    longer = plan_file.with_name("even-longer.yaml")
    longer.write_text(STUDY + "steps: [5, 6]\n")
    with monkeypatch.context() as patch:
        patch.setattr(grid, "run", _killed)
        with pytest.raises(KeyboardInterrupt):
            labels.run(longer, records, other, say=lambda text: None)
    with pytest.raises(errors.InputError, match="is of another study, with steps 5"):
        labels.run(plan_file, records, other, scores=path, say=lambda text: None)
    assert not list(other.glob("cells/*/scores.json"))


def test_a_study_that_is_refused_leaves_the_plan_of_the_one_that_is_there(
    finished, plan_file, records
):
    output, _, _ = finished
    plan = (output / "study.yaml").read_text()
    other = plan_file.with_name("longer.yaml")
    other.write_text(STUDY + "steps: [3, 4]\n")
    with pytest.raises(errors.InputError, match="is of another study, with steps"):
        labels.run(other, records, output, say=lambda text: None)
    assert (output / "study.yaml").read_text() == plan


def test_differences_are_to_the_first_weights_though_the_first_cell_is_left_out(
    records, plan_file, tmp_path
):
    study = plan_file.with_name("without.yaml")
    study.write_text(
        "recipes: [other.yaml, small.yaml]\ninits: [random, simclr.yaml]\n"
        "without: [other random]\nfractions: [1]\nseeds: 1\n"
    )
    plan_file.with_name("other.yaml").write_text("size: 32\nwidth: 2\n")
    labels.run(study, records, tmp_path / "out", say=lambda text: None)
    found = rows(tmp_path / "out" / "differences.csv")
    assert {(row["recipe"], row["init"], row["than_init"]) for row in found} == {
        ("small", "simclr", "random"),
        ("small", "simclr", "simclr"),
    }


@pytest.fixture
def run_one(records, plan_file, tmp_path):
    """Function that runs, or goes on with, a study of one cell; gives its folder."""
    study = plan_file.with_name("one.yaml")
    study.write_text("recipes: [small.yaml]\nfractions: [1]\nseeds: 1\n")

    def run():
        labels.run(study, records, tmp_path / "out", say=lambda text: None)
        [cell] = (tmp_path / "out" / "cells").iterdir()
        return cell

    return run


def test_a_cell_that_was_killed_while_it_was_scored_keeps_the_cost_of_its_training(
    run_one,
):
    cell = run_one()
    history = json.loads((cell / "model" / "finetune.json").read_text())
    history = {**history, "seconds": 4321.0}
    (cell / "model" / "finetune.json").write_text(json.dumps(history))
    (cell / worker.SCORES).unlink()
    run_one()
    cost = json.loads((cell / worker.COST).read_text())
    assert cost["seconds"] >= 4321
    assert cost["steps"] == history["steps"]


def test_a_cell_whose_training_was_killed_tells_the_cost_of_all_of_it(
    run_one, monkeypatch
):
    def went_on(recipe, data, output):
        trained(recipe, data, output)
        history = json.loads((output / "finetune.json").read_text())
        (output / "finetune.json").write_text(json.dumps({**history, "seconds": 4321}))

    monkeypatch.setattr(finetune, "run", went_on)
    cell = run_one()
    assert json.loads((cell / worker.COST).read_text())["seconds"] > 4321


def test_a_cell_begins_anew_where_what_a_kill_left_is_of_no_use(
    run_one, tmp_path, monkeypatch, capsys
):
    def refused_once(recipe, data, output):
        unfinished = output.with_name(worker.UNFINISHED)
        if not (tmp_path / "killed").exists():
            unfinished.mkdir()
            (tmp_path / "killed").touch()
        if unfinished.exists():
            raise errors.NothingToGoOnFromError("it was begun in bfloat16")
        trained(recipe, data, output)

    monkeypatch.setattr(finetune, "run", refused_once)
    cell = run_one()
    assert (cell / worker.SCORES).is_file()
    assert "begun anew, as it was begun in bfloat16" in capsys.readouterr().err


def test_what_a_run_was_trained_in_and_by_is_told(finished):
    table = [row for row in rows(finished[0] / "results.csv") if not row["failed"]]
    assert {(row["precision"], row["code"]) for row in table} == {("float32", "0.1.0")}


def test_runs_of_unlike_precision_are_told(records, plan_file, tmp_path):
    study, output = plan_file.with_name("pair.yaml"), tmp_path / "out"
    study.write_text("recipes: [small.yaml]\nfractions: [1]\nseeds: 2\n")
    labels.run(study, records, output, say=lambda text: None)
    told = "Some runs were trained in bfloat16 and some in float32"
    assert told not in (output / "report.html").read_text()
    path = output / "cells" / "small-random-1-1" / worker.COST
    path.write_text(path.read_text().replace("float32", "bfloat16"))
    labels.run(study, records, output, say=lambda text: None)
    assert told in (output / "report.html").read_text()


def test_a_smaller_study_leaves_no_table_of_a_larger_one(records, plan_file, tmp_path):
    study, output = plan_file.with_name("lone.yaml"), tmp_path / "out"
    study.write_text("recipes: [small.yaml]\nfractions: [1]\nseeds: 1\n")
    labels.run(study, records, output, say=lambda text: None)
    assert (output / "sheet.png").exists()
    (output / "cells" / "small-random-1-0" / worker.MASKS).unlink()
    (output / "differences.csv").touch()
    labels.run(study, records, output, say=lambda text: None)
    assert not (output / "differences.csv").exists()
    assert not (output / "sheet.png").exists()


def test_scores_that_cannot_be_kept_now_do_not_end_the_study(
    records, plan_file, tmp_path, monkeypatch
):
    study, told, tries = plan_file.with_name("brief.yaml"), [], []

    def pack(*_):
        tries.append(1)
        if len(tries) == 2:
            raise errors.InputError("the disk is full")
        return 2

    monkeypatch.setattr(archive, "pack", pack)
    study.write_text("recipes: [small.yaml]\nfractions: [1]\nseeds: 2\n")
    path = tmp_path / "kept.json.xz"
    labels.run(study, records, tmp_path / "out", scores=path, say=told.append)
    assert "  the disk is full; the next cell that ends tries again" in told
    assert len(tries) == 4


def test_models_go_where_they_are_not_kept(records, plan_file, tmp_path):
    study = plan_file.with_name("lean.yaml")
    study.write_text("recipes: [small.yaml]\nfractions: [1]\nseeds: 1\nkeep_models: no")
    labels.run(study, records, tmp_path / "out", say=lambda text: None)
    [cell] = (tmp_path / "out" / "cells").iterdir()
    kept = {path.name for path in cell.iterdir()}
    assert {worker.SCORES, worker.MASKS, "scores.cases.csv"} < kept
    assert worker.MODEL not in kept


def test_a_study_of_failures_ends_in_a_sentence(
    records, plan_file, tmp_path, monkeypatch
):
    def broken(*_):
        raise errors.InputError("the sky fell")

    monkeypatch.setattr(finetune, "run", broken)
    with pytest.raises(
        errors.InputError, match="every cell failed, the first as the sk"
    ):
        labels.run(plan_file, records, tmp_path / "out", say=lambda text: None)


def test_what_a_study_takes_from_no_recipe_is_told(plan_file, tmp_path, capsys):
    plan_file.with_name("own.yaml").write_text("seed: 7\nfraction: 0.5\n")
    study = plan_file.with_name("told.yaml")
    study.write_text("recipes: [own.yaml]\n")
    with pytest.raises(errors.InputError, match="no folder"):
        labels.run(study, tmp_path / "nowhere", tmp_path / "out", say=print)
    told = "note: the study's own go in place of fraction and seed in own.yaml\n"
    assert capsys.readouterr().err == told


def test_first_weights_of_another_kind_are_refused_before_anything_is_written(
    records, plan_file, tmp_path
):
    study = plan_file.with_name("narrow.yaml")
    study.write_text("recipes: [small.yaml]\ninits: [random, hearts]\n")
    sentence = (
        r"small from hearts: hearts was fine-tuned with width 16, not 2; set width: 16 "
        r".*; or leave the pair out by `without: \[small hearts\]`"
    )
    with pytest.raises(errors.InputError, match=sentence):
        labels.run(study, records, tmp_path / "out", say=print)
    assert not (tmp_path / "out").exists()


def test_a_fraction_without_a_patient_is_refused_before_anything_is_written(
    records, plan_file, tmp_path
):
    study = plan_file.with_name("few.yaml")
    study.write_text("fractions: [0.01]\n")
    with pytest.raises(errors.InputError, match="of 8 patients selects none"):
        labels.run(study, records, tmp_path / "out", say=print)
    assert not (tmp_path / "out").exists()


def test_of_a_recipe_that_draws_images_the_fraction_is_one_of_images(
    records, plan_file, tmp_path
):
    by_image = plan_file.with_name("by_image.yaml")
    by_image.write_text("fraction_by: image\nsize: 32\n")
    study = plan_file.with_name("images.yaml")
    study.write_text("recipes: [by_image.yaml]\nfractions: [0.04]\nsubsets: 1\n")
    labels.run(study, records, tmp_path / "out", say=print)  # 1 of 16, 0.3 of 8
    assert "ours are fractions of images" in (tmp_path / "out/tables.md").read_text()
    study.write_text("recipes: [by_image.yaml]\nfractions: [0.03]\nsubsets: 1\n")
    with pytest.raises(errors.InputError, match="of 16 images selects none"):
        labels.run(study, records, tmp_path / "other", say=print)
