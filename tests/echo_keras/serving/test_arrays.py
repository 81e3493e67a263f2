import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import arrays


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1, tf.float32, np.float32(1)),
        ([0.1, 2], tf.float32, np.array([0.1, 2], np.float32)),
        ([16777215], tf.float32, np.array([16777215], np.float32)),
        ([2**53 - 1], tf.float64, np.array([2**53 - 1], np.float64)),
        ([[1, 2], [3, 4]], tf.int64, np.array([[1, 2], [3, 4]], np.int64)),
        ([[], []], tf.float32, np.zeros((2, 0), np.float32)),
        ([], tf.int32, np.zeros(0, np.int32)),
        ([True, False], tf.bool, np.array([True, False])),
        ([256, -1], tf.uint8, np.array([0, 255], np.uint8)),
        ([2**64 - 1], tf.uint64, np.array([2**64 - 1], np.uint64)),
    ],
)
def test_numbers_become_arrays_of_the_wanted_type(value, dtype, expected):
    result = arrays.from_json(value, dtype)
    assert result.dtype == dtype.as_numpy_dtype
    np.testing.assert_array_equal(result, expected)
    assert result.shape == expected.shape


def test_infinities_and_nan_become_floats():
    result = arrays.from_json([math.nan, math.inf, -math.inf], tf.float32)
    np.testing.assert_array_equal(result, [math.nan, math.inf, -math.inf])


def test_strings_are_bytes_plain_or_base64():
    result = arrays.from_json([["é", {"b64": "AAE"}]], tf.string)
    assert result.tolist() == [["é".encode(), b"\x00\x01"]]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ("1", tf.float32),
        (True, tf.float32),
        (None, tf.float32),
        ({"b64": "AAE"}, tf.float32),
        (1.0, tf.int32),
        (True, tf.int32),
        (2**31, tf.int32),
        (2**31, tf.uint8),
        (2**63, tf.int64),
        (-1, tf.uint32),
        (-1, tf.uint64),
        (1, tf.bool),
        (1, tf.string),
    ],
)
def test_another_type_is_refused(value, dtype):
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not of expected type"):
        arrays.from_json([value], dtype)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (2**24, tf.float32),
        (-(2**24), tf.float32),
        (1e39, tf.float32),
        (2**53, tf.double),
    ],
)
def test_a_number_that_does_not_fit_a_float_is_refused(value, dtype):
    with pytest.raises(tf.errors.InvalidArgumentError, match="without loss of precis"):
        arrays.from_json([0.5, value], dtype)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2], [3]], "unexpected size: 1 at level: 1 expected size: 2"),
        ([[1], 2], "JSON Value: 2 found at incorrect level: 2 .* at level: 2"),
        ([1, [2]], "list at unexpected level: 1 expected < 1"),
        ([[], [1]], "unexpected size: 1 at level: 1 expected size: 0"),
    ],
)
def test_ragged_lists_are_refused(value, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        arrays.from_json(value, tf.float32)


def test_a_type_without_json_form_is_not_implemented():
    with pytest.raises(tf.errors.UnimplementedError, match="to type: half"):
        arrays.from_json([1], tf.float16)
