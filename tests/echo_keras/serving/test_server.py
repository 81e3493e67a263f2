import concurrent.futures
import gzip
import http.client
import json
import os
import signal
import socket
import threading
import time
import urllib.parse

import numpy as np
import pytest

from echo_keras import errors
from echo_keras.serving import server, session

PREDICT = "/v1/models/lv:predict"
ROW = json.dumps({"instances": np.zeros((1, 32, 32, 1)).tolist()}).encode()


@pytest.fixture
def address(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port


@pytest.fixture
def connection(address):
    held = http.client.HTTPConnection(*address, timeout=20)
    yield held
    held.close()


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read()


def raw(address, *pieces):
    """What the server sends until it closes, for bytes as they are."""
    with socket.create_connection(address, timeout=20) as plug:
        for piece in pieces:
            plug.sendall(piece)
        plug.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: plug.recv(65_536), b""))


def test_one_connection_carries_good_and_bad_requests(connection):
    assert ask(connection, "GET", "/v1/models/lv")[0] == 200
    plug = connection.sock
    for method, path, body, status in (
        ("POST", PREDICT, ROW, 200),
        ("POST", PREDICT, b"{", 400),
        ("GET", "/v1/models/no", None, 404),
        ("PATCH", PREDICT, ROW, 400),
        ("GET", "/elsewhere", None, 404),
        ("HEAD", "/v1/models/lv", None, 400),
        ("POST", PREDICT, ROW, 200),
    ):
        assert ask(connection, method, path, body)[0] == status
    assert connection.sock is plug


def test_gzip_and_chunks_carry_the_same_request(connection):
    plain = ask(connection, "POST", PREDICT, ROW)
    packed = gzip.compress(ROW)
    encoding = {"Content-Encoding": "gzip"}
    assert ask(connection, "POST", PREDICT, packed, encoding) == plain
    assert ask(connection, "POST", PREDICT, iter([ROW[:99], ROW[99:]])) == plain
    assert ask(connection, "POST", PREDICT, iter([packed]), encoding) == plain


def test_chunks_may_have_extensions_and_trailers(address):
    request = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked"
    body = b"%x;name=value\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(ROW), ROW)
    assert raw(address, request + b"\r\n\r\n" + body).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99\r\n\r\n{}",
        b"Content-Length: 99999999999\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\nab",
    ],
)
def test_a_malformed_body_is_refused_and_the_connection_closed(address, rest):
    answer = raw(address, b"POST " + PREDICT.encode() + b" HTTP/1.1\r\n" + rest)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    assert b"Connection: close" in head
    assert "error" in json.loads(body)


@pytest.mark.parametrize(
    "line", [b"x\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\x00\xff\r\n"]
)
def test_a_malformed_request_line_is_refused(address, line):
    head, _, body = raw(address, line).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505"))
    assert "error" in json.loads(body)


def test_many_clients_get_their_own_answers(address):
    def brightness(level):
        held = http.client.HTTPConnection(*address, timeout=20)
        frame = np.full((1, 32, 32, 1), level).tolist()
        _, text = ask(held, "POST", PREDICT, json.dumps({"inputs": frame}))
        held.close()
        return np.mean(json.loads(text)["outputs"])

    levels = np.linspace(0, 1, 16)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        means = list(pool.map(brightness, levels))
    assert means == sorted(means)
    assert means[0] < 0.5 < means[-1]


def test_stopping_finishes_the_request_that_runs_and_ends_idle_connections(models):
    started, finish = threading.Event(), threading.Event()
    exported = models["lv"].versions[1]

    def run(name, inputs):
        started.set()
        assert finish.wait(20)
        return exported.run(name, inputs)

    slow = session.Model(versions={1: session.Servable(exported.signatures, run)})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with server.start({"lv": slow}, "127.0.0.1", 0) as running:
            idle = http.client.HTTPConnection(*running.server_address, timeout=20)
            assert ask(idle, "GET", "/v1/models/lv")[0] == 200
            busy = http.client.HTTPConnection(*running.server_address, timeout=20)
            answer = pool.submit(ask, busy, "POST", PREDICT, ROW)
            assert started.wait(20)
            pool.submit(lambda: (time.sleep(0.3), finish.set()))
        assert answer.result(20)[0] == 200
        assert idle.sock.recv(1) == b""
    for held in (idle, busy):
        held.close()


def test_a_bug_answers_500_and_keeps_its_traceback(models, capfd):
    def run(name, inputs):
        raise ZeroDivisionError

    signatures = models["lv"].versions[1].signatures
    broken = session.Model(versions={1: session.Servable(signatures, run)})
    with server.start({"lv": broken}, "127.0.0.1", 0) as running:
        held = http.client.HTTPConnection(*running.server_address, timeout=20)
        status, text = ask(held, "POST", PREDICT, ROW)
        held.close()
    assert (status, list(json.loads(text))) == (500, ["error"])
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_listened_on_is_refused(address, host):
    taken = server.start({}, host, address[1])
    with pytest.raises(
        errors.InputError, match=f"cannot listen on {host}:{address[1]}"
    ):
        taken.__enter__()


def test_a_folder_without_models_is_not_served(tmp_path):
    with pytest.raises(errors.InputError, match="holds no model"):
        server.serve(tmp_path, port=0, ready=list)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_serving(models_dir, number):
    seen, before = [], signal.getsignal(signal.SIGINT)

    def ready(urls):
        parts = urllib.parse.urlsplit(urls[0])
        held = http.client.HTTPConnection(parts.netloc, timeout=20)
        seen.append(ask(held, "GET", parts.path)[0])
        held.close()
        os.kill(os.getpid(), number)

    server.serve(models_dir, port=0, ready=ready)
    assert seen == [200]
    assert signal.getsignal(signal.SIGINT) is before
