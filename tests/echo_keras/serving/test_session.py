import shutil

import numpy as np
import pytest
import tensorflow as tf

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


class Endless(tf.Module):
    """Counts round and round for a positive number, and answers any other."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="number")])
    def count(self, number):
        def on(step):
            return tf.math.floormod(step, 7) + 1

        (step,) = tf.while_loop(lambda step: step > 0, on, [number[0]])
        return {"step": step[None]}


def test_a_run_that_takes_too_long_breaks_off_and_frees_its_thread(tmp_path):
    module = Endless()
    tf.saved_model.save(module, str(tmp_path), signatures={"count": module.count})
    bounded = session.bounded(session.load(tmp_path), 0.2)
    with pytest.raises(tf.errors.DeadlineExceededError):  # or it never returns
        bounded.run("count", {"number": np.array([1], np.int32)})
    answer = bounded.run("count", {"number": np.array([0], np.int32)})
    assert answer["step"].tolist() == [0]
