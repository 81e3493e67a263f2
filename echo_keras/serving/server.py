"""HTTP around `rest.handle`: keep-alive, chunked requests and an orderly end."""

import contextlib
import http.server
import re
import signal
import socket
import socketserver
import sys
import threading

from echo_keras import errors
from echo_keras.serving import rest, session

IDLE_SECONDS = 75
LARGEST_BODY = rest.LARGEST_UNPACKED
LONGEST_LINE = 65_536
TOO_LARGE = 413, f"the body is larger than {LARGEST_BODY} bytes"
CUT_SHORT = 400, "the body is cut short or its chunks are malformed"


def serve(models, host="127.0.0.1", port=8501, *, ready):
    """Serve the newest version of every model until SIGTERM or Ctrl-C.

    Requests that are being answered when the signal comes are finished first.

    Args:
        models: Folder of `NAME/VERSION` folders.
        host: Address to listen on.
        port: Port to listen on, 0 for any free one.
        ready: Called once with the URL of each model when requests are answered.

    Raises:
        InputError: There is nothing to serve, or the port cannot be listened on.
    """
    loaded = session.load_newest(models)
    with start(loaded, host, port) as server, _signalled() as stopped:
        ready(urls(server, loaded))
        stopped.wait()


@contextlib.contextmanager
def start(models, host, port):
    """Answer requests in the background as long as the context lasts.

    Args:
        models: Dict of `session.Model` by name.
        host: Address to listen on.
        port: Port to listen on, 0 for any free one.

    Yields:
        The server, whose `server_address` is host and port.

    Raises:
        InputError: The port cannot be listened on.
    """
    try:
        server = _Server((host, port), models)
    except (OSError, OverflowError) as reason:
        raise errors.InputError(
            f"cannot listen on {host}:{port}: {reason}; if another server is using it, "
            "choose another --port"
        ) from reason
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.1}
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.end_connections()
        server.server_close()
        thread.join()


def urls(server, models):
    """URL of each model of a server, to be given to `echo-keras evaluate --url`."""
    host, port = server.server_address[:2]
    return [f"http://{host}:{port}/v1/models/{name}" for name in sorted(models)]


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


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address, models):
        self.models = models
        self.connections = set()
        super().__init__(address, _Handler)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def end_connections(self):
        """Let every connection send the answer it is at and then find no more."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    wbufsize = -1

    def do_GET(self):
        body, fault = _body(self.headers, self.rfile)
        if fault:
            self.send_error(*fault)
            return
        # Sent in `finally`: after a bug the client still gets an answer, and the
        # bug its traceback.
        answer = rest.refuse(500, "Internal error of the server")
        try:
            answer = rest.handle(
                self.command, self.path, self.headers, body, self.server.models
            )
        finally:
            self._send(*answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_GET  # noqa: N815

    def send_error(self, code, message=None, *_):
        self.close_connection = True
        self._send(*rest.refuse(code, message or self.responses[code][0]))

    def log_message(self, *_):
        """Requests are not logged."""

    def _send(self, code, headers, body):
        self.send_response_only(code)
        if self.close_connection:
            headers = {**headers, "Connection": "close"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _body(headers, stream):
    """Body of a request and None, or None and the status and text of a refusal."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return _chunks(stream)
    length = headers.get("Content-Length", "0")
    if not re.fullmatch(r"\d{1,19}", length, re.ASCII):
        return None, (400, f"Content-Length is no number: {length}")
    if int(length) > LARGEST_BODY:
        return None, TOO_LARGE
    body = stream.read(int(length))
    return (body, None) if len(body) == int(length) else (None, CUT_SHORT)


def _chunks(stream):
    chunks, total = [], 0
    while True:
        size = re.match(rb"([0-9a-fA-F]{1,8})\s*[;\r\n]", stream.readline(LONGEST_LINE))
        if not size:
            return None, CUT_SHORT
        length = int(size[1], 16)
        total += length
        if total > LARGEST_BODY:
            return None, TOO_LARGE
        chunk = stream.read(length)
        if len(chunk) < length:
            return None, CUT_SHORT
        if not length:
            break
        chunks.append(chunk)
        stream.readline(LONGEST_LINE)
    while stream.readline(LONGEST_LINE).strip():
        pass
    return b"".join(chunks), None
