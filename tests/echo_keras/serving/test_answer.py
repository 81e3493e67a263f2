import json

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import answer


def test_one_output_is_a_list_of_bare_values():
    text = answer.row({"y": np.array([[0.1, 1], [2.5, -3]], np.float32)})
    assert json.loads(text) == {"predictions": [[0.1, 1.0], [2.5, -3.0]]}
    assert "0.1, 1.0]" in text


def test_several_outputs_are_objects():
    text = answer.row({"y": np.array([0.5, 1]), "n": np.array([3, 4])})
    assert json.loads(text)["predictions"] == [{"y": 0.5, "n": 3}, {"y": 1.0, "n": 4}]


def test_columns_hold_the_batch():
    y, n = np.ones((2, 1, 1), np.float32), np.array([3, 4])
    assert json.loads(answer.column({"y": y})) == {"outputs": [[[1.0]], [[1.0]]]}
    assert json.loads(answer.column({"y": y, "n": n})) == {
        "outputs": {"y": [[[1.0]], [[1.0]]], "n": [3, 4]}
    }


def test_columns_hold_one_value_a_line():
    text = answer.column({"n": np.array([[1, 2], [3, 4]])})
    assert text == json.dumps({"outputs": [[1, 2], [3, 4]]}, indent=4)
    text = answer.column({"n": np.array([1, 2]), "m": np.zeros((1, 0))})
    assert text == json.dumps({"outputs": {"n": [1, 2], "m": [[]]}}, indent=4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (2, "2.0"),
        (-0.0, "-0.0"),
        (1 / 3, "0.33333334"),
        (16777216, "16777216.0"),
        (1e-7, "1e-07"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_float32_prints_in_its_shortest_form(value, text):
    written = answer.row({"y": np.array([value], np.float32)})
    assert written.split("[")[1].split()[0] == text


def test_every_float32_reads_back_as_itself():
    bits = np.random.default_rng(0).integers(2**32, size=5_000, dtype=np.uint32)
    values = bits.view(np.float32)
    read = json.loads(answer.row({"y": values}))["predictions"]
    np.testing.assert_array_equal(np.array(read, np.float32), values)


def test_bytes_are_base64_and_other_strings_are_text():
    value = np.array([b"\x00\x01", "é\n".encode()], object)
    read = json.loads(answer.row({"png_bytes": value, "label": value[::-1]}))
    assert [item["png_bytes"] for item in read["predictions"]] == [
        {"b64": "AAE="},
        {"b64": "w6kK"},
    ]
    assert read["predictions"][0]["label"] == "é\n"


def test_integers_and_booleans():
    outputs = {"n": np.array([2**64 - 1], np.uint64), "b": np.array([True])}
    assert json.loads(answer.row(outputs))["predictions"] == [
        {"n": 2**64 - 1, "b": True}
    ]


def test_rows_need_one_batch_size():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no shape information"):
        answer.row({"y": np.float32(1)})
    with pytest.raises(tf.errors.InvalidArgumentError, match="inconsistent batch size"):
        answer.row({"y": np.zeros(2), "x": np.zeros(3)})


def test_a_scalar_column_is_a_bare_value():
    assert json.loads(answer.column({"y": np.float32(1)})) == {"outputs": 1.0}
