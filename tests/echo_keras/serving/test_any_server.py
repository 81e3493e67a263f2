"""What every server of an exported model answers, ours and TensorFlow Serving alike.

ECHO_KERAS_URL says whom to ask, `http://HOST:8501/v1/models/NAME`; a server of our own
where it is unset.
"""

import base64
import gzip
import http.client
import json
import os
import urllib.parse

import cv2
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import client

FRAME = np.random.default_rng(0).integers(256, size=(70, 50, 3), dtype=np.uint8)
ENCODED = {
    "png": tf.io.encode_png(FRAME).numpy(),
    "grey png": tf.io.encode_png(FRAME[..., :1]).numpy(),
    "jpeg": tf.io.encode_jpeg(FRAME).numpy(),
    "bmp": cv2.imencode(".bmp", FRAME)[1].tobytes(),
}


@pytest.fixture(scope="module")
def asked(request):
    """URL of the model to ask."""
    return os.environ.get("ECHO_KERAS_URL") or request.getfixturevalue("url")


@pytest.fixture
def ask(asked):
    """Function that asks over one connection: status, headers, parsed answer."""
    parts = urllib.parse.urlsplit(asked)
    held = http.client.HTTPConnection(parts.netloc, timeout=60)

    def ask(method, path, body=None, headers=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        held.request(method, parts.path + path, body, headers or {})
        response = held.getresponse()
        return response.status, response.headers, json.loads(response.read())

    yield ask
    held.close()


@pytest.fixture
def size(ask):
    """Height and width that the network takes, as the metadata says."""
    _, _, document = ask("GET", "/metadata")
    signatures = document["metadata"]["signature_def"]["signature_def"]
    shape = signatures["serving_default"]["inputs"]["image"]["tensor_shape"]
    return int(shape["dim"][1]["size"])


def segment(*names):
    instances = [{"b64": base64.b64encode(ENCODED[name]).decode()} for name in names]
    return {"signature_name": "image_bytes", "instances": instances}


def mask(answer):
    encoded = base64.b64decode(answer["mask_png_bytes"]["b64"])
    return cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_version_is_available(ask):
    status, headers, document = ask("GET", "")
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert "AVAILABLE" in [each["state"] for each in document["model_version_status"]]


def test_the_metadata_tell_both_signatures(ask, size):
    _, _, document = ask("GET", "/metadata")
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "image_bytes"} <= set(signatures)
    shape = signatures["serving_default"]["inputs"]["image"]["tensor_shape"]
    sizes = [each["size"] for each in shape["dim"]]
    assert sizes == ["-1", str(size), str(size), "1"]


@pytest.mark.parametrize("name", ENCODED)
def test_an_image_gets_a_mask_of_its_size_and_the_masks_area(ask, name):
    status, _, document = ask("POST", ":predict", segment(name))
    assert status == 200
    (answer,) = document["predictions"]
    assert mask(answer).shape == FRAME.shape[:2]
    assert set(np.unique(mask(answer))) <= {0, 255}
    assert answer["area"] == np.count_nonzero(mask(answer))
    assert 0 <= answer["probability_mean"] <= 1


def test_images_together_are_answered_as_alone(ask):
    _, _, together = ask("POST", ":predict", segment(*ENCODED))
    for name, answer in zip(ENCODED, together["predictions"]):
        (alone,) = ask("POST", ":predict", segment(name))[2]["predictions"]
        assert answer["area"] == pytest.approx(alone["area"], abs=2)


def test_rows_and_columns_hold_the_same(ask, size):
    frame = np.random.default_rng(1).uniform(size=(2, size, size, 1)).round(3).tolist()
    _, _, rows = ask("POST", ":predict", {"instances": frame})
    _, _, columns = ask("POST", ":predict", {"inputs": frame})
    np.testing.assert_allclose(rows["predictions"], columns["outputs"], atol=1e-6)


def test_packed_and_chunked_requests_are_understood(ask):
    plain = json.dumps(segment("png")).encode()
    expected = ask("POST", ":predict", plain)[2]
    packed, header = gzip.compress(plain), {"Content-Encoding": "gzip"}
    assert ask("POST", ":predict", packed, header)[2] == expected
    assert ask("POST", ":predict", iter([plain[:99], plain[99:]]))[2] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", ":predict/", 400),
        ("POST", ":explain", 400),
        ("PUT", ":predict", 400),
        ("POST", "/versions/one:predict", 400),
        ("POST", "/versions/999999:predict", 404),
        ("POST", "/labels/no-such-label:predict", 400),
        ("GET", "/versions/999999", 404),
        ("GET", "/labels/no-such-label/metadata", 400),
        ("GET", "-that-is-not-there", 404),
    ],
)
def test_what_is_not_there_is_refused_in_json(ask, method, path, status):
    body = segment("png") if method == "POST" else None
    found, _, document = ask(method, path, body)
    assert (found, list(document)) == (status, ["error"])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        {},
        {"instances": []},
        {"instances": [1, [2]]},
        {"instances": [[[1.0, 2.0]]]},
        {"instances": ["text"]},
        {"instances": [1], "inputs": [1]},
        {"signature_name": "no", "instances": [1]},
        {"signature_name": 1, "instances": [1]},
        {"signature_name": "image_bytes", "instances": [{"b64": "bm8gaW1hZ2U="}]},
        {"signature_name": "image_bytes", "instances": [{"b64": "!"}]},
    ],
)
def test_a_bad_request_is_refused_and_the_next_answered(ask, body):
    status, _, document = ask("POST", ":predict", body)
    assert (status, list(document)) == (400, ["error"])
    assert ask("POST", ":predict", segment("png"))[0] == 200


def test_the_client_of_this_project_is_answered(asked):
    with client.model(asked) as segment:
        answers = segment([ENCODED["png"], ENCODED["jpeg"]])
    for answer in answers:
        assert {"mask_png_bytes", "area", "probability_mean"} <= set(answer)
