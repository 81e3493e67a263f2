import keras
import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from tensorflow_serving.apis import prediction_log_pb2

from echo_keras import errors
from echo_keras.serving import export
from pipeline import build
from pipeline.tfx import modelgates

SIZE = 16


@pytest.fixture(scope="module")
def records(camus, tmp_path_factory):
    """Folder of records of the synthetic hearts."""
    folder = tmp_path_factory.mktemp("records") / "camus"
    build.run("camus", camus, folder)
    return folder


@pytest.fixture
def version(tmp_path):
    """Exported version of a network of one layer."""
    frame = keras.Input((SIZE, SIZE, 1))
    layer = keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")
    (tmp_path / "tuned").mkdir()
    keras.Model(frame, layer(frame)).save(tmp_path / "tuned" / export.MODEL)
    return export.export(tmp_path / "tuned", tmp_path / "lv")


def _warm_up(version, *shapes):
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(path)) as file:
        for shape in shapes:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = "lv"
            image = tf.make_tensor_proto(np.zeros(shape, np.float32))
            request.inputs["image"].CopyFrom(image)
            file.write(log.SerializeToString())


def test_an_export_is_asked_what_it_brings_and_about_real_frames(version, records):
    brought = [name for name, _ in modelgates.warmups(version)]
    assert brought == ["serving_default", "image_bytes"] * 2
    assert modelgates.validate(version, records) == len(brought) + modelgates.FRAMES


def test_the_warm_up_requests_of_an_export_are_asked_too(version, records):
    _warm_up(version, (1, SIZE, SIZE, 1), (4, SIZE, SIZE, 1))
    assert modelgates.validate(version, records) == modelgates.FRAMES + 2


def test_a_warm_up_request_that_is_refused_closes_the_gate(version, records):
    _warm_up(version, (1, SIZE, SIZE + 1, 1))
    sentence = r"gate InfraValidator is closed on the export .*request 0 of serving_def"
    with pytest.raises(errors.InputError, match=sentence):
        modelgates.validate(version, records)


def test_an_export_without_a_signature_closes_the_gate(records, tmp_path):
    lone = tf.Module()
    lone.answer = tf.function(
        lambda image: {"probability": image},
        input_signature=[tf.TensorSpec((None, SIZE, SIZE, 1), tf.float32, "image")],
    )
    tf.saved_model.save(lone, str(tmp_path / "1"), {"serving_default": lone.answer})
    with pytest.raises(errors.InputError, match="it lacks the signature image_bytes"):
        modelgates.validate(tmp_path / "1", records)


def test_a_network_that_answers_nan_closes_the_gate(version, records, monkeypatch):
    real = modelgates.session.load(version)

    def broken(signature, inputs):
        return {"probability_mean": np.array([np.nan])}

    spoiled = modelgates.session.Servable(signatures=real.signatures, run=broken)
    monkeypatch.setattr(modelgates.session, "load", lambda folder: spoiled)
    with pytest.raises(errors.InputError, match="probability_mean is NaN"):
        modelgates.validate(version, records)
