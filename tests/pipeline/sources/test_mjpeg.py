import struct

import cv2
import numpy as np
import pytest

from pipeline.sources import mjpeg

FRAMES, SIZE = 12, 48
JPEG = b"\xff\xd8 a picture \xff\xd9"
ONE = (b"vids", b"MJPG")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Bytes of a video as OpenCV writes it, of a ramp that moves."""
    path = tmp_path_factory.mktemp("mjpeg") / "video.avi"
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, 50, (SIZE, SIZE))
    for number in range(FRAMES):
        ramp = np.add.outer(2 * np.arange(SIZE), 3 * np.arange(SIZE) + 8 * number)
        video.write(cv2.cvtColor((ramp % 200).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    video.release()
    return path.read_bytes()


def chunk(kind, content):
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(streams, frames):
    """A file with a stream header for each pair of kind and codec."""
    headers = [
        chunk(b"LIST", b"strl" + chunk(b"strh", kind + codec + bytes(24) + b"\2\0\0\0"))
        for kind, codec in streams
    ]
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + b"".join(headers))
    movie = b"".join(chunk(kind, content) for kind, content in frames)
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", b"movi" + movie))


def found(frames):
    promised, images = mjpeg.images(avi([ONE], frames))
    return promised, [bytes(image) for image in images]


def test_one_stream_of_motion_jpeg_alone_is_taken_apart():
    frames = [(b"ix00", b"index"), (b"00dc", JPEG), (b"JUNK", b""), (b"00db", JPEG)]
    assert found(frames) == (2, [JPEG, JPEG])
    sound = (b"auds", bytes(4))
    for streams in ([ONE, sound], [ONE, ONE], [sound], [(b"vids", b"XVID")], []):
        assert mjpeg.images(avi(streams, frames)) is None


def test_a_codec_may_be_named_in_small_letters():
    promised, images = mjpeg.images(avi([(b"vids", b"mjpg")], [(b"00dc", JPEG)]))
    assert (promised, len(images)) == (2, 1)


@pytest.mark.parametrize(
    "damaged", [JPEG[1:], JPEG[:-1], JPEG + b"text", b"\xff\xd8", JPEG + bytes(70)]
)
def test_a_frame_without_its_begin_or_its_end_is_the_last(damaged):
    frames = [(b"00dc", JPEG), (b"00dc", damaged), (b"00dc", JPEG)]
    assert found(frames) == (2, [JPEG])


@pytest.mark.parametrize("zeros", [30, 62])
def test_zeros_may_fill_a_frame_up(zeros):
    filled = JPEG + bytes(zeros)
    assert found([(b"00dc", filled), (b"00dc", JPEG)]) == (2, [filled, JPEG])
    assert not mjpeg.is_damaged(filled)


@pytest.mark.parametrize(("zeros", "damaged"), [(47, False), (48, True), (1000, True)])
def test_a_frame_is_damaged_by_more_zeros_than_a_picture_has(zeros, damaged):
    image = memoryview(JPEG[:5] + bytes(zeros) + JPEG[5:])
    assert mjpeg.is_damaged(image) == damaged


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_frame_of_one_grey_is_not_taken_for_a_lost_one(level):
    frame = np.full((112, 112), level, np.uint8)
    assert not mjpeg.is_damaged(cv2.imencode(".jpg", frame)[1].tobytes())


def test_a_movie_of_another_form_is_left_to_ffmpeg(whole):
    first = whole.index(b"00dc")
    size = struct.pack("<I", 0)
    repeated = whole[: first + 4] + size + whole[first + 8 :]
    second_part = whole + b"RIFF"
    no_frames = whole.replace(b"00dc", b"01wb")
    for content in (repeated, second_part, no_frames, whole[:8], b""):
        assert mjpeg.images(content) is None


def test_a_file_cut_off_in_its_header_is_left_to_ffmpeg(whole):
    header = whole.index(b"00dc")
    assert {mjpeg.images(whole[:size]) for size in range(header)} <= {None}


def test_a_frame_overwritten_with_zeros_ends_the_video(whole):
    middle = len(whole) // 2
    content = whole[:middle] + bytes(1000) + whole[middle + 1000 :]
    _, images = mjpeg.images(content)
    assert 0 < len(images) < FRAMES


def test_a_length_that_cannot_be_is_left_to_ffmpeg(whole):
    content = bytearray(whole)
    struct.pack_into("<I", content, content.index(b"strh") + 8 + 32, 2**32 - 1)
    assert mjpeg.images(bytes(content)) is None


def test_random_damage_to_the_header_never_raises_anything_else(whole):
    random = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(0, 300, size=4):
            content[place] = random.integers(256)
        images = mjpeg.images(bytes(content))
        assert images is None or images[0] > 0
