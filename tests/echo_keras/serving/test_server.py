import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
import urllib.parse

import numpy as np
import pytest

from echo_keras import errors
from echo_keras.serving import batching, limits, metrics, parameters, server, session

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


def test_a_bug_answers_500_and_keeps_its_traceback(models, caplog):
    def run(name, inputs):
        raise ZeroDivisionError

    signatures = models["lv"].versions[1].signatures
    broken = session.Model(versions={1: session.Servable(signatures, run)})
    with server.start({"lv": broken}, "127.0.0.1", 0) as running:
        held = http.client.HTTPConnection(*running.server_address, timeout=20)
        status, text = ask(held, "POST", PREDICT, ROW)
        held.close()
    assert (status, list(json.loads(text))) == (500, ["error"])
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_listened_on_is_refused(address, host):
    taken = server.start({}, host, address[1])
    with pytest.raises(
        errors.InputError, match=f"cannot listen on {host}:{address[1]}"
    ):
        taken.__enter__()


def test_a_folder_without_models_is_not_served(tmp_path):
    with pytest.raises(errors.InputError, match="holds no model"):
        server.serve(tmp_path, port=0, ready=list, say=list)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_serving(models_dir, number):
    seen, before = [], signal.getsignal(signal.SIGINT)

    def ready(urls):
        parts = urllib.parse.urlsplit(urls[0])
        held = http.client.HTTPConnection(parts.netloc, timeout=20)
        seen.append(ask(held, "GET", parts.path)[0])
        held.close()
        os.kill(os.getpid(), number)

    server.serve(models_dir, port=0, ready=ready, say=list)
    assert seen == [200]
    assert signal.getsignal(signal.SIGINT) is before


@contextlib.contextmanager
def limited(models, run=None, **values):
    """Address of a server of the exported model with limits of its own."""
    exported = models["lv"].versions[1]
    servable = session.Servable(exported.signatures, run or exported.run)
    limit = limits.Limits(**values)
    model = session.Model(versions={1: servable})
    with server.start({"lv": model}, "127.0.0.1", 0, limit=limit) as running:
        yield running.server_address


