"""Grey frames of a video file, each decoded once and no more of them than needed."""

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read when cv2 is imported

import cv2
import numpy as np

from pipeline.sources import listings, mjpeg

_ERRORS_ALONE = 2
cv2.setLogLevel(_ERRORS_ALONE)  # its warnings name no file, our rejects do


def grey_frames(path, wanted):
    """Decode some frames of a video.

    Of Motion JPEG the wanted frames alone are decoded, and their grey is the luminance
    that is stored. Any other video is decoded by FFmpeg from its start to the last
    frame wanted.

    Args:
        path: Local path of the video.
        wanted: Function from the number of frames in the video to the 0-based numbers
            of those wanted, in any order.

    Returns:
        Number of frames in the video, and a dict of the wanted frames' numbers to
        `(H, W)` uint8.

    Raises:
        DefectError: The file is not there, no video, or ends before the last wanted
            frame.
    """
    if not path.exists():
        raise listings.DefectError("missing", "a link to nowhere")
    try:
        stored = mjpeg.images(path.read_bytes())
    except OSError as error:
        raise listings.DefectError("unreadable", error.strerror) from error
    if stored is None:
        return _by_ffmpeg(path, wanted)
    total, images = stored
    return total, {
        number: _by_jpeg(images, number, total) for number in _checked(wanted, total)
    }


def rate(path):
    """Frames a second as the header of a video tells, 0 where it does not.

    Args:
        path: Local path of the video.
    """
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        return float(video.get(cv2.CAP_PROP_FPS))
    finally:
        video.release()


def _checked(wanted, total):
    """Ascending numbers of the wanted frames, all of which the video should have."""
    numbers = sorted(set(wanted(total)))
    if numbers and numbers[-1] >= total:
        raise listings.DefectError(
            "video too short", f"frame {numbers[-1]} is wanted of {total}"
        )
    return numbers


def _by_jpeg(images, number, total):
    if number >= len(images):
        raise _truncated(number, total)
    if mjpeg.is_damaged(images[number]):
        detail = f"a part of frame {number} of {total} is lost"
        raise listings.DefectError("damaged frame", detail)
    encoded = np.frombuffer(images[number], np.uint8)
    frame = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    if frame is None:
        raise _truncated(number, total)
    return frame


def _by_ffmpeg(path, wanted):
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened() or not 0 < total <= path.stat().st_size:
            raise listings.DefectError("not a video", "no frame can be decoded")
        frames, numbers = {}, _checked(wanted, total)
        for number in range(numbers[-1] + 1 if numbers else 0):
            if not video.grab():
                raise _truncated(number, total)
            if number in numbers:
                whole, frame = video.retrieve()
                if not whole:
                    raise _truncated(number, total)
                frames[number] = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        return total, frames
    finally:
        video.release()


def _truncated(number, total):
    return listings.DefectError(
        "truncated video", f"frame {number} of {total} cannot be decoded"
    )
