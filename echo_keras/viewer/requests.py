"""Requests of the viewer's page, as a pure function from a request to an answer."""

import io
import json
import pathlib
import re
import urllib.parse
import zipfile

import cv2
import numpy as np

from echo_keras import errors
from echo_keras.study import reading
from echo_keras.viewer import desk as studies

PAGE = pathlib.Path(__file__).with_name("page")
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/viewer.css": ("viewer.css", "text/css; charset=utf-8"),
    "/viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "/stage.js": ("stage.js", "text/javascript; charset=utf-8"),
    "/curve.js": ("curve.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STUDY = re.compile(r"/api/studies/(?P<study>[\w-]+)(?P<rest>/.*)?", re.ASCII)
_PICTURE = re.compile(r"/(?P<kind>frames|masks)/(?P<number>\d{1,6})\.png", re.ASCII)


def handle(method, target, headers, body, *, desk, hosts):
    """Answer one request of the page.

    Only the page itself is answered: another site could lead a browser here by a name
    of its own, or post a file.

    Args:
        method: HTTP method in capitals.
        target: Path of the request with its query.
        headers: Mapping of the request's headers.
        body: Bytes of the request's body.
        desk: `desk.Desk`.
        hosts: Values of the header Host that name this server.

    Returns:
        HTTP status, dict of headers and bytes of the answer.
    """
    origin = headers.get("Origin")
    foreign = origin and urllib.parse.urlsplit(origin).netloc not in hosts
    if headers.get("Host") not in hosts or foreign:
        return _fault(403, "this page is for this computer alone")
    parts = urllib.parse.urlsplit(target)
    query = dict(urllib.parse.parse_qsl(parts.query))
    if (method, parts.path) == ("POST", "/api/studies"):
        return _open(query.get("name", ""), body, desk)
    if method != "GET":
        return _fault(405, f"{method} is not answered here")
    if parts.path in FILES:
        name, kind = FILES[parts.path]
        return _answer(200, (PAGE / name).read_bytes(), kind)
    if parts.path == "/api/server":
        return _json(200, {"url": desk.url, "error": desk.fault()})
    match = _STUDY.fullmatch(parts.path)
    study = match and desk.study(match["study"])
    if not study:
        return _fault(404, "this file is no longer open; open it again")
    return _of_study(study, match["rest"] or "", query)


def _open(name, body, desk):
    try:
        identifier, study = desk.open(name, body)
    except errors.InputError as mistake:
        return _fault(400, str(mistake))
    return _json(201, {"id": identifier, **studies.opened(study)})


def _of_study(study, rest, query):
    if not rest:
        first = query.get("from", "0")
        known = int(first) if re.fullmatch(r"\d{1,9}", first, re.ASCII) else 0
        return _json(200, studies.progress(study, known))
    picture = _PICTURE.fullmatch(rest)
    if picture:
        return _picture(study, picture["kind"], int(picture["number"]))
    if study.reading and rest == "/curve.csv":
        text = reading.table(study.reading).encode()
        return _answer(200, text, "text/csv; charset=utf-8")
    if study.reading and rest == "/masks.zip":
        return _answer(200, _zipped(study), "application/zip")
    return _fault(404, "there is nothing here yet")


def _picture(study, kind, number):
    frames = study.sequence.frames if kind == "frames" else study.frames
    if number >= len(frames):
        return _fault(404, f"frame {number} is not there yet")
    pixels = frames[number] if kind == "frames" else _drawn(frames[number])
    return _answer(200, _png(pixels), "image/png")


def _drawn(frame):
    return 255 * frame.mask.astype(np.uint8)


def _png(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def _zipped(study):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, frame in enumerate(study.frames):
            name = f"{study.sequence.name}.{number:04d}.mask.png"
            archive.writestr(name, _png(_drawn(frame)))
    return content.getvalue()


def _fault(status, sentence):
    return _json(status, {"error": sentence})


def _json(status, document):
    return _answer(status, json.dumps(document).encode(), "application/json")


def _answer(status, body, kind):
    headers = {"Content-Type": kind, "Content-Length": str(len(body))}
    return status, {**headers, **ALWAYS}, body
