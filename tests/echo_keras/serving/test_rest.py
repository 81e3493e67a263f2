import base64
import gzip
import json
import re
import struct

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from echo_keras.serving import limits, rest, session

PREDICT = "/v1/models/lv:predict"


def tensor_info(name, dtype, shape):
    info = meta_graph_pb2.TensorInfo(name=f"{name}:0", dtype=dtype.as_datatype_enum)
    info.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return info


def signature(inputs, outputs):
    return meta_graph_pb2.SignatureDef(
        inputs={name: tensor_info(name, *spec) for name, spec in inputs.items()},
        outputs={name: tensor_info(name, *spec) for name, spec in outputs.items()},
        method_name="tensorflow/serving/predict",
    )


def servable(number):
    """A model of three signatures: add `number`, join strings, fail on purpose."""
    floats, strings = (tf.float32, (None, 2)), (tf.string, (None,))
    signatures = {
        "serving_default": signature({"x": floats}, {"y": floats}),
        "pair": signature(
            {"text": strings, "image_bytes": strings},
            {"joined": strings, "joined_bytes": strings},
        ),
        "fail": signature({"x": floats}, {"y": floats}),
    }

    def run(name, inputs):
        if name == "fail":
            code = int(inputs["x"].ravel()[0])
            kind = tf.compat.v1.errors.exception_type_from_error_code(code)
            raise kind(None, None, "failed")
        if name == "pair":
            joined = inputs["text"] + inputs["image_bytes"]
            return {"joined": joined, "joined_bytes": joined}
        return {"y": inputs["x"] + number}

    return session.Servable(signatures=signatures, run=run)


MODELS = {
    "lv": session.Model(
        versions={1: servable(1), 20: servable(20)}, labels={"stable": 1}
    ),
    "é /": session.Model(versions={3: servable(3)}),
    "unloaded": session.Model(versions={}),
}


LIMITS = limits.Limits(body=10_000, values=100, pixels=1_000, rows=9)


def ask(method, path, body=b"", headers=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = method, path, headers or {}, body
    status, headers, text = rest.handle(*request, MODELS, LIMITS)
    assert headers["Content-Length"] == str(len(text))
    if headers["Content-Type"] == "application/json":
        return status, json.loads(text)
    return status, text


ROW = {"instances": [[1, 2.5]]}


@pytest.mark.parametrize(
    ("path", "number"),
    [
        (PREDICT, 20),
        ("/v1/models/lv/versions/1:predict", 1),
        ("/v1/models/lv/versions/0020:predict", 20),
        ("/v1/models/lv/labels/stable:predict", 1),
        ("/V1/Models/lv/Versions/1:predict", 1),
        ("/v1/models/l%76:predict", 20),
        ("/v1/models/%C3%A9%20%2F:predict", 3),
    ],
)
def test_routes_to_a_prediction(path, number):
    assert ask("POST", path, ROW) == (
        200,
        {"predictions": [[1.0 + number, 2.5 + number]]},
    )


def test_more_rows_than_a_server_takes_are_refused():
    assert ask("POST", PREDICT, {"instances": 9 * [[1, 2]]})[0] == 200
    for key in ("instances", "inputs"):
        code, told = ask("POST", PREDICT, {key: 10 * [[1, 2]]})
        assert code == 400
        assert told == {"error": "Batch of 10 rows, this server takes 9"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/lv:predict/"),
        ("POST", "/v1/models/lv:predict?x=1"),
        ("POST", "/v1/models/lv:explain"),
        ("POST", "/v1/models/lv"),
        ("POST", "/v1/models/lv/versions/one:predict"),
        ("POST", "/v1/models/lv/versions/-1:predict"),
        ("POST", "/v1/models/lv/versions/1/labels/stable:predict"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models:predict"),
        ("POST", "/v1/"),
        ("GET", PREDICT),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/lv/"),
        ("GET", "/v1/models/lv/versions/one"),
        ("GET", "/v1/models/lv/metadata/"),
        ("GET", "/v1/models/lv/metadata?x=1"),
        ("GET", "/v1/other"),
        ("PUT", PREDICT),
        ("DELETE", "/v1/models/lv"),
        ("HEAD", "/v1/models/lv"),
        ("OPTIONS", PREDICT),
    ],
)
def test_everything_else_under_v1_is_malformed(method, path):
    expected = {"error": f"Malformed request: {method} {path}"}
    assert ask(method, path, ROW) == (400, expected)


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/models/lv", "/models/lv", "*", ""])
def test_outside_v1_there_is_a_page_that_says_404(path):
    status, page = ask("GET", path)
    assert status == 404
    assert b"<H1>Not Found</H1>" in page


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/models/metadata", 404, "any versions of model metadata"),
        ("GET", "/v1/models/no", 404, "Could not find any versions of model no"),
        ("GET", "/v1/models/LV", 404, "Could not find any versions of model LV"),
        ("GET", "/v1/models/lv?x=1", 404, "any versions of model lv?x=1"),
        ("GET", "/v1/models/..%2f..%2fetc", 404, "any versions of model ../../etc"),
        ("GET", "/v1/models/unloaded", 404, "any versions of model unloaded"),
        ("GET", "/v1/models/lv/versions/7", 404, "version 7 of model lv"),
        ("GET", "/v1/models/lv/versions/9223372036854775808", 400, "to numeric."),
        ("GET", "/v1/models/lv/versions/" + 9999 * "9", 400, "to numeric."),
        ("GET", "/v1/models/no/metadata", 404, "Servable not found for request: Lat"),
        ("GET", "/v1/models/lv/versions/7/metadata", 404, "Specific(lv, 7)"),
        ("GET", "/v1/models/lv/labels/no/metadata", 400, "version label: no"),
        ("POST", "/v1/models/no:predict", 404, "for request: Latest(no)"),
        ("POST", "/v1/models/unloaded:predict", 404, "Latest(unloaded)"),
        ("POST", "/v1/models/lv/versions/7:predict", 404, "Specific(lv, 7)"),
        ("POST", "/v1/models/lv/labels/no:predict", 400, "version label: no"),
    ],
)
def test_what_is_not_there_says_so(method, path, status, message):
    code, document = ask(method, path, ROW)
    assert code == status
    assert message in document["error"]


