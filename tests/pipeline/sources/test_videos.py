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
