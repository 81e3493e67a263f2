"""JSON of requests, accepted and refused as the model server's parser does.

It takes NaN and Infinity, a byte order mark, text behind the value and keys given
twice, of which the first counts; it refuses numbers beyond double precision.
"""

import base64
import binascii
import json
import math

from echo_keras.serving import limits, status

LONGEST_EXCERPT = 500
SPACE = " \t\n\r"


def parse(body, most=limits.DEFAULT.values):
    """Read the object of a request's body.

    Args:
        body: Bytes of the body.
        most: Number of JSON values in it that are taken, told from its punctuation.

    Returns:
        Dict of str, int (64 bits at most), float, bool, None, lists and dicts.

    Raises:
        tf.errors.InvalidArgumentError: The body is not JSON, not an object or of too
            many values.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > most:
        raise status.invalid(f"JSON of more than {most} values")
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff").lstrip(SPACE)
    if not text:
        raise status.invalid("JSON Parse error: The document is empty. at offset: 0")
    try:
        value, _ = _DECODER.raw_decode(text)
    except json.JSONDecodeError as reason:
        raise status.invalid(
            f"JSON Parse error: {_wording(reason)} at offset: {reason.pos}"
        ) from reason
    except RecursionError as reason:
        raise status.invalid("JSON Parse error: nested too deeply") from reason
    if not isinstance(value, dict):
        raise status.invalid(f"JSON Value: {excerpt(value)} Is not object")
    return value


def excerpt(value):
    """JSON text of a parsed value for an error message, cut where it is long."""
    text = ""
    for piece in _ENCODER.iterencode(value):
        text += piece[: LONGEST_EXCERPT + 1]
        if len(text) > LONGEST_EXCERPT:
            return text[:LONGEST_EXCERPT] + "..."
    return text


def kind(value):
    """The parser's name for the type of a parsed value."""
    return _KINDS[value if isinstance(value, bool) else type(value)]


def is_base64(value):
    """Whether a parsed value is an object of exactly one string under `b64`."""
    return (
        isinstance(value, dict)
        and list(value) == ["b64"]
        and isinstance(value["b64"], str)
    )


def decode_base64(value):
    """Bytes of a `{"b64": "..."}` object; padding may be left out.

    Raises:
        tf.errors.InvalidArgumentError: It is not such an object, or no base64.
    """
    if not is_base64(value):
        raise status.invalid(
            f"JSON Value: {excerpt(value)} not formatted correctly for base64 data"
        )
    text = value["b64"]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as reason:
        raise status.invalid("Unable to base64 decode") from reason


def _first_of_each(pairs):
    return dict(reversed(pairs))


def _integer(digits):
    value = int(digits) if len(digits) <= 20 else 2**64
    return value if -(2**63) <= value < 2**64 else _decimal(digits)


def _decimal(digits):
    value = float(digits)
    if math.isinf(value):
        raise json.JSONDecodeError("Number too big", "", 0)
    return value


def _wording(reason):
    return next(
        (words for start, words in _WORDINGS.items() if reason.msg.startswith(start)),
        "Invalid value.",
    )


_DECODER = json.JSONDecoder(
    object_pairs_hook=_first_of_each, parse_int=_integer, parse_float=_decimal
)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_KINDS = {
    type(None): "Null",
    False: "False",
    True: "True",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}
_WORDINGS = {
    "Expecting property name": "Missing a name for object member.",
    "Expecting ':'": "Missing a colon after a name of object member.",
    "Expecting ','": "Missing a comma or bracket after an array element or member.",
    "Unterminated string": "Missing a closing quotation mark in string.",
    "Invalid control": "Invalid encoding in string.",
    "Invalid \\": "Invalid escape character in string.",
    "Number too big": "Number too big to be stored in double.",
}
