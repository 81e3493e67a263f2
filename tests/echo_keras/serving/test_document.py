import math

import pytest
import tensorflow as tf

from echo_keras.serving import document


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"1", 1),
        (b"-0.5e-3", -0.0005),
        (b"1E2", 100.0),
        (b"Infinity", math.inf),
        (b"-Infinity", -math.inf),
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2.0**64),
        (b"-9223372036854775809", -(2.0**63) - 1),
        (b'"\\u00e9\xc3\xa9"', "éé"),
        (b"[true, false, null]", [True, False, None]),
    ],
)
def test_values_that_are_read(body, value):
    assert document.parse(b'{"x": ' + body + b"}") == {"x": value}


def test_nan_is_read():
    assert math.isnan(document.parse(b'{"x": NaN}')["x"])


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"x": 1}',
        b' \t\r\n{"x": 1}',
        b'{"x": 1} and more',
        b'{"x": 1}{"x": 2}',
        b'{"x": 1, "x": 2}',
    ],
)
def test_oddities_that_the_model_server_accepts(body):
    assert document.parse(body) == {"x": 1}


@pytest.mark.parametrize(
    "value",
    [
        *("nan", "+1", ".5", "01", "1.", "-", "1e400", "-1e400", "1" * 400, "1" * 5000),
        *("[1,]", "{,}", '{"y"1}', "[1", "[" * 100_000, "/**/1", "tru"),
        *("'a'", '"a', '"a\nb"', '"\\x"'),
    ],
    ids=lambda value: value[:9],
)
def test_values_that_are_refused(value):
    with pytest.raises(tf.errors.InvalidArgumentError, match="JSON Parse error: "):
        document.parse(b'{"x": ' + value.encode() + b"}")


@pytest.mark.parametrize("body", [b"", b"  ", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body):
    with pytest.raises(tf.errors.InvalidArgumentError, match="document is empty"):
        document.parse(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"NaN"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Is not object"):
        document.parse(body)


@pytest.mark.parametrize("text", ["aGk=", "aGk"])
def test_base64_needs_no_padding(text):
    assert document.decode_base64({"b64": text}) == b"hi"


@pytest.mark.parametrize(
    "value", [{"b64": "a"}, {"b64": "%%%%"}, {"b64": "é"}, {"b64": 1}, {"x": "aGk="}]
)
def test_what_is_no_base64_is_refused(value):
    with pytest.raises(tf.errors.InvalidArgumentError, match="base64"):
        document.decode_base64(value)


def test_only_an_object_of_one_string_is_base64():
    assert document.is_base64({"b64": "aGk="})
    for value in ({"b64": "aGk=", "x": 1}, {"b64": None}, {}, "aGk=", ["b64"]):
        assert not document.is_base64(value)


def test_long_values_are_cut_in_messages():
    assert document.excerpt([1, "a"]) == '[1, "a"]'
    assert len(document.excerpt([0.5] * 10_000)) < 1_000
