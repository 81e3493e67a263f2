"""A server under fire: malformed requests and slow clients beside good ones."""

import base64
import concurrent.futures
import contextlib
import gzip
import http.client
import itertools
import json
import pathlib
import random
import socket
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

PREDICT = "/v1/models/lv:predict"
MALFORMED, SHOOTERS, SLOW = 2000, 4, 100
IMAGE = tf.io.encode_png(np.full((30, 40, 1), 255, np.uint8)).numpy()
TIMEOUT = 60


def request(method="POST", path=PREDICT, headers=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def image_request(image, **headers):
    encoded = base64.b64encode(image).decode()
    row = {"signature_name": "image_bytes", "instances": [{"b64": encoded}]}
    return request(body=json.dumps(row).encode(), **headers)


GOOD = image_request(IMAGE)


def malformed_line(draw):
    path = draw.choice([PREDICT, "/v1/models/lv", "/v1/models/..%2f..%2fetc/passwd"])
    method = draw.choice(
        ["PUT", "BREW", "post", "OPTIONS", "X" * draw.randrange(1, 99)]
    )
    spoilt = [
        request(method, path),
        request(path=path + draw.choice(["/", "?x=1", "%", "//", ":", ":predict"])),
        request("GET", "/v1/" + "".join(draw.choices("lv/:%.0é~", k=9)) + "!"),
        request(path=f"/v1/models/lv/versions/{draw.randrange(2, 10**22)}:predict"),
        request(path="/v1/models/lv/labels/none:predict", body=b"{}"),
        bytes(draw.choices(range(1, 256), k=draw.randrange(1, 99))) + b"!\r\n\r\n",
        b"GET /v1/models/lv HTTP/" + draw.choice([b"9.9", b"1", b"x"]) + b"\r\n\r\n",
    ]
    return draw.choice(spoilt)


def malformed_header(draw):
    line = b"POST " + PREDICT.encode() + b" HTTP/1.1\r\n"
    number = str(draw.randrange(10**9, 10**25)).encode()
    spoilt = [
        b"no colon",
        b" folded",
        b"Content-Length: " + draw.choice([b"-1", b"x", b"1 2", b"0x1", number]),
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked\r\n\r\n" + draw.choice([b"-1", b"zz", b"\xff"]),
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd",
        b"X: " + b"y" * 70_000,
        b"X\x00: y",
        b"Content-Length: 0",
    ]
    return line + draw.choice(spoilt) + b"\r\n\r\n"


def malformed_json(draw):
    row = {"instances": [[[[draw.random()]] * 32] * 32]}
    text = json.dumps(row)
    leaf = draw.choice([None, True, "a", {}, {"b64": 1}, [], 10**400, [[1], [1, 2]]])
    spoilt = [
        text[: draw.randrange(len(text))],
        "".join(draw.choices('{}[]":,0.e-tfn\\u', k=draw.randrange(1, 60))) + "\x00",
        json.dumps({"instances": leaf}),
        json.dumps({"instances": [leaf]}),
        json.dumps({"inputs": {"image": leaf}}),
        json.dumps({"inputs": {"other": leaf}}),
        json.dumps({**row, "inputs": 1}),
        json.dumps({**row, "signature_name": draw.choice([1, "no", "image_bytes"])}),
        '{"instances": ' + "[" * draw.randrange(5, 5000),
        '{"instances": [' + "9" * draw.randrange(400, 5000) + "]}",
    ]
    return request(body=draw.choice(spoilt).encode())


def malformed_image(draw):
    width, height = draw.choices([30_000, 65_535, 2**31 - 1], k=2)
    sizes = struct.pack(">II", width, height)
    frame = (
        b"\x2c" + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0) + b"\x02\x01\x44\x00"
    )
    jpeg = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff"
    spoilt = [
        b"",
        bytes(draw.choices(range(256), k=draw.randrange(1, 99))),
        IMAGE[: draw.randrange(len(IMAGE) - 20)],
        IMAGE[:16] + sizes + IMAGE[24:],
        b"BM" + bytes(16) + struct.pack("<ii", 30_000, -30_000) + bytes(30),
        b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0) + frame * 9,
        jpeg + bytes(30),
        jpeg[:4],
        b"\xff\xd8\xff" + bytes(draw.choices(range(256), k=40)),
    ]
    return image_request(draw.choice(spoilt))


