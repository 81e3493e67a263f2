"""Sockets around `rest.handle`: a loop of connections, threads that answer, an end."""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import gc
import logging
import os
import signal
import socket
import threading
import time
import typing

from echo_keras import errors
from echo_keras.serving import (
    batching,
    catalog,
    connection,
    http1,
    limits,
    metrics,
    rest,
    session,
    warming,
)

BACKLOG = 512


def serve(
    models,
    host="127.0.0.1",
    port=8501,
    *,
    rules=catalog.LATEST,
    limit=limits.DEFAULT,
    joins=None,
    ready,
    say,
):
    """Serve a folder of models, and what changes in it, until SIGTERM or Ctrl-C.

    Requests that are being answered when the signal comes are finished first.

    Args:
        models: Folder of `NAME/VERSION` folders.
        host: Address to listen on.
        port: Port to listen on, 0 for any free one.
        rules: `catalog.Rules`.
        limit: `limits.Limits`.
        joins: `parameters.Batching`, or None to run each request by itself.
        ready: Called once with the URL of each model when requests are answered.
        say: Called with a line for each version that comes or goes.

    Raises:
        InputError: There is nothing to serve, or the port cannot be listened on.
    """

    def load(folder):
        servable = session.load(folder)
        warming.warm(folder, servable)
        servable = session.bounded(servable, limit.seconds)
        return batching.batched(servable, joins) if joins else servable

    # Joined requests wait in threads of their own, for two batches to fill.
    workers = min(2 * joins.max_batch_size, limit.waiting) if joins else 0
    gc.freeze()  # else a collection walks all of TensorFlow, and answers stop for .2 s
    loaded = catalog.load(models, rules, load)
    with (
        _signalled() as stopped,
        start(loaded, host, port, limit=limit, workers=workers) as server,
        catalog.watched(loaded, models, rules, load, say=say),
    ):
        ready(urls(server, loaded))
        stopped.wait()


@contextlib.contextmanager
def start(models, host, port, *, limit=limits.DEFAULT, workers=0):
    """Answer requests in the background as long as the context lasts.

    Args:
        models: Dict of `session.Model` by name; its values may be replaced meanwhile.
        host: Address to listen on.
        port: Port to listen on, 0 for any free one.
        limit: `limits.Limits`.
        workers: Least number of requests that are answered at once while others
            wait; there are as many as cores, and 4, in any case.

    Yields:
        The server, whose `server_address` is host and port.

    Raises:
        InputError: The port cannot be listened on.
    """
    listening = _listening(host, port)
    workers = max(workers, 4, os.cpu_count() or 1)
    with (
        concurrent.futures.ThreadPoolExecutor(workers, "answer") as pool,
        concurrent.futures.ThreadPoolExecutor(1, "inform") as informing,
    ):
        server = _Server(models, limit, listening.getsockname(), pool, informing)
        started = threading.Event()
        thread = threading.Thread(
            target=lambda: asyncio.run(server.run(listening, started.set))
        )
        thread.start()
        started.wait()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


def urls(server, models):
    """URL of each model of a server, to be given to `echo-keras evaluate --url`."""
    host, port = server.server_address[:2]
    host = f"[{host}]" if ":" in host else host
    return [f"http://{host}:{port}/v1/models/{name}" for name in sorted(models)]


def _listening(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as reason:
        raise errors.InputError(
            f"cannot listen on {host}:{port}: {reason}; if another server is using it, "
            "choose another --port"
        ) from reason


@contextlib.contextmanager
def _signalled():
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclasses.dataclass(eq=False)
class _Server:
    models: dict
    limit: limits.Limits
    server_address: tuple
    pool: concurrent.futures.Executor
    informing: concurrent.futures.Executor
    counts: metrics.Metrics = dataclasses.field(default_factory=metrics.Metrics)
    connections: dict = dataclasses.field(default_factory=dict)
    jobs: set = dataclasses.field(default_factory=set)
    loop: typing.Any = None
    stopped: typing.Any = None

    async def run(self, listening, started):
        """Accept connections until `stop`, then wait for those that are answered."""
        self.loop, self.stopped = asyncio.get_running_loop(), asyncio.Event()
        accepting = await asyncio.start_server(
            self._accept, sock=listening, limit=http1.LONGEST_HEAD
        )
        started()
        await self.stopped.wait()
        accepting.close()
        for held in self.connections.values():
            held.closes = True
            if held.rests:
                held.writer.transport.abort()
        if self.connections:
            seconds = self.limit.seconds + connection.LINGER_SECONDS
            await asyncio.wait(self.connections, timeout=seconds)

    def stop(self):
        """Have `run` end; may be called from any thread."""
        self.loop.call_soon_threadsafe(self.stopped.set)

    async def _accept(self, reader, writer):
        held = connection.Connection(
            reader=reader,
            writer=writer,
            limit=self.limit,
            answer=self._answer,
            room=self._room,
            count=self.counts.answered,
        )
        if len(self.connections) >= self.limit.connections:
            await connection.refuse(held, 503, "too many connections; try again")
            return
        task = asyncio.current_task()
        self.connections[task] = held
        try:
            await connection.converse(held)
        finally:
            del self.connections[task]

    def _held(self):
        return sum(each.held for each in self.connections.values())

    def _room(self, more):
        return self._held() + more <= self.limit.bodies

    async def _answer(self, head, body):
        if head.method == "GET" and head.path == metrics.PATH:
            return self._metrics()
        start = time.perf_counter()
        answer = await self._in_time(head, body)
        target = rest.target(head.method, head.path)
        if target and target[0] in self.models:
            seconds = time.perf_counter() - start
            self.counts.predicted(*target, answer[0], seconds)
        return answer

    async def _in_time(self, head, body):
        if len(self.jobs) >= self.limit.waiting:
            return rest.refuse(503, "too many requests are waiting; try again")
        # What takes no time does not wait for what does.
        pool = self.pool if head.method == "POST" else self.informing
        job = pool.submit(
            rest.handle,
            head.method,
            head.path,
            head.headers,
            body,
            self.models,
            self.limit,
        )
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)
        waited = asyncio.wrap_future(job)
        await asyncio.wait({waited}, timeout=self.limit.seconds)
        if not waited.done():
            job.cancel()
            return rest.refuse(504, "Timed out waiting for notification")
        if waited.exception():
            logging.error("a bug in answering", exc_info=waited.exception())
            return rest.refuse(500, "Internal error of the server")
        return waited.result()

    def _metrics(self):
        text = self.counts.text(
            waiting=len(self.jobs),
            connections=len(self.connections),
            bodies=self._held(),
        ).encode()
        kind = "text/plain; version=0.0.4"
        return 200, {"Content-Type": kind, "Content-Length": str(len(text))}, text
