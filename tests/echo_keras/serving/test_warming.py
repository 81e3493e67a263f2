import numpy as np
import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.serving import session, warming


def field(number, payload):
    length = [len(payload)]
    while length[-1] > 0x7F:
        length[-1:] = [length[-1] & 0x7F | 0x80, length[-1] >> 7]
    return bytes([number << 3 | 2, *length]) + payload


def prediction_log(inputs, signature=b""):
    """The message with a version number and a log type, which are not of interest."""
    model = field(1, b"lv") + field(2, b"\x08\x96\x01") + field(3, signature)
    entries = b"".join(
        field(
            2,
            field(1, name) + field(2, tf.make_tensor_proto(value).SerializeToString()),
        )
        for name, value in inputs.items()
    )
    return field(1, b"\x10\x05") + field(6, field(1, field(1, model) + entries))


@pytest.fixture
def write(tmp_path):
    """Function that writes records where the model server looks for them."""

    def write(*records):
        path = tmp_path / warming.FILE
        path.parent.mkdir()
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
        return tmp_path

    return write


@pytest.fixture
def seen():
    return []


@pytest.fixture
def servable(seen):
    def run(name, inputs):
        if name == "refuse":
            raise tf.errors.InvalidArgumentError(None, None, "refused")
        seen.append((name, inputs))

    return session.Servable(signatures={}, run=run)


def test_requests_are_run_in_their_order(write, servable, seen):
    frames = np.random.default_rng(0).uniform(size=(2, 9, 9, 1)).astype(np.float32)
    encoded = np.array([b"png", b"\x00"], object)
    folder = write(
        prediction_log({b"image": frames}),
        prediction_log({b"image_bytes": encoded}, b"image_bytes"),
    )
    assert warming.warm(folder, servable) == 2
    (first, floats), (second, strings) = seen
    assert (first, second) == ("serving_default", "image_bytes")
    np.testing.assert_array_equal(floats["image"], frames)
    np.testing.assert_array_equal(strings["image_bytes"], encoded)


def test_a_version_without_warm_up_is_not_warmed(tmp_path, servable):
    assert warming.warm(tmp_path, servable) == 0


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (prediction_log({b"image": 1.0}, b"refuse"), "refused"),
        (prediction_log({}), "no request to predict"),
        (b"\xff", "cannot be run"),
        (prediction_log({b"image": 1.0})[:-3], "cannot be run"),
    ],
)
def test_requests_that_cannot_be_run_are_told(write, servable, record, reason):
    folder = write(prediction_log({b"image": 1.0}), record)
    with pytest.raises(errors.InputError, match=f"request 2 of .*{reason}"):
        warming.warm(folder, servable)


def test_a_broken_file_is_told(write, servable):
    folder = write(prediction_log({b"image": 1.0}))
    path = folder / warming.FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(errors.InputError, match=r"request 0 of .*cannot be run"):
        warming.warm(folder, servable)


def test_too_many_requests_are_refused(write, servable, seen):
    folder = write(*[prediction_log({b"image": 1.0})] * 1001)
    with pytest.raises(errors.InputError, match="more than 1000"):
        warming.warm(folder, servable)
    assert len(seen) == 1000
