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
    entries = [
        _field(1, [*_field(1, [name.encode()]), *_field(2, _feature(dtype, values))])
        for name, (dtype, values) in sorted(features.items())
    ]
    return b"".join(_field(1, _flat(entries)))


def field(number, payload):
    """Serialise a field whose value is bytes, text or a message.

    Args:
        number: Number of the field in its message.
        payload: Bytes of the value.
    """
    return b"".join(_field(number, [payload]))


def _feature(dtype, values):
    if dtype == "string":
        return _field(_BYTES_LIST, _flat(_field(1, [value]) for value in values))
    if dtype == "float32":
        packed = np.asarray(values, "<f4").tobytes()
        return _field(_FLOAT_LIST, _field(1, [packed]))
    packed = b"".join(_varint(int(value) % 2**64) for value in values)
    return _field(_INT64_LIST, _field(1, [packed]))


def _field(number, parts):
    """Parts of a field, which are joined only in the end: each copy takes its time."""
    length_delimited = 2
    length = sum(map(len, parts))
    return [_varint(number << 3 | length_delimited) + _varint(length), *parts]


def _flat(fields):
    return [part for field in fields for part in field]


def _varint(number):
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
