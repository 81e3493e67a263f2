import struct

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import pixels

FRAME = np.zeros((30, 40, 3), np.uint8)
PNG = tf.io.encode_png(FRAME).numpy()
JPEG = tf.io.encode_jpeg(FRAME).numpy()


def bmp(width, height):
    return b"BM" + bytes(16) + struct.pack("<ii", width, height) + bytes(100)


def gif(*sizes, screen=(5, 6)):
    """Frames of these sizes; extensions and palettes stand between, as in real ones."""
    extension = b"\x21\xf9\x04\x00\x00\x00\x00\x00"
    frames = b"".join(
        extension
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, width, height, 0x81)
        + bytes(12)
        + b"\x02\x02\x44\x01\x00"
        for width, height in sizes
    )
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + frames


@pytest.mark.parametrize(
    ("encoded", "count"),
    [
        (PNG, 1200),
        (JPEG, 1200),
        (b"\xff\xd8\xff\xff\xe0\x00\x04ab" + JPEG[2:], 1200),
        (bmp(30, -40), 1200),
        (gif((4, 5), (30, 40)) + b"\x3b", 1220),
        (gif((4, 5), (30, 40)), 1220),
        (gif(screen=(30, 40)) + b"\x3b", 1200),
        (PNG[:16] + struct.pack(">II", 30_000, 30_000), 900_000_000),
        (b"no image", 0),
        (b"", 0),
    ],
)
def test_the_header_tells_how_many_pixels_there_are(encoded, count):
    assert pixels.count(encoded) == count


def test_progressive_and_grey_jpeg_tell_their_size():
    for options in ({"progressive": True}, {"format": "grayscale"}):
        frame = FRAME[..., :1] if "format" in options else FRAME
        assert pixels.count(tf.io.encode_jpeg(frame, **options).numpy()) == 1200


def test_scans_without_end_cost_as_much_as_the_pixels_they_touch():
    progressive = tf.io.encode_jpeg(FRAME, progressive=True).numpy()
    start = progressive.rindex(b"\xff\xda")
    last = progressive[start:-2]
    assert pixels.count(progressive) == 1200
    assert pixels.count(progressive[:-2] + 990 * last + progressive[-2:]) >= 99 * 1200


@pytest.mark.parametrize(
    "encoded",
    [PNG[:20], JPEG[:30], b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", b"BM", b"GIF89a"],
)
def test_a_header_that_breaks_off_is_refused(encoded):
    inputs = {"image_bytes": np.array([encoded], object)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="before it tells its"):
        pixels.check(inputs, 10**9)


def test_the_images_of_a_request_are_counted_together():
    inputs = {
        "image_bytes": np.array([PNG, JPEG], object),
        "other": np.array([[b"no image", PNG]], object),
        "numbers": np.ones(3),
    }
    pixels.check(inputs, 3600)
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes 3599"):
        pixels.check(inputs, 3599)
