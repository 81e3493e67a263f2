"""A small client of the REST API: kept connections, lost answers asked for again."""

import base64
import contextlib
import functools
import http.client
import json
import random
import re
import threading
import time
import urllib.parse

from echo_keras import errors

ATTEMPTS = 6
FIRST_PAUSE = 0.1
TIMEOUT = 60.0
_CONNECTIONS = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
_REMEDIES = {
    400: "check the images, and that echo-keras export wrote the model",
    404: "check the name of the model and its version",
    413: "send smaller images, or raise the server's limit",
    504: "send smaller images, or give the server more time",
}
_REMEDY = "the server's own output may tell why"
_MODEL = re.compile(r"/v1/models/[^/:]+(/versions/\d+|/labels/[^/:]+)?/?")


@contextlib.contextmanager
def model(url, *, attempts=ATTEMPTS):
    """Hold connections to a served model, one for each thread that asks it.

    Args:
        url: `http://HOST:PORT/v1/models/NAME`, with `/versions/N` or `/labels/LABEL`
            behind it where another than the newest version is meant.
        attempts: How often to ask in all before the server is given up.

    Yields:
        `segment`, a function from a list of encoded images to a list of answers of the
        signature `image_bytes`: dicts of `mask_png_bytes`, `area`, `probability_mean`
        and what else the model tells. It may be called from several threads. A
        request that got no answer, or 503, is sent again after growing pauses; it
        changes nothing on the server, so that two are as good as one.

    Raises:
        InputError: The URL is malformed, no server answers or it refuses.
    """
    parts = _parts(url)
    path = parts.path.rstrip("/")
    with contextlib.ExitStack() as opened:
        connections = _Connections(parts, opened)
        ask = functools.partial(_ask, url=url, attempts=attempts)
        ask(connections.mine(), "GET", path)

        def segment(images):
            instances = [{"b64": base64.b64encode(image).decode()} for image in images]
            request = {"signature_name": "image_bytes", "instances": instances}
            answer = ask(connections.mine(), "POST", f"{path}:predict", request)
            answers = [_decoded(item, url) for item in answer.get("predictions", [])]
            if len(answers) != len(images):
                raise errors.InputError(
                    f"{url} gives {len(answers)} answers to {len(images)} images; "
                    "serve what echo-keras export wrote"
                )
            return answers

        yield segment


class _Connections(threading.local):
    """A connection for each thread, all of them closed with `opened`."""

    def __init__(self, parts, opened):
        kind = _CONNECTIONS[parts.scheme]
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)
        opened.callback(self._connection.close)

    def mine(self):
        return self._connection


def _parts(url):
    try:
        parts = urllib.parse.urlsplit(url)
        (parts.hostname or "").encode("idna")
        known = parts.scheme in _CONNECTIONS and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or not _MODEL.fullmatch(parts.path):
        raise errors.InputError(
            f"{url} is no URL of a served model; give one such as "
            "http://127.0.0.1:8501/v1/models/NAME"
        )
    return parts


def _ask(connection, method, path, document=None, *, url, attempts):
    body = None if document is None else json.dumps(document)
    for attempt in range(attempts):
        if attempt:
            # Spread, lest all connections of a busy server come back at once.
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as reason:
            connection.close()
            fault = str(reason) or type(reason).__name__
            continue
        if status != http.HTTPStatus.SERVICE_UNAVAILABLE:
            return _document(status, text, url)
        fault = f"{status} {text[:200].decode(errors='replace')}"
    raise errors.InputError(
        f"no answer from {url}: {fault}; is the server running? echo-keras serve "
        "--models DIR starts one"
    )


def _document(status, text, url):
    try:
        document = json.loads(text)
    except ValueError as reason:
        raise errors.InputError(
            f"{url} answers {status} without JSON, so no model server listens there; "
            "check host and port"
        ) from reason
    if not isinstance(document, dict) or status != http.HTTPStatus.OK:
        told = document.get("error") if isinstance(document, dict) else "no object"
        raise errors.InputError(
            f"{url} answers {status}: {told}; {_REMEDIES.get(status, _REMEDY)}"
        )
    return document


def _decoded(item, url):
    try:
        int(item["area"]), float(item["probability_mean"])
        mask = base64.b64decode(item["mask_png_bytes"]["b64"])
    except (KeyError, TypeError, ValueError) as reason:
        raise errors.InputError(
            f"{url} answers without mask_png_bytes, area and probability_mean; serve "
            "what echo-keras export wrote"
        ) from reason
    return {**item, "mask_png_bytes": mask}
