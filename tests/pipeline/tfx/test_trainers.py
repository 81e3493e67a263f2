import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import trainers


@pytest.mark.parametrize("folder", ["runs/records/3", "gs://bucket/records/3"])
def test_the_folder_of_records_is_found_by_the_files_of_a_split(folder):
    assert trainers.records([f"{folder}/Split-train/*"]) == [folder]
