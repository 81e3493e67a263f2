"""Clients of `benchmarks/serve.py`, and the floor that the server is held to."""

import base64
import concurrent.futures
import functools
import http.client
import json
import time
import urllib.parse

import numpy as np

FRAME = (400, 512)


@functools.cache
def frame():
    """PNG of a smooth noisy frame, 100 kB."""
    import cv2

    noise = np.random.default_rng(0).integers(256, size=FRAME, dtype=np.uint8)
    return cv2.imencode(".png", cv2.GaussianBlur(noise, (0, 0), 2))[1].tobytes()


@functools.cache
def pixels(size):
    """`(1, size, size, 1)` float32 frame in [0, 1]."""
    return np.random.default_rng(0).uniform(size=(1, size, size, 1)).astype("f4")


def client(pipe):
    """Ask as often as told, one request after the other; run in a process of its own.

    Args:
        pipe: Takes tuples of what to ask, URL, size of the network and number of
            requests; gives back the seconds of each.
    """
    while order := pipe.recv():
        what, url, size, number = order
        parts = urllib.parse.urlsplit(url)
        # Servers close connections that rested while others had their turn.
        held = http.client.HTTPConnection(parts.netloc)
        held.connect()
        pipe.send(_timed(functools.partial(_ask, held, what, parts.path, size), number))
        held.close()


def floor(pipe, model):
    """Call a SavedModel in this process, from as many threads as told.

    Args:
        pipe: Takes tuples of what to ask, size of the network, number of calls and of
            threads; gives back the seconds of each call and of all together.
        model: Folder of the version.
    """
    from echo_keras.serving import session

    servable = session.load(model)
    while order := pipe.recv():
        what, size, number, threads = order
        signature, inputs = "serving_default", {"image": pixels(size)}
        if what == "image_bytes":
            signature, inputs = what, {what: np.array([frame()], object)}
        call = functools.partial(servable.run, signature, inputs)
        start = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            shares = [number // threads] * threads
            found = pool.map(_timed, [call] * threads, shares)
            seconds = [each for some in found for each in some]
        pipe.send((seconds, time.perf_counter() - start))


def _timed(call, number):
    seconds = []
    for _ in range(number):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def _ask(held, what, path, size):
    """Ask and read the answer to the last value, as a client has to."""
    if what == "image_bytes":
        row = {"b64": base64.b64encode(frame()).decode()}
        body = json.dumps({"signature_name": what, "instances": [row]})
    elif what == "mask":
        body = frame()
    else:
        body = json.dumps({what: pixels(size).tolist()})
    held.request("POST", path, body)
    response = held.getresponse()
    answer = json.loads(response.read())
    if response.status != http.client.OK:
        raise RuntimeError(f"{response.status} {answer}")
    if what == "image_bytes":
        base64.b64decode(answer["predictions"][0]["mask_png_bytes"]["b64"])
    else:
        np.array(next(iter(answer.values())))
