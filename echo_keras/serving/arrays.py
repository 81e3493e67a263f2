"""Nested JSON lists as arrays, with the model server's rules for types and shapes."""

import itertools

import numpy as np
import tensorflow as tf

from echo_keras.serving import document, status

MOST_DIMENSIONS = 32


def from_json(value, dtype):
    """Array of nested JSON lists; ragged lists and values of other types are refused.

    Args:
        value: Parsed JSON: a value, a b64 object, or lists of them.
        dtype: `tf.DType` that the signature asks for.

    Returns:
        Array of that type, strings as an object array of bytes.

    Raises:
        tf.errors.InvalidArgumentError: Shape or types do not fit.
    """
    shape = _shape(value)
    level = [value]
    for depth, length in enumerate(shape):
        for item in level if set(map(type, level)) != {list} else ():
            _check_is_list(item, depth, rank=len(shape))
        for size in set(map(len, level)) - {length}:
            raise status.invalid(
                f"Encountered list at unexpected size: {size} at level: {depth} "
                f"expected size: {length}"
            )
        level = list(itertools.chain.from_iterable(level))
    if list in set(map(type, level)):
        raise status.invalid(
            f"Encountered list at unexpected level: {len(shape)} expected < "
            f"{len(shape)}"
        )
    return _values(level, dtype).reshape(shape)


def _shape(value):
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
        if len(shape) > MOST_DIMENSIONS:
            raise status.invalid(
                f"Encountered list at level: {len(shape)} expected <= {MOST_DIMENSIONS}"
            )
    return tuple(shape)


def _check_is_list(item, depth, *, rank):
    if not isinstance(item, list):
        raise status.invalid(
            f"JSON Value: {document.excerpt(item)} found at incorrect level: "
            f"{depth + 1} in the JSON DOM. Expected at level: {rank}"
        )


def _values(leaves, dtype):
    if dtype == tf.string:
        strings = np.empty(len(leaves), object)
        strings[:] = [_bytes(leaf) for leaf in leaves]
        return strings
    if dtype not in _TYPES:
        raise tf.errors.UnimplementedError(
            None,
            None,
            f"Conversion of JSON Value: {document.excerpt(leaves[:1])} to type: "
            f"{_name(dtype)}",
        )
    for leaf in leaves if not set(map(type, leaves)) <= _TYPES[dtype] else ():
        if type(leaf) not in _TYPES[dtype]:
            raise _type_error(leaf, dtype)
    if dtype.is_floating:
        return _floats(leaves, dtype)
    if dtype.is_integer:
        return _integers(leaves, dtype)
    return np.array(leaves, bool)


def _bytes(leaf):
    if isinstance(leaf, dict):
        return document.decode_base64(leaf)
    if not isinstance(leaf, str):
        raise _type_error(leaf, tf.string)
    return leaf.encode("utf-8", "surrogatepass")


def _floats(leaves, dtype):
    limits = np.finfo(dtype.as_numpy_dtype)
    values = np.array(leaves, np.float64)
    too_large = np.isfinite(values) & (np.abs(values) > limits.max)
    exact = 2 ** (limits.nmant + 1) - 1
    lossy = [leaf for leaf in leaves if isinstance(leaf, int) and abs(leaf) > exact]
    lossy += [leaves[position] for position in np.flatnonzero(too_large)]
    if lossy:
        raise status.invalid(
            f"Cannot convert JSON value: {document.excerpt(lossy[0])} to "
            f"{_name(dtype)} without loss of precision."
        )
    return values.astype(dtype.as_numpy_dtype)


def _integers(leaves, dtype):
    """Types below 32 bits take any 32-bit number and wrap it, as the server does."""
    limits = dtype if dtype.size > 4 or dtype == tf.uint32 else tf.int32
    for leaf in (min(leaves), max(leaves)) if leaves else ():
        if not limits.min <= leaf <= limits.max:
            raise _type_error(leaf, dtype)
    wide = np.array(leaves, np.uint64 if dtype == tf.uint64 else np.int64)
    return wide.astype(dtype.as_numpy_dtype)


def _type_error(leaf, dtype):
    return status.invalid(
        f"JSON Value: {document.excerpt(leaf)} Type: {document.kind(leaf)} is not of "
        f"expected type: {_name(dtype)}"
    )


def _name(dtype):
    return _NAMES.get(dtype, dtype.name)


_NAMES = {tf.float16: "half", tf.float32: "float", tf.float64: "double"}
_INTEGERS = (
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint32,
    tf.uint64,
)
_TYPES = {
    tf.float32: {int, float},
    tf.float64: {int, float},
    tf.bool: {bool},
    **{dtype: {int} for dtype in _INTEGERS},
}
