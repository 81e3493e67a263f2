"""The main job end to end: from raw video to a served mask, through the commands."""

import json

import pytest

from echo_keras import config, errors
from echo_keras.study import demo


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A demo on twenty small videos: its folder, what it said, and its last line."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PHANTOMS", {"echonet": ("--patients", 20, "--frames", 40)})
        patch.setattr(demo, "FRACTION", 0.25)
        patch.setattr(demo, "PRETRAIN", ("--epochs", 2))
        patch.setattr(
            demo,
            "PHANTOM_PRETRAIN",
            config.Pretrain(size=32, width=4, batch=8),
        )
        patch.setattr(
            demo, "PHANTOM_FINETUNE", config.Finetune(size=32, width=4, steps=60)
        )
        line = demo.run(folder, say=said.append)
        yield folder, said, line


def test_every_public_command_is_told(finished):
    _, said, _ = finished
    commands = [line.split()[2] for line in said if line.startswith("$ ")]
    assert commands == [
        *("phantom", "build-tfrecords", "pretrain"),
        *("finetune", "export") * 2,
        *("serve", "evaluate", "evaluate"),
    ]


def test_both_models_are_scored_on_the_whole_test_split(finished):
    folder, _, line = finished
    models = json.loads((folder / "scores.json").read_text())["models"]
    manifest = json.loads((folder / "records/echonet/manifest.json").read_text())
    test, train = manifest["counts"]["test"], manifest["counts"]["train"]
    assert [model["init"] for model in models] == ["random", "simclr"]
    for model in models:
        assert model["patients"] == test["patients"]
        assert model["images"] == 2 * test["patients"]
        assert model["labelled_patients"] == round(0.25 * train["patients"])
        assert f"{model['dice_per_image_mean']:.4f}" in line


def test_the_network_has_learned_something(finished):
    models = json.loads((finished[0] / "scores.json").read_text())["models"]
    assert min(model["dice_pooled"] for model in models) > 0.2


def test_the_pretrained_weights_were_the_first_ones(finished):
    folder, _, _ = finished
    random = json.loads((folder / "finetune/echonet-random/finetune.json").read_text())
    simclr = json.loads((folder / "finetune/echonet-simclr/finetune.json").read_text())
    assert random["patients"] == simclr["patients"]
    assert random["loss"] != simclr["loss"]
    recipe = config.load(
        config.Finetune, folder / "finetune/echonet-simclr/recipe.yaml"
    )
    assert recipe.init == str(folder / "pretrain")


def test_the_exported_models_and_the_report_are_left(finished):
    folder, _, line = finished
    for name in ("echonet-random", "echonet-simclr"):
        assert (folder / "saved_models" / name / "1" / "saved_model.pb").is_file()
    page = (folder / "report.html").read_text()
    assert line.endswith(f"report  {folder / 'report.html'}")
    assert page.count("<figure>") == 3 * 4
    assert "<!--" not in page
    assert 'src="data:image/png;base64,' in page
    assert "http" not in page.replace("http://127.0.0.1", "")


def test_a_second_run_keeps_what_is_there(finished):
    folder, _, line = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.keras")}
    again = []
    assert demo.run(folder, say=again.append) == line
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.keras")} == before
    assert sum(text.startswith("  kept from an earlier run") for text in again) == 10


def test_the_results_of_another_demo_are_not_mixed_in(finished, monkeypatch):
    folder, _, _ = finished
    monkeypatch.setattr(demo, "FRACTION", 0.5)
    with pytest.raises(errors.InputError, match=r"was not written by .*--fraction 0.5"):
        demo.run(folder, say=lambda line: None)


def test_a_missing_data_set_is_named_before_anything_runs(tmp_path):
    with pytest.raises(errors.InputError, match=r"no folder .*nowhere to read camus"):
        demo.run(tmp_path / "out", camus=tmp_path / "nowhere", say=lambda line: None)
    assert not (tmp_path / "out").exists()
