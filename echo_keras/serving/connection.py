"""One connection: request after request, each within its time, and a clear end."""

import asyncio
import contextlib
import dataclasses
import typing

from echo_keras.serving import http1, rest

LINGER_SECONDS = 2.0


@dataclasses.dataclass(eq=False)
class Connection:
    """State of an open connection.

    Attributes:
        reader: `asyncio.StreamReader`.
        writer: `asyncio.StreamWriter`.
        limit: `limits.Limits`.
        answer: Coroutine function from `http1.Head` and body to an answer: HTTP
            status, dict of headers and bytes of the body.
        room: Function from a number of bytes to whether that much may be held more.
        count: Called with the HTTP status of every answer.
        held: Bytes of the body that is being read or answered.
        rests: Whether no request is being answered.
        closes: Whether the connection ends after the answer.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    limit: typing.Any
    answer: typing.Callable
    room: typing.Callable
    count: typing.Callable
    held: int = 0
    rests: bool = True
    closes: bool = False


async def converse(connection):
    """Answer the requests of a connection until it ends or one cannot be read."""
    connection.writer.transport.set_write_buffer_limits(high=0)
    try:
        while not connection.closes:
            head = None
            try:
                head = await _head(connection)
                if head is None:
                    break
                body = await _body(connection, head)
            except http1.RequestError as fault:
                connection.closes = True
                answer = rest.refuse(fault.code, str(fault))
            else:
                connection.closes |= not head.keeps
                connection.rests = False
                answer = await connection.answer(head, body)
            await _send(connection, answer, head)
            connection.rests, connection.held = True, 0
        await _end(connection)
    except (OSError, asyncio.TimeoutError):
        pass  # the client is gone, or does not take its answer
    finally:
        connection.held = 0
        connection.writer.transport.abort()


async def refuse(connection, code, message):
    """Send a refusal and end the connection."""
    connection.closes = True
    try:
        await _send(connection, rest.refuse(code, message), None)
        await _end(connection)
    except (OSError, asyncio.TimeoutError):
        pass
    finally:
        connection.writer.transport.abort()


async def _head(connection):
    """Head of the next request, or None at the end of the connection."""
    first = b"\n"
    while first in (b"\r", b"\n"):
        try:
            reading = connection.reader.read(1)
            first = await asyncio.wait_for(reading, connection.limit.idle_seconds)
        except asyncio.TimeoutError:
            return None
    if not first:
        return None
    try:
        reading = connection.reader.readuntil(b"\r\n\r\n")
        rest_of_it = await asyncio.wait_for(reading, connection.limit.head_seconds)
    except asyncio.TimeoutError as reason:
        raise http1.RequestError(408, "the head takes too long") from reason
    except asyncio.LimitOverrunError as reason:
        raise http1.RequestError(431, "the head is too long") from reason
    except asyncio.IncompleteReadError as reason:
        raise http1.RequestError(400, "the head is cut short") from reason
    return http1.head((first + rest_of_it)[:-4])


async def _body(connection, head):
    def claim(total):
        if not connection.room(total - connection.held):
            raise http1.RequestError(503, "too many bytes are waiting; try again")
        connection.held = total

    if http1.expects(head.headers, connection.limit.body):
        connection.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    reading = http1.body(
        connection.reader, head.headers, limit=connection.limit.body, claim=claim
    )
    try:
        return await asyncio.wait_for(reading, connection.limit.body_seconds)
    except asyncio.TimeoutError as reason:
        raise http1.RequestError(408, "the body takes too long") from reason


async def _send(connection, answer, head):
    message = http1.message(
        answer,
        keeps=not connection.closes,
        bodyless=head is not None and head.method == "HEAD",
    )
    connection.count(answer[0])
    connection.writer.write(message)
    await asyncio.wait_for(connection.writer.drain(), connection.limit.body_seconds)


async def _end(connection):
    """Let the client read the answer: closing over unread bytes would destroy it."""
    with contextlib.suppress(OSError):
        connection.writer.write_eof()

    async def rest_of_input():
        while await connection.reader.read(http1.PIECE):
            pass

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rest_of_input(), LINGER_SECONDS)