def test_a_slow_head_and_a_slow_body_are_ended_in_words(models):
    with limited(models, head_seconds=0.2, body_seconds=0.2) as address:
        post = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\n"
        for start in (b"G", post + b"Content-Length: 9\r\n\r\n{"):
            with socket.create_connection(address, timeout=20) as plug:
                plug.sendall(start)
                answer = b"".join(iter(lambda: plug.recv(65_536), b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 408")
            assert "too long" in json.loads(body)["error"]


def test_an_idle_connection_is_closed_in_silence(models):
    with (
        limited(models, idle_seconds=0.2) as address,
        socket.create_connection(address, timeout=20) as plug,
    ):
        assert plug.recv(1) == b""


def test_a_head_without_end_is_refused(address):
    answer = raw(address, b"GET /v1/models/lv HTTP/1.1\r\nX: ", b"x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 431")


def test_a_client_hears_that_its_body_is_too_large_while_it_sends(models):
    with limited(models, body=1_000_000) as address:
        held = http.client.HTTPConnection(*address, timeout=20)
        status, text = ask(held, "POST", PREDICT, bytes(1_000_001))
        held.close()
    assert status == 413
    assert json.loads(text) == {"error": "the body is larger than 1000000 bytes"}


def test_a_client_that_asks_first_is_told_to_send(address):
    head = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nExpect: 100-continue\r\n"
    with socket.create_connection(address, timeout=20) as plug:
        plug.sendall(head + b"Content-Length: %d\r\n\r\n" % len(ROW))
        assert plug.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        plug.sendall(ROW)
        assert plug.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_connection_too_many_is_refused(models):
    with limited(models, connections=1) as address:
        first = http.client.HTTPConnection(*address, timeout=20)
        assert ask(first, "GET", "/v1/models/lv")[0] == 200
        second = http.client.HTTPConnection(*address, timeout=20)
        status, text = ask(second, "GET", "/v1/models/lv")
        assert (status, list(json.loads(text))) == (503, ["error"])
        assert ask(first, "GET", "/v1/models/lv")[0] == 200
        first.close()
        second.close()


def test_a_request_too_many_is_refused_and_one_too_slow_is_given_up(models):
    started, finish = threading.Event(), threading.Event()

    def run(name, inputs):
        started.set()
        assert finish.wait(20)
        return models["lv"].versions[1].run(name, inputs)

    with (
        limited(models, run, waiting=1, seconds=1.0) as address,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        slow, other = (http.client.HTTPConnection(*address, timeout=20) for _ in "ab")
        answer = pool.submit(ask, slow, "POST", PREDICT, ROW)
        assert started.wait(20)
        status, text = ask(other, "POST", PREDICT, ROW)
        assert (status, list(json.loads(text))) == (503, ["error"])
        status, text = answer.result(20)
        expected = {"error": "Timed out waiting for notification"}
        assert (status, json.loads(text)) == (504, expected)
        finish.set()
        while ask(other, "POST", PREDICT, ROW)[0] == 503:
            time.sleep(0.01)
        assert ask(slow, "POST", PREDICT, ROW)[0] == 200
        slow.close()
        other.close()


def test_bodies_are_refused_when_too_many_bytes_are_held(models):
    head = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"

    def wait_until_held(client, count):
        gauge = f":echo_keras:serving:held_body_bytes{{}} {count}\n".encode()
        waits = (time.sleep(0.01) for _ in range(2_000))
        assert any(gauge in ask(client, "GET", metrics.PATH)[1] for _ in waits)

    with limited(models, bodies=1_000_000) as address:
        client = http.client.HTTPConnection(*address, timeout=20)
        with socket.create_connection(address, timeout=20) as slow:
            slow.sendall(head + bytes(900_000))
            wait_until_held(client, 900_000)
            status, text = ask(client, "POST", PREDICT, bytes(200_000))
        wait_until_held(client, 0)
        assert ask(client, "POST", PREDICT, ROW)[0] == 200
        client.close()
    assert status == 503
    assert json.loads(text) == {"error": "too many bytes are waiting; try again"}


def test_metrics_tell_what_was_answered(models):
    with limited(models) as address:
        held = http.client.HTTPConnection(*address, timeout=20)
        for path in (
            PREDICT,
            PREDICT,
            "/v1/models/other:predict",
            "/v1/models/:predict",
        ):
            ask(held, "POST", path, ROW)
        status, text = ask(held, "GET", "/monitoring/prometheus/metrics")
        held.close()
    assert status == 200
    counts = [line for line in text.decode().split("\n") if "_count{" in line]
    assert counts == [
        ':tensorflow:serving:request_count{model_name="lv",status="OK"} 2',
        ":tensorflow:serving:request_latency_count"
        '{model_name="lv",API="Predict",entrypoint="REST"} 2',
        ':echo_keras:serving:http_answer_count{code="200"} 2',
        ':echo_keras:serving:http_answer_count{code="400"} 1',
        ':echo_keras:serving:http_answer_count{code="404"} 1',
    ]


def test_requests_of_several_clients_run_as_one_batch(models):
    sizes = []

    def run(name, inputs):
        sizes.append(len(inputs["image"]))
        return exported.run(name, inputs)

    exported = models["lv"].versions[1]
    joins = parameters.Batching(max_batch_size=4, batch_timeout_micros=10_000_000)
    servable = batching.batched(session.Servable(exported.signatures, run), joins)
    model = session.Model(versions={1: servable})
    frames = np.random.default_rng(0).uniform(size=(4, 1, 32, 32, 1))
    with (
        server.start({"lv": model}, "127.0.0.1", 0, workers=8) as running,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):

        def probability(frame):
            held = http.client.HTTPConnection(*running.server_address, timeout=20)
            request = json.dumps({"inputs": frame.tolist()})
            _, text = ask(held, "POST", PREDICT, request)
            held.close()
            return json.loads(text)["outputs"]

        found = list(pool.map(probability, frames))
    assert sizes == [4]
    for frame, answer in zip(frames, found):
        expected = exported.run("serving_default", {"image": frame.astype(np.float32)})
        np.testing.assert_allclose(answer, expected["probability"], atol=1e-6)


def test_a_new_version_is_served_while_the_server_runs(models_dir, tmp_path):
    shutil.copytree(models_dir / "lv", tmp_path / "lv")
    said, seen = [], []

    def ready(urls):
        parts = urllib.parse.urlsplit(urls[0])
        held = http.client.HTTPConnection(parts.netloc, timeout=20)
        shutil.copytree(tmp_path / "lv" / "1", tmp_path / ".2")
        (tmp_path / ".2").rename(tmp_path / "lv" / "2")
        while "no longer serving lv/1" not in said:
            seen.append(ask(held, "POST", f"{parts.path}:predict", ROW)[0])
        status = json.loads(ask(held, "GET", parts.path)[1])["model_version_status"]
        seen.extend((each["version"], each["state"]) for each in status)
        held.close()
        os.kill(os.getpid(), signal.SIGTERM)

    server.serve(tmp_path, port=0, ready=ready, say=said.append)
    assert said == ["serving lv/2", "no longer serving lv/1"]
    assert set(seen[:-2]) == {200}
    assert seen[-2:] == [("2", "AVAILABLE"), ("1", "END")]
