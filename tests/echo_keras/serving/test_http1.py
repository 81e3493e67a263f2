import asyncio

import pytest

from echo_keras.serving import http1


def test_a_head_has_a_method_a_path_and_headers():
    head = http1.head(b"GET /a%20b?c HTTP/1.1\r\nHost: h\r\nX: a \r\nx:  b\r\nE:")
    assert (head.method, head.path, head.keeps) == ("GET", "/a%20b?c", True)
    assert head.headers == {"host": "h", "x": "a, b", "e": ""}


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"GET / HTTP/1.1", True),
        (b"GET / HTTP/1.1\r\nConnection: Close", False),
        (b"GET / HTTP/1.0", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True),
    ],
)
def test_a_connection_is_kept_as_its_version_and_header_say(head, keeps):
    assert http1.head(head).keeps is keeps


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"G\x00T / HTTP/1.1", 400),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/1.1\r\nno colon", 400),
        (b"GET / HTTP/1.1\r\nspace : a", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded", 400),
        (b"GET / HTTP/1.1\r\nA: b\nC: d", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
    ],
)
def test_a_malformed_head_is_refused(head, code):
    with pytest.raises(http1.RequestError) as refused:
        http1.head(head)
    assert refused.value.code == code


def body(sent, headers, limit=100, claim=list):
    async def read():
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        found = await http1.body(reader, headers, limit=limit, claim=claim)
        return found, await reader.read()

    return asyncio.run(read())


CHUNKED = {"transfer-encoding": "chunked"}


@pytest.mark.parametrize(
    ("sent", "headers", "expected"),
    [
        (b"next", {}, (b"", b"next")),
        (b"abnext", {"content-length": "2"}, (b"ab", b"next")),
        (b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\nnext", CHUNKED, (b"abc", b"next")),
        (b"2 \r\nab\r\n0\r\nTrailer: x\r\n\r\nnext", CHUNKED, (b"ab", b"next")),
    ],
)
def test_a_body_ends_where_the_next_request_begins(sent, headers, expected):
    assert body(sent, headers, claim=lambda total: None) == expected


@pytest.mark.parametrize(
    ("sent", "headers", "code"),
    [
        (b"a", {"content-length": "2"}, 400),
        (b"a", {"content-length": "+1"}, 400),
        (b"a", {"content-length": "101"}, 413),
        (b"a", {"content-length": "9" * 20}, 400),
        (b"a", {"content-length": "1", **CHUNKED}, 400),
        (b"a", {"transfer-encoding": "gzip, chunked"}, 501),
        (b"2\r\nabc\r\n0\r\n\r\n", CHUNKED, 400),
        (b"x\r\n", CHUNKED, 400),
        (b"", CHUNKED, 400),
        (b"ff\r\nab", CHUNKED, 413),
        (b"50\r\n" + bytes(80) + b"\r\n50\r\n", CHUNKED, 413),
        (b"1" * 200_000, CHUNKED, 400),
    ],
)
def test_a_malformed_body_is_refused(sent, headers, code):
    with pytest.raises(http1.RequestError) as refused:
        body(sent, headers, claim=lambda total: None)
    assert refused.value.code == code


def test_bytes_are_claimed_before_they_are_kept():
    claims = []
    body(b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", CHUNKED, claim=claims.append)
    assert claims == [2, 5]


@pytest.mark.parametrize(
    ("length", "expect", "expected"),
    [
        ("99", "100-continue", True),
        ("99", "100-Continue", True),
        ("101", "100-continue", False),
        ("x", "100-continue", False),
        ("99", "", False),
    ],
)
def test_a_client_is_told_to_go_on_if_its_body_will_be_taken(length, expect, expected):
    headers = {"content-length": length, "expect": expect}
    assert http1.expects(headers, 100) is expected


@pytest.mark.parametrize(
    ("keeps", "bodyless", "expected"),
    [
        (True, False, b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody"),
        (False, True, b"HTTP/1.1 404 Not Found\r\nA: b\r\nConnection: close\r\n\r\n"),
    ],
)
def test_an_answer_says_whether_the_connection_stays(keeps, bodyless, expected):
    answer = 404, {"A": "b"}, b"body"
    assert http1.message(answer, keeps=keeps, bodyless=bodyless) == expected
