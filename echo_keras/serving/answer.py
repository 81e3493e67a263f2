"""JSON of answers, written as the model server writes it."""

import base64
import itertools
import json
import math

import numpy as np
from google.protobuf import json_format

from echo_keras.serving import status


def row(outputs):
    """Predictions in row format, one entry for each instance of the request.

    Args:
        outputs: Dict of arrays by output name, all with the same first dimension.

    Returns:
        JSON text: bare values where there is one output, objects where several.

    Raises:
        tf.errors.InvalidArgumentError: An output has no batch dimension, or a batch of
            another size than the others.
    """
    batch = _batch_size(outputs)
    columns = {
        name: _nested(_tokens(name, values), values.shape, first=1)
        for name, values in outputs.items()
    }
    if len(columns) == 1:
        entries = next(iter(columns.values()))
    else:
        entries = [
            _object({name: column[item] for name, column in columns.items()}, indent=8)
            for item in range(batch)
        ]
    return '{\n    "predictions": [' + ", ".join(entries) + "\n    ]\n}"


def column(outputs):
    """Outputs in column format, each as one array over the batch.

    Args:
        outputs: Dict of arrays by output name.

    Returns:
        JSON text, one value a line: a bare array where there is one output.
    """
    several = len(outputs) > 1
    texts = {
        name: _nested(_tokens(name, values), values.shape, indent=4 + 4 * several)[0]
        for name, values in outputs.items()
    }
    text = _object(texts, indent=4) if several else next(iter(texts.values()))
    return '{\n    "outputs": ' + text + "\n}"


def error(message):
    """JSON text of a refusal."""
    return json.dumps({"error": message}, indent=4)


def version_status(states):
    """JSON text that says which versions of a model answer, the newest first.

    Args:
        states: By number None of a version that answers, or why it does not: an error
            message, empty where it was unloaded.
    """
    states = [
        {
            "version": str(number),
            "state": "AVAILABLE" if reason is None else "END",
            "status": {
                "error_code": "UNKNOWN" if reason else "OK",
                "error_message": reason or "",
            },
        }
        for number, reason in sorted(states.items(), reverse=True)
    ]
    return json.dumps({"model_version_status": states}, indent=1) + "\n"


def metadata(name, number, signatures):
    """JSON text of a version's signatures.

    Args:
        name: Name of the model.
        number: Number of the version.
        signatures: `SignatureDef` of each signature, by name.
    """
    described = {
        signature: json_format.MessageToDict(
            definition,
            preserving_proto_field_name=True,
            including_default_value_fields=True,
        )
        for signature, definition in signatures.items()
    }
    document = {
        "model_spec": {"name": name, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": described}},
    }
    return json.dumps(document, indent=1) + "\n"


def _batch_size(outputs):
    for name, values in outputs.items():
        if values.ndim == 0:
            raise status.invalid(f"Tensor name: {name} has no shape information ")
    sizes = {name: len(values) for name, values in outputs.items()}
    first = next(iter(sizes.values()))
    for name, size in sizes.items():
        if size != first:
            raise status.invalid(
                f"Tensor name: {name} has inconsistent batch size: {size} expecting: "
                f"{first}"
            )
    return first


def _tokens(name, values):
    flat = values.ravel()
    if values.dtype.kind == "f":
        return _decimals(flat)
    if values.dtype.kind == "O":
        write = _base64 if name.endswith("_bytes") else _string
        return [write(value) for value in flat]
    return list(map(json.dumps, flat.tolist()))


def _decimals(flat):
    """Shortest text that reads back as the same number of the same precision."""
    tokens = list(map(str, flat))
    if np.isfinite(flat).all():
        return tokens
    return [_SPECIAL.get(token, token) for token in tokens]


def _base64(value):
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'


def _string(value):
    return json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False)


def _nested(tokens, shape, *, first=0, indent=None):
    """Join tokens into nested lists, from the innermost dimension out to `first`."""
    for depth in range(len(shape) - 1, first - 1, -1):
        start, comma, end = "[", ", ", "]"
        if indent is not None and shape[depth]:
            inner = "\n" + " " * (indent + 4 * (depth + 1))
            start, comma, end = "[" + inner, "," + inner, inner[:-4] + "]"
        length, count = shape[depth], math.prod(shape[:depth])
        remaining = iter(tokens)
        tokens = [
            start + comma.join(itertools.islice(remaining, length)) + end
            for _ in range(count)
        ]
    return tokens


def _object(texts, *, indent):
    inner = "\n" + " " * (indent + 4)
    members = ("," + inner).join(f'"{name}": {text}' for name, text in texts.items())
    return "{" + inner + members + inner[:-4] + "}"


_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
