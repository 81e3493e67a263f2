"""Bytes of a `tf.train.Example`, written without TensorFlow.

A Beam worker encodes millions of frames and needs nothing else of TensorFlow, whose
import would cost it seconds and hundreds of megabytes.

Source: https://protobuf.dev/programming-guides/encoding/ and TensorFlow's
feature.proto and example.proto.
"""

import numpy as np

_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


def example(features):
    """Serialise features as a `tf.train.Example`, in the order of their names.

    Args:
        features: Dict of name to a pair of the type, `string`, `float32` or `int64`,
            and the list of values, bytes or numbers.

    Returns:
        Bytes, the same for the same features.
    """
    entries = (
        field(1, name.encode()) + field(2, _feature(dtype, values))
        for name, (dtype, values) in sorted(features.items())
    )
    return field(1, b"".join(field(1, entry) for entry in entries))


def field(number, payload):
    """Serialise a field whose value is bytes, text or a message.

    Args:
        number: Number of the field in its message.
        payload: Bytes of the value.
    """
    length_delimited = 2
    return _varint(number << 3 | length_delimited) + _varint(len(payload)) + payload


def _feature(dtype, values):
    if dtype == "string":
        return field(_BYTES_LIST, b"".join(field(1, value) for value in values))
    if dtype == "float32":
        packed = np.asarray(values, "<f4").tobytes()
        return field(_FLOAT_LIST, field(1, packed))
    packed = b"".join(_varint(int(value) % 2**64) for value in values)
    return field(_INT64_LIST, field(1, packed))


def _varint(number):
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
