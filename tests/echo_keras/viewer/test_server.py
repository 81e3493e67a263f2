import http.client
import urllib.request

import pytest

from echo_keras import errors
from echo_keras.viewer import server

URL = "http://127.0.0.1:1/v1/models/lv"


def test_the_page_is_served_on_this_computer_alone(address):
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address) as answer:
        assert b"echo-keras" in answer.read()


def test_a_port_in_use_is_named(address):
    port = int(address.rstrip("/").rpartition(":")[2])
    with pytest.raises(errors.InputError, match=rf"cannot listen on .*:{port}: "):
        server.start(URL, port).__enter__()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(address):
    host = address.split("/")[2]
    connection = http.client.HTTPConnection(host)
    connection.putrequest("POST", "/api/studies?name=a.avi")
    connection.putheader("Content-Length", str(server.LARGEST_FILE + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_model_that_is_not_served_is_told_at_once(model):
    model.gone = True
    with pytest.raises(errors.InputError, match="no answer from"):
        server.view(URL, 0, ready=print)
