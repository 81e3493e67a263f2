"""HTTP/1.1 messages: a request's head and body in, the bytes of an answer out."""

import dataclasses
import http
import re

LONGEST_HEAD = 65_536
PIECE = 2**18
CUT_SHORT = "the body is cut short or its chunks are malformed"

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(%s) ([\x21-\xff]+) HTTP/(\d)\.(\d)" % _TOKEN)
_HEADER = re.compile(rb"(%s):[ \t]*([^\x00\r\n]*?)[ \t]*" % _TOKEN)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_REASONS = {499: "Client Closed Request"}


class RequestError(Exception):
    """A message that cannot be answered, with its status; the connection is closed."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Head:
    """Request line and headers.

    Attributes:
        method: As sent.
        path: As sent, query included.
        headers: Dict of values by name in small letters.
        keeps: Whether the client wants to keep the connection.
    """

    method: str
    path: str
    headers: dict
    keeps: bool


def head(text):
    """Parse the head of a request.

    Args:
        text: Bytes up to and without the empty line.

    Returns:
        `Head`.

    Raises:
        RequestError: It is malformed, or of another version than HTTP/1.
    """
    line, *lines = text.split(b"\r\n")
    match = _LINE.fullmatch(line)
    if not match:
        raise RequestError(400, "the request line is malformed")
    method, path, major, minor = (part.decode("latin-1") for part in match.groups())
    if major != "1":
        raise RequestError(505, f"HTTP/{major}.{minor} is not spoken here, HTTP/1.1 is")
    headers = _headers(lines)
    words = headers.get("connection", "").lower()
    keeps = "keep-alive" in words if minor == "0" else "close" not in words
    return Head(method=method, path=path, headers=headers, keeps=keeps)


def _headers(lines):
    headers = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if not match:
            raise RequestError(400, "a header is malformed")
        name, value = (part.decode("latin-1") for part in match.groups())
        name = name.lower()
        if name == "content-length" and headers.get(name, value) != value:
            raise RequestError(400, "Content-Length is given twice")
        repeated = name in headers and name != "content-length"
        headers[name] = f"{headers[name]}, {value}" if repeated else value
    return headers


async def body(reader, headers, *, limit, claim):
    """Read the body of a request.

    Args:
        reader: `asyncio.StreamReader` behind the head.
        headers: Headers of the request.
        limit: Most bytes that are taken.
        claim: Called with the number of bytes so far before they are kept.

    Returns:
        Bytes.

    Raises:
        RequestError: The body is malformed, cut short or too large, or `claim` refuses.
    """
    coding = headers.get("transfer-encoding", "").lower()
    length = headers.get("content-length")
    if coding and coding != "chunked":
        raise RequestError(501, f"Transfer-Encoding is not understood: {coding}")
    if coding and length is not None:
        raise RequestError(400, "Content-Length beside Transfer-Encoding")
    if coding:
        return await _chunks(reader, limit, claim)
    if not re.fullmatch(r"\d{1,19}", length or "0", re.ASCII):
        raise RequestError(400, f"Content-Length is no number: {length}")
    found = bytearray()
    await _read(reader, int(length or 0), found, limit=limit, claim=claim)
    return bytes(found)


def expects(headers, limit):
    """Whether a client waits to be told to send its body; too large ones are not."""
    length = headers.get("content-length", "0")
    small = length.isdecimal() and int(length[:20]) <= limit
    return small and headers.get("expect", "").lower() == "100-continue"


async def _chunks(reader, limit, claim):
    found = bytearray()
    while True:
        size = _CHUNK.fullmatch(await _line(reader))
        if not size:
            raise RequestError(400, CUT_SHORT)
        if not int(size[1], 16):
            break
        await _read(reader, int(size[1], 16), found, limit=limit, claim=claim)
        if (await _line(reader)).strip():
            raise RequestError(400, CUT_SHORT)
    while (await _line(reader)).strip():  # trailers
        pass
    return bytes(found)


async def _read(reader, length, found, *, limit, claim):
    if len(found) + length > limit:
        raise RequestError(413, f"the body is larger than {limit} bytes")
    while length:
        piece = await reader.read(min(length, PIECE))
        if not piece:
            raise RequestError(400, CUT_SHORT)
        length -= len(piece)
        claim(len(found) + len(piece))
        found += piece


async def _line(reader):
    try:
        return await reader.readline()
    except ValueError as reason:
        raise RequestError(400, CUT_SHORT) from reason


def message(answer, *, keeps, bodyless):
    """Bytes of an answer.

    Args:
        answer: HTTP status, dict of headers and bytes of the body.
        keeps: Whether the connection stays open.
        bodyless: Whether the request was HEAD.
    """
    code, headers, body = answer
    reason = _REASONS.get(code) or http.HTTPStatus(code).phrase
    if not keeps:
        headers = {**headers, "Connection": "close"}
    lines = [f"HTTP/1.1 {code} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    top = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return top if bodyless else top + body
