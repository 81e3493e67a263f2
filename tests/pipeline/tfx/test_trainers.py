import pathlib
import types

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import trainers


@pytest.mark.parametrize("folder", ["runs/records/3", "gs://bucket/records/3"])
def test_the_folder_of_records_is_found_by_the_files_of_a_split(folder):
    assert trainers.records([f"{folder}/Split-train/*"]) == [folder]


def test_what_a_killed_run_left_of_an_export_is_in_nobodys_way(tmp_path, monkeypatch):
    def trained(recipe, data, output):
        output.mkdir()

    def exported(model, output):
        version = output / str(1 + len(list(output.glob("*"))))
        version.mkdir(parents=True)
        return version

    monkeypatch.setattr(trainers, "records", lambda patterns: ["records"])
    monkeypatch.setattr(trainers.origin, "records", lambda folder: {})
    monkeypatch.setattr(trainers.finetuning, "run", trained)
    monkeypatch.setattr(trainers.export, "export", exported)
    facts = ({}, "code", [{}], str(tmp_path))
    with trainers.folders.work(str(tmp_path), "finetune", *facts) as work:
        pathlib.Path(f"{work}-export", "1").mkdir(parents=True)
    given = types.SimpleNamespace(
        custom_config={"recipe": {}, "code": "code", "root": str(tmp_path)},
        train_files=[],
        base_model=str(tmp_path),
        serving_model_dir=str(tmp_path / "served"),
        model_run_dir=str(tmp_path / "trained"),
    )
    trainers.finetune(given)
    assert (tmp_path / "served").is_dir()
    assert not list((tmp_path / "work").iterdir())