@pytest.mark.parametrize(
    ("path", "versions"),
    [
        ("/v1/models/lv", ["20", "1"]),
        ("/v1/models/lv/versions/1", ["1"]),
        ("/v1/models/lv/labels/anything", ["20", "1"]),
    ],
)
def test_status_lists_versions_newest_first_and_ignores_labels(path, versions):
    state = {"error_code": "OK", "error_message": ""}
    expected = [
        {"version": version, "state": "AVAILABLE", "status": state}
        for version in versions
    ]
    assert ask("GET", path) == (200, {"model_version_status": expected})


def test_metadata_describes_the_signatures():
    _, document = ask("GET", "/v1/models/lv/metadata")
    assert document["model_spec"] == {
        "name": "lv",
        "signature_name": "",
        "version": "20",
    }
    described = document["metadata"]["signature_def"]["signature_def"]
    assert set(described) == {"serving_default", "pair", "fail"}
    assert described["serving_default"]["method_name"] == "tensorflow/serving/predict"
    assert described["serving_default"]["inputs"]["x"] == {
        "name": "x:0",
        "dtype": "DT_FLOAT",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}],
            "unknown_rank": False,
        },
    }


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/v1/models/no:predict", b"{", 400, "JSON Parse error"),
        ("/v1/models/no:predict", b"[]", 400, "Is not object"),
        ("/v1/models/no:predict", {"signature_name": 1}, 400, "must be a string value"),
        ("/v1/models/no:predict", {"signature_name": "no"}, 404, "Servable not found"),
        (PREDICT, {"signature_name": "no"}, 400, 'name: "no" not found in signature'),
        (PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
        (PREDICT, {"instances": [[1, 2]], "inputs": [[1, 2]]}, 400, "only one of"),
    ],
)
def test_checks_come_in_the_order_of_the_model_server(path, body, status, message):
    code, document = ask("POST", path, body)
    assert code == status
    assert message in document["error"]


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        (1, "Excepting 'instances' to be an list/array"),
        ({"x": [1, 2]}, "Excepting 'instances' to be an list/array"),
        ([], "No values in 'instances' array"),
        ([[1], [1, 2]], "element: 1 of .* Expecting tensor size: 1 but got: 2"),
        ([[1, 2], [[1], [2]]], r"Expecting shape \[2\] but got: \[2,1\]"),
        ([[1, [2]]], "Encountered list at unexpected level: 1 expected < 1"),
        ([["a", 1]], 'JSON Value: "a" Type: String is not of expected type: float'),
        ([{"x": [1, 2]}, [1, 2]], "Expecting object but got list at item 1"),
        ([[1, 2], {"x": [1, 2]}], "Expecting value/list but got object at item 1"),
        ([{"x": [1, 2], "z": 1}], "does not have named input: z"),
        ([{}], "keys must be equal to: x"),
        ([{"x": [1, 2]}, {}], "element: 1 .* keys must be equal to: x"),
        ([{"b64": "AAE="}], "Object is not of expected type: float"),
    ],
)
def test_instances_that_are_refused(instances, message):
    status, document = ask("POST", PREDICT, {"instances": instances})
    assert status == 400
    assert re.search(message, document["error"])


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [[1, 2]]},
        {"instances": [{"x": [1, 2]}]},
        {"instances": [[1, 2]], "unknown": 5, "signature_name": ""},
        b'{"instances": [[1, 2]], "instances": 7}',
    ],
)
def test_rows_are_answered_by_rows(body):
    assert ask("POST", PREDICT, body) == (200, {"predictions": [[21.0, 22.0]]})


