import struct

import cv2
import numpy as np
import pytest

from pipeline.sources import listings, mjpeg, videos

FRAMES, SIZE = 12, 48


def picture(number):
    """A ramp that moves a pixel a frame, so that no two frames are alike."""
    ramp = np.add.outer(2 * np.arange(SIZE), 3 * np.arange(SIZE) + 8 * number)
    return (ramp % 200).astype(np.uint8)


@pytest.fixture
def write(tmp_path):
    def write(codec, backend=cv2.CAP_OPENCV_MJPEG):
        path = tmp_path / f"{codec.strip()}.avi"
        fourcc = cv2.VideoWriter_fourcc(*codec)
        video = cv2.VideoWriter(str(path), backend, fourcc, 50, (SIZE, SIZE))
        for number in range(FRAMES):
            video.write(cv2.cvtColor(picture(number), cv2.COLOR_GRAY2BGR))
        video.release()
        return path

    return write


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


def everything(total):
    return range(total)


@pytest.mark.parametrize("backend", [cv2.CAP_OPENCV_MJPEG, cv2.CAP_FFMPEG])
def test_single_frames_of_motion_jpeg_are_those_that_ffmpeg_sees(write, backend):
    path = write("MJPG", backend)
    promised, images = mjpeg.images(path.read_bytes())
    assert promised == len(images) == FRAMES
    total, frames = videos.grey_frames(path, lambda total: [7, 0, total - 1])
    assert total == FRAMES
    assert list(frames) == [0, 7, 11]
    _, expected = videos._by_ffmpeg(path, everything)
    for number, frame in frames.items():
        assert abs(frame.astype(int) - expected[number]).max() <= 2
        assert abs(frame.astype(int) - picture(number)).mean() < 8


def test_other_codecs_are_decoded_by_ffmpeg(write):
    path = write("FFV1", cv2.CAP_FFMPEG)
    assert mjpeg.images(path.read_bytes()) is None
    total, frames = videos.grey_frames(path, lambda total: [3, 9])
    assert total == FRAMES
    for number, frame in frames.items():
        np.testing.assert_allclose(frame, picture(number), atol=2)


def test_a_movie_of_another_form_is_left_to_ffmpeg(write):
    path = write("MJPG")
    whole = path.read_bytes()
    first = whole.index(b"00dc")
    size = struct.pack("<I", 0)
    repeated = whole[: first + 4] + size + whole[first + 8 :]
    second_part = whole + b"RIFF"
    no_frames = whole.replace(b"00dc", b"01wb")
    for content in (repeated, second_part, no_frames, whole[:8], b""):
        assert mjpeg.images(content) is None


def test_one_stream_of_motion_jpeg_alone_is_taken_apart():
    jpeg = b"\xff\xd8 a picture \xff\xd9"
    frames = [(b"ix00", b"index"), (b"00dc", jpeg), (b"JUNK", b""), (b"00db", jpeg)]
    one, sound = (b"vids", b"MJPG"), (b"auds", bytes(4))
    promised, images = mjpeg.images(avi([one], frames))
    assert (promised, [bytes(image) for image in images]) == (2, [jpeg, jpeg])
    for streams in ([one, sound], [one, one], [sound], [(b"vids", b"XVID")], []):
        assert mjpeg.images(avi(streams, frames)) is None


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_video_gives_what_is_before_the_cut(write, share):
    path = write("MJPG")
    whole = path.read_bytes()
    begin, end = whole.index(b"00dc"), whole.index(b"idx1")
    path.write_bytes(whole[: begin + int(share * (end - begin))])
    _, images = mjpeg.images(path.read_bytes())
    left = len(images)
    assert abs(left - share * FRAMES) <= 1
    _, frames = videos.grey_frames(path, lambda total: range(left))
    assert abs(frames[left - 1].astype(int) - picture(left - 1)).mean() < 8
    with pytest.raises(listings.DefectError, match=rf"frame {left} of 12 cannot"):
        videos.grey_frames(path, everything)


def test_a_frame_overwritten_with_zeros_ends_the_video(write):
    path = write("MJPG")
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(1000) + whole[middle + 1000 :])
    _, images = mjpeg.images(path.read_bytes())
    assert 0 < len(images) < FRAMES


def test_a_frame_with_a_lost_part_is_a_defect_if_it_is_wanted(write):
    path = write("MJPG")
    whole = bytearray(path.read_bytes())
    second = whole.index(b"00dc", whole.index(b"00dc") + 4)
    size = struct.unpack_from("<I", whole, second + 4)[0]
    middle = second + 8 + size // 2
    whole[middle : middle + 64] = bytes(64)
    path.write_bytes(whole)
    _, frames = videos.grey_frames(path, lambda total: [0, 2])
    assert list(frames) == [0, 2]
    with pytest.raises(listings.DefectError, match="a part of frame 1 of 12 is lost"):
        videos.grey_frames(path, everything)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_frame_of_one_grey_is_not_taken_for_a_lost_one(level):
    frame = np.full((112, 112), level, np.uint8)
    assert not mjpeg.is_damaged(cv2.imencode(".jpg", frame)[1].tobytes())


def test_a_length_that_cannot_be_is_left_to_ffmpeg(write):
    path = write("MJPG")
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"strh") + 8 + 32, 2**32 - 1)
    assert mjpeg.images(bytes(content)) is None


def test_random_damage_to_the_header_never_raises_anything_else(write):
    path = write("MJPG")
    whole = bytearray(path.read_bytes())
    random = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(whole)
        for place in random.integers(0, 300, size=4):
            content[place] = random.integers(256)
        found = mjpeg.images(bytes(content))
        assert found is None or found[0] > 0


def test_a_frame_beyond_the_end_is_a_defect(write):
    with pytest.raises(listings.DefectError, match="frame 12 is wanted of 12"):
        videos.grey_frames(write("MJPG"), lambda total: [total])


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no video at all " * 100])
def test_what_is_no_video_is_a_defect(tmp_path, content):
    path = tmp_path / "video.avi"
    path.write_bytes(content)
    with pytest.raises(listings.DefectError, match="no frame can be decoded"):
        videos.grey_frames(path, everything)


def test_a_video_that_is_not_there_is_a_defect(tmp_path):
    with pytest.raises(listings.DefectError, match="missing"):
        videos.grey_frames(tmp_path / "video.avi", everything)


def test_the_decoder_says_nothing_about_what_is_no_video(tmp_path, capfd):
    path = tmp_path / "video.avi"
    path.write_bytes(b"no video at all")
    with pytest.raises(listings.DefectError):
        videos.grey_frames(path, everything)
    assert capfd.readouterr() == ("", "")
