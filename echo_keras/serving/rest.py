"""TensorFlow Serving's REST API as a pure function from a request to an answer."""

import contextlib
import re
import threading
import urllib.parse
import zlib

import tensorflow as tf

from echo_keras.serving import answer, document, limits, pixels, status, tensors

DEFAULT_SIGNATURE = "serving_default"
LARGE = 4 * 2**20
DEFLATE_RATIO = 1032

_API = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_PREDICTION = re.compile(
    r"/v1/models/(?P<name>[^/:]+)"
    r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r":(?P<verb>classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
_INFORMATION = re.compile(
    r"/v1/models(?:/(?P<name>[^/:]+))?"
    r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?:/(?P<verb>metadata))?",
    re.IGNORECASE | re.ASCII,
)
_LARGE_ONES = threading.Lock()
_NOT_FOUND_PAGE = b"""\
<HTML><HEAD>
<TITLE>404 Not Found</TITLE>
</HEAD><BODY>
<H1>Not Found</H1>
</BODY></HTML>
"""


def handle(method, path, headers, body, models, limit=limits.DEFAULT):
    """Answer one request.

    Args:
        method: HTTP method in capitals.
        path: Path of the request as sent, query included.
        headers: Mapping of the request's headers.
        body: Bytes of the request's body.
        models: Dict of `session.Model` by name.
        limit: `limits.Limits` of the body and of the images in it.

    Returns:
        HTTP status, dict of headers and bytes of the answer.
    """
    if not _API.fullmatch(path):
        return _respond(404, _NOT_FOUND_PAGE, kind="text/html")
    try:
        text = _route(method, path, headers, body, models=models, limit=limit)
    except tf.errors.OpError as reason:
        return refuse(status.http(reason), status.text(reason))
    return _respond(200, text.encode("utf-8", "replace"))


def refuse(code, message):
    """Answer with an error: HTTP status, dict of headers and bytes of the body."""
    return _respond(code, answer.error(message).encode())


def _respond(code, body, *, kind="application/json"):
    return code, {"Content-Type": kind, "Content-Length": str(len(body))}, body


def target(method, path):
    """Name of the model and verb of a request to predict, or None of any other."""
    match = _PREDICTION.fullmatch(path) if method == "POST" else None
    if not match:
        return None
    return urllib.parse.unquote(match["name"], errors="replace"), match["verb"].lower()


def _route(method, path, headers, body, *, models, limit):
    pattern = {"POST": _PREDICTION, "GET": _INFORMATION}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if not match:
        raise status.invalid(f"Malformed request: {method} {path}")
    model = {
        "name": urllib.parse.unquote(match["name"] or "", errors="replace"),
        "version": _number(match["version"]),
        "label": match["label"] and urllib.parse.unquote(match["label"]),
    }
    if method == "POST":
        verb = match["verb"].lower()
        with _turn(headers, body):
            predict = _infer(verb, model, headers, body, models=models, limit=limit)
        return predict()
    if not model["name"]:
        raise status.invalid("Missing model name in request.")
    return (_metadata if match["verb"] else _status)(model, models)


def _number(digits):
    if digits is None:
        return None
    significant = digits.lstrip("0") or "0"
    if len(significant) > 19 or int(significant) >= 2**63:
        raise status.invalid(f"Failed to convert version: {digits} to numeric.")
    return int(significant)


def _status(model, models):
    name, version = model["name"], model["version"]
    found = models.get(name)
    states = {**found.ended, **dict.fromkeys(found.versions)} if found else {}
    if version is not None and version not in states:
        raise status.not_found(f"Could not find version {version} of model {name}")
    if not states:
        raise status.not_found(f"Could not find any versions of model {name}")
    if version is not None:
        states = {version: states[version]}
    return answer.version_status(states)


def _metadata(model, models):
    number, servable = _find(model, models)
    return answer.metadata(model["name"], number, servable.signatures)


def _find(model, models):
    name, version, label = model["name"], model["version"], model["label"]
    found = models.get(name)
    if label is not None:
        if found is None or label not in found.labels:
            raise status.invalid(f"Unrecognized servable version label: {label}")
        version = found.labels[label]
    versions = found.versions if found else {}
    if version is None and versions:
        version = max(versions)
    if version not in versions:
        wanted = (
            f"Latest({name})" if version is None else f"Specific({name}, {version})"
        )
        raise status.not_found(f"Servable not found for request: {wanted}")
    return version, versions[version]


@contextlib.contextmanager
def _turn(headers, body):
    """Large bodies are read one after the other, since parsed they take most memory."""
    largest = len(body) * (DEFLATE_RATIO if _packed(headers) else 1)
    with _LARGE_ONES if largest > LARGE else contextlib.nullcontext():
        yield


def _packed(headers):
    encodings = [v for k, v in headers.items() if k.lower() == "content-encoding"]
    return any("gzip" in encoding for encoding in encodings)


def _unpacked(headers, body, largest):
    """A body that cannot be unpacked counts as empty, as in the model server."""
    if not _packed(headers):
        return body
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = stream.decompress(body, largest)
    except zlib.error:
        return b""
    return unpacked if stream.eof else b""


def _infer(verb, model, headers, body, *, models, limit):
    """Read a request and return the function that answers it."""
    request = document.parse(_unpacked(headers, body, limit.body), limit.values)
    if not isinstance(request.get("signature_name", ""), str):
        raise status.invalid(
            f"JSON Value: {document.excerpt(request)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    name = request.get("signature_name") or DEFAULT_SIGNATURE
    if verb != "predict":
        _check_examples(request)
        raise _unlike(verb, name, _find(model, models)[1])
    servable = _find(model, models)[1]
    if name not in servable.signatures:
        raise status.invalid(
            f'Serving signature name: "{name}" not found in signature def'
        )
    inputs, by_row = tensors.from_request(request, servable.signatures[name])
    _check_rows(inputs, limit.rows)
    pixels.check(inputs, limit.pixels)

    def predict():
        outputs = servable.run(name, inputs)
        return answer.row(outputs) if by_row else answer.column(outputs)

    return predict


def _check_rows(inputs, most):
    for values in inputs.values():
        if values.ndim and len(values) > most:
            raise status.invalid(
                f"Batch of {len(values)} rows, this server takes {most}"
            )


def _check_examples(request):
    examples = request.get("examples")
    fault = None
    if "examples" not in request:
        fault = "When method is classify, key 'examples' is expected and was not found"
    elif not isinstance(examples, list):
        fault = "Expecting 'examples' value to be an list/array"
    elif not examples:
        fault = "'examples' value is an empty array"
    if fault:
        raise status.invalid(f"JSON Value: {document.excerpt(request)} {fault}")


def _unlike(verb, name, servable):
    """Why no signature answers `verb`: this project exports predict signatures only."""
    if name not in servable.signatures:
        return status.invalid(f"No signature was found with the name: {name}")
    noun = {"classify": "classification", "regress": "regression"}[verb]
    return status.invalid(
        f"Expected {noun} signature method_name to be tensorflow/serving/{verb}. Was: "
        f"{servable.signatures[name].method_name}"
    )