@pytest.mark.parametrize("inputs", [[[1, 2]], {"x": [[1, 2]]}, {"x": [[1, 2]], "z": 0}])
def test_columns_are_answered_by_columns(inputs):
    assert ask("POST", PREDICT, {"inputs": inputs}) == (
        200,
        {"outputs": [[21.0, 22.0]]},
    )


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"z": 1}, "Missing named input: x in 'inputs' object."),
        ([[1], [1, 2]], "Encountered list at unexpected size: 2 at level: 1"),
        ("a", 'JSON Value: "a" Type: String is not of expected type: float'),
    ],
)
def test_columns_that_are_refused(inputs, message):
    status, document = ask("POST", PREDICT, {"inputs": inputs})
    assert status == 400
    assert message in document["error"]


def test_several_inputs_and_outputs_go_by_name():
    row = {"text": "a", "image_bytes": {"b64": "Yg"}}
    body = {"signature_name": "pair", "instances": [row]}
    answer = {"joined": "ab", "joined_bytes": {"b64": "YWI="}}
    assert ask("POST", PREDICT, body) == (200, {"predictions": [answer]})
    body = {"signature_name": "pair", "inputs": {"text": ["a"], "image_bytes": ["b"]}}
    answer = {"joined": ["ab"], "joined_bytes": [{"b64": "YWI="}]}
    assert ask("POST", PREDICT, body) == (200, {"outputs": answer})


@pytest.mark.parametrize("part", [{"instances": ["a"]}, {"inputs": ["a"]}])
def test_several_inputs_without_names_are_refused(part):
    status, document = ask("POST", PREDICT, {"signature_name": "pair", **part})
    assert status == 400
    assert "multiple input tensors required" in document["error"]


def test_not_a_number_goes_in_and_comes_out():
    _, headers, text = rest.handle(
        "POST", PREDICT, {}, b'{"instances": [[NaN, -Infinity]]}', MODELS
    )
    assert b"[NaN, -Infinity]" in text
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (tf.errors.INVALID_ARGUMENT, 400),
        (tf.errors.FAILED_PRECONDITION, 400),
        (tf.errors.OUT_OF_RANGE, 400),
        (tf.errors.NOT_FOUND, 404),
        (tf.errors.ABORTED, 409),
        (tf.errors.RESOURCE_EXHAUSTED, 429),
        (tf.errors.UNIMPLEMENTED, 501),
        (tf.errors.UNAVAILABLE, 503),
        (tf.errors.DEADLINE_EXCEEDED, 504),
        (tf.errors.INTERNAL, 500),
        (tf.errors.DATA_LOSS, 500),
    ],
)
def test_errors_of_the_graph_have_their_status(code, status):
    body = {"signature_name": "fail", "instances": [[code, 0]]}
    assert ask("POST", PREDICT, body) == (status, {"error": "failed"})


@pytest.mark.parametrize(
    ("verb", "noun"), [("classify", "classification"), ("regress", "regression")]
)
def test_other_verbs_do_not_fit_predict_signatures(verb, noun):
    path, examples = f"/v1/models/lv:{verb}", {"examples": [{"x": 1}]}
    _, document = ask("POST", path, examples)
    assert document["error"] == (
        f"Expected {noun} signature method_name to be tensorflow/serving/{verb}. Was: "
        "tensorflow/serving/predict"
    )
    faults = [
        ROW,
        {"examples": 1},
        {"examples": []},
        {**examples, "signature_name": "z"},
    ]
    for body in [examples, *faults]:
        assert ask("POST", path, body)[0] == 400
    assert ask("POST", f"/v1/models/no:{verb}", examples)[0] == 404


@pytest.mark.parametrize("name", ["Content-Encoding", "content-encoding"])
def test_a_gzip_body_is_unpacked(name):
    packed = gzip.compress(json.dumps(ROW).encode())
    status, document = ask("POST", PREDICT, packed, {name: "gzip"})
    assert (status, document) == (200, {"predictions": [[21.0, 22.5]]})


