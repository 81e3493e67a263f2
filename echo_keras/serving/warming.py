"""The first requests of a version, run before it is served: they build what later ones
only use, and take seconds."""

from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import tensor_pb2

from echo_keras import errors

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MOST = 1000

_PREDICT_LOG, _REQUEST = 6, 1
_MODEL_SPEC, _SIGNATURE, _INPUTS, _KEY, _VALUE = 1, 3, 2, 1, 2
_FAULTS = (ValueError, KeyError, IndexError, DecodeError, tf.errors.OpError)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def warm(folder, servable):
    """Run the warm-up requests of a version, as the model server does.

    Args:
        folder: Folder of the version.
        servable: `session.Servable` of it.

    Returns:
        Number of requests that were run, 0 where the version brings none.

    Raises:
        InputError: They cannot be read or run, or are too many.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return 0
    number = 0
    try:
        for number, record in enumerate(_records(path), start=1):
            if number > MOST:
                raise ValueError(f"there are more than {MOST}")
            servable.run(*_request(record))
    except _FAULTS as reason:
        raise errors.InputError(
            f"warm-up request {number} of {path} cannot be run: {reason}; export the "
            "model again"
        ) from reason
    return number


def _records(path):
    return tf.data.TFRecordDataset(str(path)).as_numpy_iterator()


def _request(record):
    """Signature and inputs of a serialised `tensorflow.serving.PredictionLog`.

    Source: prediction_log.proto, predict.proto and model.proto of TensorFlow Serving.
    """
    signature, inputs = "serving_default", {}
    for log in _payloads(record, _PREDICT_LOG):
        for request in _payloads(log, _REQUEST):
            for model in _payloads(request, _MODEL_SPEC):
                for name in _payloads(model, _SIGNATURE):
                    signature = name.decode() or signature
            for entry in _payloads(request, _INPUTS):
                ((name,), (tensor,)) = (_payloads(entry, n) for n in (_KEY, _VALUE))
                tensor = tensor_pb2.TensorProto.FromString(tensor)
                inputs[name.decode()] = tf.make_ndarray(tensor)
    if not inputs:
        raise ValueError("it is no request to predict")
    return signature, inputs


def _payloads(message, wanted):
    """Payloads of the fields of one number in a serialised protocol buffer."""
    found, position = [], 0
    while position < len(message):
        key, position = _varint(message, position)
        length = {_FIXED64: 8, _FIXED32: 4}.get(key & 7, 0)
        if key & 7 in (_VARINT, _BYTES):
            value, position = _varint(message, position)
            length = value if key & 7 == _BYTES else 0
        if key == wanted << 3 | _BYTES:
            found.append(message[position : position + length])
        position += length
    return found


def _varint(message, position):
    value = shift = 0
    while message[position] & 0x80:
        value |= (message[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
    return value | message[position] << shift, position + 1
