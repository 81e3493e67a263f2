"""Grey frames of a video file, decoded once and no further than needed."""

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read when cv2 is imported

import cv2

from pipeline.sources import listings


def grey_frames(path, wanted):
    """Decode some frames of a video, in one pass from its start.

    Args:
        path: Local path of the video.
        wanted: Function from the number of frames in the video to the 0-based numbers
            of those wanted, in any order.

    Returns:
        Number of frames in the video, and a dict of the wanted frames' numbers to
        `(H, W)` uint8.

    Raises:
        DefectError: The file is no video, or ends before the last wanted frame.
    """
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not video.isOpened() or not 0 < total <= path.stat().st_size:
            raise listings.DefectError("not a video", "no frame can be decoded")
        return total, _decode(video, sorted(set(wanted(total))), total)
    finally:
        video.release()


def _decode(video, numbers, total):
    if numbers and numbers[-1] >= total:
        raise listings.DefectError(
            "video too short", f"frame {numbers[-1]} is wanted of {total}"
        )
    frames = {}
    for number in range(numbers[-1] + 1 if numbers else 0):
        if not video.grab():
            raise listings.DefectError(
                "truncated video", f"frame {number} of {total} cannot be decoded"
            )
        if number in numbers:
            frames[number] = _grey(video, number)
    return frames


def _grey(video, number):
    whole, frame = video.retrieve()
    if not whole:
        raise listings.DefectError(
            "truncated video", f"frame {number} cannot be decoded"
        )
    return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
