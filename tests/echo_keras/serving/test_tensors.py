"""A predict request as arrays; what is refused in words stands in `test_rest.py`."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from echo_keras.serving import tensors


def signature(**dtypes):
    return meta_graph_pb2.SignatureDef(
        inputs={
            name: meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum)
            for name, dtype in dtypes.items()
        }
    )


PAIR = signature(grey=tf.float32, text=tf.string)
TEXT = signature(text=tf.string)


def test_rows_of_two_inputs_become_a_column_of_each():
    rows = [
        {"grey": [1, 2], "text": "a"},
        {"text": {"b64": "AAE="}, "grey": [3, 4]},
    ]
    columns, by_row = tensors.from_request({"instances": rows}, PAIR)
    assert by_row is True
    assert set(columns) == {"grey", "text"}
    np.testing.assert_array_equal(columns["grey"], [[1, 2], [3, 4]])
    assert columns["grey"].dtype == np.float32
    assert columns["text"].dtype == object
    assert columns["text"].tolist() == [b"a", b"\x00\x01"]


def test_columns_keep_the_shapes_that_they_have():
    request = {"inputs": {"grey": [[1, 2, 3]], "text": ["a", "b"]}}
    columns, by_row = tensors.from_request(request, PAIR)
    assert by_row is False
    assert columns["grey"].shape == (1, 3)
    assert columns["text"].tolist() == [b"a", b"b"]


def test_base64_is_a_value_and_no_name_of_an_input():
    columns, _ = tensors.from_request({"inputs": {"b64": "aGk="}}, TEXT)
    assert columns["text"].shape == ()
    assert columns["text"].item() == b"hi"
    columns, _ = tensors.from_request({"instances": [{"b64": "aGk="}, "ho"]}, TEXT)
    assert columns["text"].tolist() == [b"hi", b"ho"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="inputs is a plain value"):
        tensors.from_request({"inputs": {"b64": "aGk="}}, PAIR)


def test_an_element_that_is_refused_is_named_with_its_input_where_that_was_named():
    unlike = [{"grey": [1], "text": "a"}, {"grey": [1, 2], "text": "a"}]
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        tensors.from_request({"instances": unlike}, PAIR)
    assert refused.value.message == (
        "Failed to process element: 1 key: grey of 'instances' list. Error: "
        "INVALID_ARGUMENT: Expecting tensor size: 1 but got: 2"
    )
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        tensors.from_request({"instances": ["a", ["b", "c"]]}, TEXT)
    assert refused.value.message == (
        "Failed to process element: 1 of 'instances' list. Error: "
        "INVALID_ARGUMENT: Expecting tensor size: 1 but got: 2"
    )


def test_a_signature_without_inputs_takes_no_request():
    sentence = "Failed to get input map for signature"
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        tensors.from_request({"inputs": {}}, signature())
