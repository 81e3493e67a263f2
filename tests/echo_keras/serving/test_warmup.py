import itertools

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

from echo_keras.serving import export, session, warmup

MESSAGES = {
    "ModelSpec": {"name": 1, "signature_name": 3},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "Input")},
    "Input": {"key": 1, "value": 2},
    "PredictLog": {"request": (1, "PredictRequest")},
    "PredictionLog": {"predict_log": (6, "PredictLog")},
}
REPEATED, TEXT, BYTES, MESSAGE = 3, 9, 12, 11


@pytest.fixture(scope="module")
def prediction_log():
    """The message as TensorFlow Serving declares it, as far as it is used."""
    file = descriptor_pb2.FileDescriptorProto(name="log.proto", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number in fields.items():
            added = message.field.add(name=field, label=1)
            if isinstance(number, tuple):
                number, added.type_name = number
                added.type = MESSAGE
            else:
                added.type = BYTES if field == "value" else TEXT
            added.label = REPEATED if field == "inputs" else 1
            added.number = number
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("PredictionLog")
    return message_factory.GetMessageClass(found)


def test_the_requests_of_the_file_are_those_that_were_run(prediction_log, tmp_path):
    wanted = warmup.requests(32)
    warmup.write(tmp_path / warmup.FILE, "lv", wanted)
    read = tf.data.TFRecordDataset(str(tmp_path / warmup.FILE)).as_numpy_iterator()
    for record, (signature, inputs) in itertools.zip_longest(read, wanted):
        request = prediction_log.FromString(record).predict_log.request
        assert request.model_spec.name == "lv"
        assert request.model_spec.signature_name == signature
        [(key, values)] = inputs.items()
        assert request.inputs[0].key == key
        tensor = tensor_pb2.TensorProto.FromString(request.inputs[0].value)
        np.testing.assert_array_equal(tf.make_ndarray(tensor), values)


def test_an_export_holds_warm_up_requests_that_it_answers(models_dir):
    version = models_dir / "lv" / "1"
    file = version / "assets.extra" / warmup.FILE
    count = sum(1 for _ in tf.data.TFRecordDataset(str(file)))
    assert 0 < count == export.facts(version)["warmup_requests"] <= 1000
    servable = session.load(version)
    for signature, inputs in warmup.requests(32):
        [batch] = {len(values) for values in inputs.values()}
        answer = servable.run(signature, inputs)
        assert {len(values) for values in answer.values()} == {batch}
