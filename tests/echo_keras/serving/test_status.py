"""Errors of a graph have a status, and say what the model server would."""

import pytest
import tensorflow as tf

from echo_keras.serving import http1, status


def failure(code, message="failed"):
    kind = tf.compat.v1.errors.exception_type_from_error_code(code)
    return kind(None, None, message)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (tf.errors.CANCELLED, 499),
        (tf.errors.ALREADY_EXISTS, 409),
        (tf.errors.PERMISSION_DENIED, 403),
        (tf.errors.UNAUTHENTICATED, 401),
        (tf.errors.UNKNOWN, 500),
    ],
)
def test_errors_that_no_graph_of_ours_raises_have_their_status_too(code, expected):
    assert status.http(failure(code)) == expected


@pytest.mark.parametrize("code", sorted({500, *status.HTTP.values()}))
def test_every_status_can_be_sent(code):
    sent = http1.message((code, {}, b""), keeps=True, bodyless=False)
    assert sent.startswith(b"HTTP/1.1 %d " % code)


def test_what_the_session_adds_is_no_part_of_the_message():
    added = failure(tf.errors.INTERNAL, "Graph execution error:\n\nbad shape\n")
    assert status.text(added) == "bad shape"
    inside = failure(tf.errors.INTERNAL, "no Graph execution error:\n\nbut this")
    assert status.text(inside) == "no Graph execution error:\n\nbut this"


@pytest.mark.parametrize(
    ("made", "code"), [(status.invalid, 400), (status.not_found, 404)]
)
def test_errors_of_the_server_itself_come_back_as_they_were_made(made, code):
    error = made("no such thing")
    assert (status.http(error), status.text(error)) == (code, "no such thing")
