"""What a server takes fits together, and fits what the project's client sends."""

from echo_keras.serving import limits, stream


def test_a_batch_of_the_client_is_half_of_what_a_request_may_hold():
    assert limits.DEFAULT.pixels == 2 * stream.PIXELS
    assert limits.DEFAULT.rows >= stream.BATCH


def test_the_largest_body_finds_room_on_an_idle_server():
    assert limits.DEFAULT.body <= limits.DEFAULT.bodies


def test_whoever_may_wait_may_be_connected():
    assert limits.DEFAULT.waiting <= limits.DEFAULT.connections
