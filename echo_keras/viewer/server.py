"""HTTP around the viewer's requests, on this computer alone."""

import contextlib
import http.server
import sys
import threading
import webbrowser

from echo_keras import errors
from echo_keras.serving import client
from echo_keras.viewer import desk, requests

HOST = "127.0.0.1"
LARGEST_FILE = 512 * 2**20
IDLE_SECONDS = 75


def view(url, port, *, ready, browser=True):
    """Show the page until Ctrl-C.

    Args:
        url: `http://HOST:PORT/v1/models/NAME` of a running server.
        port: Port to listen on, 0 for any free one.
        ready: Called once with the page's address.
        browser: Whether to open it in the user's browser.

    Raises:
        InputError: No such model is served, or the port cannot be listened on.
    """
    with client.model(url):
        pass  # a mistake in the URL is told here, not on the page
    with start(url, port) as address:
        ready(address)
        if browser:
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


@contextlib.contextmanager
def start(url, port):
    """Answer the page's requests in the background as long as the context lasts.

    Args:
        url: URL of the served model, which need not run yet.
        port: Port to listen on, 0 for any free one.

    Yields:
        Address of the page.

    Raises:
        InputError: The port cannot be listened on.
    """
    try:
        server = _Server((HOST, port), _Handler)
    except (OSError, OverflowError) as reason:
        raise errors.InputError(
            f"cannot listen on {HOST}:{port}: {reason}; choose another --port"
        ) from reason
    server.desk = desk.Desk(url)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.1}
    )
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS

    def do_GET(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_FILE:
            self.close_connection = True
            self.send_error(413, f"files of at most {LARGEST_FILE} bytes are read")
            return
        port = self.server.server_port
        status, headers, body = requests.handle(
            self.command,
            self.path,
            self.headers,
            self.rfile.read(int(length)),
            desk=self.server.desk,
            hosts=(f"{HOST}:{port}", f"localhost:{port}"),
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        """Requests are not logged."""