def malformed_gzip(draw):
    packed = gzip.compress(GOOD.partition(b"\r\n\r\n")[2])
    spoilt = [packed[: draw.randrange(len(packed))], b"x" + packed, b"", BOMB]
    body = draw.choices(spoilt, weights=[50, 50, 50, 1])[0]
    return request(headers=["Content-Encoding: gzip"], body=body)


BOMB = gzip.compress(bytes(150 * 2**20), 1)
KINDS = (malformed_line, malformed_header, malformed_json, malformed_image)
KINDS += (malformed_gzip,)


def exchange(address, sent, *, half_close=False):
    """Status and body that a server answers to bytes as they are."""
    with socket.create_connection(address, timeout=TIMEOUT) as plug:
        plug.sendall(sent)
        if half_close:
            plug.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(
            plug, method=sent.split(b" ")[0].decode("latin-1")
        )
        response.begin()
        return response.status, response.read()


def is_refusal(status, text):
    return 400 <= status < 600 and list(json.loads(text)) == ["error"]


def is_right(status, text):
    return status == 200 and json.loads(text)["predictions"][0]["area"] == 30 * 40


def shoot(address, seed, count):
    """What malformed requests were not refused, as bytes and answer."""
    draw = random.Random(seed)
    missed = []
    for kind in itertools.islice(itertools.cycle(KINDS), count):
        sent = kind(draw)
        status, text = exchange(address, sent)
        if not is_refusal(status, text):
            missed.append((sent[:300], status, text[:300]))
    return missed


def ask_until(address, over):
    """Answers, right or not, that good requests get over one connection."""
    held = http.client.HTTPConnection(*address, timeout=TIMEOUT)
    body, right = GOOD.partition(b"\r\n\r\n")[2], []
    while not over.is_set():
        held.request("POST", PREDICT, body)
        response = held.getresponse()
        right.append(is_right(response.status, response.read()))
    held.close()
    return right


def slow_clients(address, stack):
    """Open connections that say nothing, or half of a request, and hold on."""
    starts = [b"", b"POST /v1/mod", GOOD[:70], GOOD[:-20]]
    for start in itertools.islice(itertools.cycle(starts), SLOW):
        plug = stack.enter_context(socket.create_connection(address, timeout=TIMEOUT))
        plug.sendall(start)


@pytest.fixture
def process(models_dir):
    words = [sys.executable, "-m", "echo_keras.cli", "serve", "--models", models_dir]
    with subprocess.Popen([*words, "--port", "0"], stdout=subprocess.PIPE) as running:
        yield running
        running.terminate()
        assert running.wait() == 0


def held_by(process):
    """Threads, open files and resident megabytes of a process."""
    folder = pathlib.Path("/proc") / str(process.pid)
    status = dict(
        line.split(":", 1) for line in (folder / "status").read_text().splitlines()
    )
    files = len(list((folder / "fd").iterdir()))
    return int(status["Threads"]), files, int(status["VmRSS"].split()[0]) / 1024


def settled(address, process):
    """What a process holds once every thread has worked and no client is left."""
    with concurrent.futures.ThreadPoolExecutor(SHOOTERS) as pool:
        shots = [pool.submit(shoot, address, f"warm {n}", 50) for n in range(SHOOTERS)]
        good = [pool.submit(exchange, address, GOOD) for _ in range(50)]
        concurrent.futures.wait([*shots, *good])
    held = held_by(process)
    for _ in range(25):
        time.sleep(0.1)
        held = min(held, held_by(process), key=lambda each: each[:2])
    return held


@pytest.mark.skipif(not pathlib.Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_good_requests_are_answered_under_fire_and_nothing_leaks(process):
    host = process.stdout.readline().split()[-1].decode().split("/")[2]
    address = host.partition(":")[0], int(host.partition(":")[2])
    before, over = settled(address, process), threading.Event()
    with (
        contextlib.ExitStack() as stack,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        slow_clients(address, stack)
        good = [pool.submit(ask_until, address, over) for _ in range(2)]
        shots = [
            pool.submit(shoot, address, seed, MALFORMED // SHOOTERS)
            for seed in range(SHOOTERS)
        ]
        missed = [each for shot in shots for each in shot.result()]
        halves = [exchange(address, GOOD, half_close=True) for _ in range(20)]
        over.set()
        right = [each for job in good for each in job.result()]
    assert missed == []
    assert all(right)
    assert len(right) > 20
    assert all(is_right(*half) for half in halves)
    after = settled(address, process)
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] < before[2] + 100
