import shutil

import pytest

from echo_keras import errors
from echo_keras.serving import session


def test_only_complete_numbered_folders_are_versions(models_dir, tmp_path):
    version = models_dir / "lv" / "1"
    for name in ("2", "10", "01", "-3", "next", ".partial-x"):
        shutil.copytree(version, tmp_path / "lv" / name)
    (tmp_path / "lv" / "11").mkdir()
    assert sorted(session.version_numbers(tmp_path / "lv")) == [2, 10]


def test_both_signatures_are_predict_signatures(models):
    signatures = models["lv"].versions[1].signatures
    for name in ("serving_default", "image_bytes"):
        assert signatures[name].method_name == "tensorflow/serving/predict"


def test_a_broken_saved_model_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"broken")
    with pytest.raises(errors.InputError, match="holds no SavedModel for serving"):
        session.load(tmp_path)
