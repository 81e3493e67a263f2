"""What becomes of the requests of one connection, without a socket."""

import asyncio

import pytest

from echo_keras.serving import connection, limits

GET = b"GET /%d HTTP/1.1\r\n\r\n"


class Client:
    """Writer of a connection that keeps what was written, and in which order."""

    def __init__(self, gone=False):
        self.transport = self
        self.sent, self.done, self._gone = b"", [], gone

    def set_write_buffer_limits(self, high):
        assert high == 0

    def write(self, data):
        self.sent += data

    async def drain(self):
        if self._gone:
            raise ConnectionResetError

    def write_eof(self):
        self.done.append("end of answers")

    def abort(self):
        self.done.append("closed")


@pytest.fixture
def talk():
    """Function from bytes that a client sends to what the server made of them."""

    def talked(sent, *, end=connection.converse, gone=False, room=lambda count: True):
        async def run():
            reader = asyncio.StreamReader()
            reader.feed_data(sent)
            reader.feed_eof()
            asked, counted = [], []

            async def answer(head, body):
                asked.append((head.path, body, held.held, held.rests))
                return 200, {}, head.path.encode()

            held = connection.Connection(
                reader=reader,
                writer=Client(gone),
                limit=limits.DEFAULT,
                answer=answer,
                room=room,
                count=counted.append,
            )
            await end(held)
            return held, asked, counted, await reader.read()

        return asyncio.run(run())

    return talked


def test_requests_sent_together_are_answered_in_order_up_to_the_last_one(talk):
    last = b"GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n"
    held, asked, counted, _ = talk(GET % 1 + last + GET % 3)
    assert [path for path, *_ in asked] == ["/1", "/2"]
    assert counted == [200, 200]
    assert held.writer.sent == (
        b"HTTP/1.1 200 OK\r\n\r\n/1HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n/2"
    )


def test_empty_lines_before_a_request_are_passed_over(talk):
    _, asked, _, _ = talk(b"\r\n\n" + GET % 1 + b"\r\n" + GET % 2)
    assert [path for path, *_ in asked] == ["/1", "/2"]


def test_a_body_counts_as_held_until_it_is_answered(talk):
    post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    held, asked, _, _ = talk(post + GET % 1)
    assert asked == [("/", b"abc", 3, False), ("/1", b"", 0, False)]
    assert (held.held, held.rests) == (0, True)


def test_room_is_asked_for_what_a_body_has_more_than_is_held(talk):
    claims = []
    chunks = b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    post = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    talk(post, room=lambda count: claims.append(count) or True)
    assert claims == [2, 3]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET / HTTP/1.1\r\nHost", b"the head is cut short"),
        (b"GET /\r\n\r\n" + GET % 1, b"the request line is malformed"),
    ],
)
def test_a_head_that_cannot_be_read_ends_the_connection_in_words(talk, sent, told):
    held, asked, counted, unread = talk(sent)
    assert asked == []
    assert counted == [400]
    assert b"Connection: close\r\n" in held.writer.sent
    assert told in held.writer.sent
    assert unread == b""  # else the closing would destroy the answer
    assert held.writer.done == ["end of answers", "closed"]


def test_a_client_that_is_gone_is_no_failure(talk):
    held, asked, _, _ = talk(GET % 1 + GET % 2, gone=True)
    assert [path for path, *_ in asked] == ["/1"]
    assert held.writer.done == ["closed"]


def test_a_refused_connection_hears_why_before_it_is_closed(talk):
    async def refuse(held):
        await connection.refuse(held, 503, "too many connections")

    held, asked, counted, unread = talk(GET % 1, end=refuse)
    assert (asked, counted, unread) == ([], [503], b"")
    top, _, body = held.writer.sent.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 503 ")
    assert top.endswith(b"Connection: close")
    assert b"too many connections" in body
    assert held.writer.done == ["end of answers", "closed"]
