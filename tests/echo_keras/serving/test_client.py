import http.server
import json
import socket
import threading
from concurrent import futures

import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.serving import client

PNG = cv2.imencode(".png", np.full((30, 40), 255, np.uint8))[1].tobytes()
ANSWER = {"mask_png_bytes": {"b64": "AAE="}, "area": 3, "probability_mean": 0.5}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture
def scripted():
    """URL of a server that gives scripted answers, the list of them, and requests.

    An answer is a status and a document, or None to hang up without one.
    """
    answers, requests = [], []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            requests.append(self.command)
            answer = answers.pop(0)
            if answer is None:
                self.close_connection = True
                return
            body = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/models/lv", answers, requests
    server.shutdown()
    server.server_close()
    thread.join()


def test_answers_come_in_the_order_of_the_images(url):
    small = cv2.imencode(".png", np.full((20, 10), 255, np.uint8))[1].tobytes()
    with client.model(url) as segment:
        answers = segment([PNG, small, PNG])
    assert [answer["area"] for answer in answers] == [1200, 200, 1200]
    mask = np.frombuffer(answers[1]["mask_png_bytes"], np.uint8)
    assert cv2.imdecode(mask, cv2.IMREAD_UNCHANGED).shape == (20, 10)


@pytest.mark.parametrize("suffix", ["", "/", "/versions/1"])
def test_versions_may_be_named(url, suffix):
    with client.model(url + suffix) as segment:
        assert len(segment([PNG])) == 1


def test_lost_connections_and_busy_servers_are_asked_again(scripted):
    url, answers, requests = scripted
    done = (200, {"predictions": [ANSWER]})
    answers += [None, (200, {}), (503, {"error": "busy"}), None, done]
    with client.model(url) as segment:
        assert segment([PNG]) == [{**ANSWER, "mask_png_bytes": b"\x00\x01"}]
    assert requests == ["GET", "GET", "POST", "POST", "POST"]


def test_several_threads_may_ask_at_a_time(url):
    shades = [
        cv2.imencode(".png", np.full((8, 5 + n), 255, np.uint8)) for n in range(8)
    ]
    with client.model(url) as segment, futures.ThreadPoolExecutor(4) as threads:
        answers = threads.map(segment, [[image.tobytes()] for _, image in shades])
        areas = [answer["area"] for (answer,) in answers]
    assert areas == [8 * (5 + n) for n in range(8)]


def test_what_else_a_model_tells_is_passed_on(scripted):
    url, answers, _ = scripted
    answers += [(200, {}), (200, {"predictions": [{**ANSWER, "area_low": 2}]})]
    with client.model(url) as segment:
        assert segment([PNG])[0]["area_low"] == 2


def test_a_server_that_stays_busy_is_given_up(scripted):
    url, answers, _ = scripted
    answers += [(503, {"error": "busy"})] * client.ATTEMPTS
    with pytest.raises(errors.InputError, match=r"no answer from .* 503 .*busy"):
        client.model(url).__enter__()


@pytest.mark.parametrize(
    "url",
    [
        "lv",
        "127.0.0.1:8501/v1/models/lv",
        "ftp://host/v1/models/lv",
        "http://host:8501",
        "http://host:8501/v1/models/",
        "http://host:8501/v1/models/lv:predict",
        "http://host:port/v1/models/lv",
        "http:///v1/models/lv",
        "http://[::1/v1/models/lv",
        "http://host..name/v1/models/lv",
        "http://host:0/v1/models/lv",
    ],
)
def test_a_malformed_url_is_refused(url):
    with pytest.raises(errors.InputError, match="no URL of a served model"):
        client.model(url).__enter__()


def test_a_server_that_does_not_run_is_named():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1/models/lv"
        with pytest.raises(errors.InputError, match=r"no answer .* echo-keras serve"):
            client.model(url).__enter__()


def test_an_unknown_model_is_named(url):
    unknown = url.replace("/lv", "/unknown")
    with pytest.raises(
        errors.InputError, match=r"404: Could not find any .* unknown; .*name"
    ):
        client.model(unknown).__enter__()


def test_an_image_that_the_model_refuses_is_the_users_mistake(url):
    with (
        client.model(url) as segment,
        pytest.raises(errors.InputError, match=r"(?s)400: .*; check the images"),
    ):
        segment([b"no image"])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"predictions": [0.5]}, "without mask_png_bytes"),
        (
            {"predictions": [{"mask_png_bytes": ANSWER["mask_png_bytes"]}]},
            "without .* area",
        ),
        (
            {"predictions": [{**ANSWER, "mask_png_bytes": {"b64": "AAE"}}]},
            "without mask_png_bytes",
        ),
        ([], "answers 200"),
        ({"predictions": [ANSWER, ANSWER]}, "2 answers to 1 images"),
    ],
)
def test_a_model_of_another_project_is_refused(scripted, document, message):
    url, answers, _ = scripted
    answers += [(200, {}), (200, document)]
    with client.model(url) as segment, pytest.raises(errors.InputError, match=message):
        segment([PNG])