def test_a_gzip_body_that_cannot_be_unpacked_counts_as_empty():
    packed = gzip.compress(json.dumps(ROW).encode())
    bomb = gzip.compress(b" " * LIMITS.body + json.dumps(ROW).encode())
    for body in (b"{}", packed[:-9], bomb):
        status, document = ask("POST", PREDICT, body, {"Content-Encoding": "gzip"})
        assert status == 400
        assert "The document is empty" in document["error"]


@pytest.mark.parametrize("part", ["instances", "inputs"])
def test_the_exported_model_answers_a_base64_image(models, part):
    image = tf.io.encode_png(np.full((30, 40, 1), 255, np.uint8)).numpy()
    encoded = {"b64": base64.b64encode(image).decode()}
    body = {"signature_name": "image_bytes", part: [encoded]}
    status, _, text = rest.handle(
        "POST", PREDICT, {}, json.dumps(body).encode(), models
    )
    assert status == 200
    answer = json.loads(text)
    if part == "instances":
        (first,) = answer["predictions"]
    else:
        first = {name: value[0] for name, value in answer["outputs"].items()}
    assert set(first) >= {"mask_png_bytes", "area", "probability_mean"}
    assert first["area"] == 30 * 40


def test_the_exported_model_refuses_wrong_shapes_as_bad_requests(models):
    body = json.dumps({"instances": [[[1.0, 2.0]]]}).encode()
    status, _, text = rest.handle("POST", PREDICT, {}, body, models)
    assert status == 400
    assert "is not compatible with expected shape [?,32,32,1]" in text.decode()


@pytest.mark.parametrize(
    ("width", "height"), [(30_000, 30_000), (1_001, 1), (2**31 - 1, 2**31 - 1)]
)
def test_an_image_that_would_unpack_too_far_is_refused_unread(width, height):
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
    image = {"b64": base64.b64encode(header).decode()}
    row = {"text": "a", "image_bytes": image}
    body = {"signature_name": "pair", "instances": [row]}
    status, document = ask("POST", PREDICT, body)
    assert status == 400
    assert f"Images of {width * height} pixels" in document["error"]


def test_json_of_too_many_values_is_refused_unparsed():
    for text in (b"[1" + b",1" * 100 + b"]", b"[" * 101, b'{"a":' * 101):
        status, document = ask("POST", PREDICT, b'{"instances": ' + text + b"}")
        assert status == 400
        assert document["error"] == "JSON of more than 100 values"


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_nesting_is_a_bad_request(depth):
    body = b'{"instances": ' + b"[" * depth + b"]" * depth + b"}"
    status, _, text = rest.handle("POST", PREDICT, {}, body, MODELS)
    assert status == 400
    assert "error" in json.loads(text)
    body = b'{"signature_name": ' + b"[" * depth + b"]" * depth + b"}"
    assert rest.handle("POST", PREDICT, {}, body, MODELS)[0] == 400


def test_versions_that_ended_are_told_and_not_asked():
    ended = {1: "", 3: "cannot be read"}
    models = {"lv": session.Model(versions={2: servable(2)}, ended=ended)}
    _, _, text = rest.handle("GET", "/v1/models/lv", {}, b"", models)
    assert [
        (each["version"], each["state"], *each["status"].values())
        for each in json.loads(text)["model_version_status"]
    ] == [
        ("3", "END", "UNKNOWN", "cannot be read"),
        ("2", "AVAILABLE", "OK", ""),
        ("1", "END", "OK", ""),
    ]
    path = "/v1/models/lv/versions/3:predict"
    assert rest.handle("POST", path, {}, json.dumps(ROW).encode(), models)[0] == 404


@pytest.mark.parametrize(
    "name", ["..%2f..%2fetc", "../../etc", "%2e%2e/lv", "lv%00", "/etc/passwd"]
)
def test_a_path_in_the_name_of_a_model_reaches_nothing(name):
    for method, end in (("GET", ""), ("GET", "/metadata"), ("POST", ":predict")):
        status, document = ask(method, f"/v1/models/{name}{end}", ROW)
        assert status in (400, 404)
        assert "error" in document


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", PREDICT, ("lv", "predict")),
        ("POST", "/v1/models/l%76/versions/1:REGRESS", ("lv", "regress")),
        ("GET", PREDICT, None),
        ("POST", "/v1/models/lv", None),
    ],
)
def test_the_target_of_a_request_is_told_from_its_path(method, path, expected):
    assert rest.target(method, path) == expected
