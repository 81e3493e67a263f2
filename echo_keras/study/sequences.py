"""Files that a user brings, as grey frames: an image, a video or a medical image."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from echo_keras import errors

IMAGES = (".png", ".jpg", ".jpeg", ".bmp")
VIDEOS = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".gif")
MEDICAL = (".nii", ".nii.gz", ".mhd")
LAST_LABEL = 4  # of a mask of structures; one of the ventricle alone may have 255


@dataclasses.dataclass(frozen=True, eq=False)
class Sequence:
    """Frames of one file.

    Attributes:
        name: Name of the file without its kind.
        frames: `(frames, H, W)` uint8.
        spacing: Height and width of a pixel in mm, 0 where unknown.
        rate: Frames a second, 0 where unknown.
        content: Bytes of an image file, which is sent as it is; None otherwise.
    """

    name: str
    frames: np.ndarray
    spacing: tuple[float, float] = (0.0, 0.0)
    rate: float = 0.0
    content: bytes | None = None


def read(path):
    """Read a file, whole or not at all.

    Args:
        path: Local path; its ending tells the kind, of `IMAGES`, `VIDEOS` or `MEDICAL`.

    Returns:
        `Sequence`.

    Raises:
        InputError: The file is missing, damaged, of another kind, or holds masks.
    """
    path = Path(path)
    kind = kind_of(path.name)
    if not path.is_file():
        raise errors.InputError(f"no file {path}; is the path right?")
    name = path.name[: -len(kind)]
    if kind in IMAGES:
        return _no_masks(_image(path, name), path)
    from pipeline.sources import listings

    try:
        found = (_video if kind in VIDEOS else _medical)(path, name)
    except listings.DefectError as defect:
        reason, detail = defect.args
        raise errors.InputError(
            f"cannot read {path}: {reason}, {detail}; copy or convert it again"
        ) from defect
    return _no_masks(found, path)


def kind_of(name):
    """Ending of a file's name, in small letters.

    Raises:
        InputError: Files of that kind are not read.
    """
    known = IMAGES + VIDEOS + MEDICAL
    for kind in known:
        if name.lower().endswith(kind) and len(name) > len(kind):
            return kind
    raise errors.InputError(
        f"{name} is of no kind that is read; give one of {' '.join(known)}"
    )


def encoded(sequence, number):
    """One frame as it is sent to a model: the image file itself, or a PNG.

    Args:
        sequence: `Sequence`.
        number: 0-based number of the frame.

    Returns:
        Bytes.
    """
    import cv2

    if sequence.content is not None:
        return sequence.content
    return cv2.imencode(".png", sequence.frames[number])[1].tobytes()


def _no_masks(sequence, path):
    levels = set(np.unique(sequence.frames[len(sequence.frames) // 2]).tolist())
    if len(levels) > 1 and (max(levels) <= LAST_LABEL or levels == {0, 255}):
        raise errors.InputError(
            f"{path} has the greys {', '.join(map(str, sorted(levels)))} alone, as a "
            "mask has; give the image that it outlines"
        )
    return sequence


def _image(path, name):
    import cv2

    content = path.read_bytes()
    how = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        frame = cv2.imdecode(np.frombuffer(content, np.uint8), how) if content else None
    except cv2.error:
        frame = None
    if frame is None:
        raise errors.InputError(
            f"cannot read {path}: damaged, or no image; copy or convert it again"
        )
    return Sequence(name, frame[None], content=content)


def _video(path, name):
    from pipeline.sources import listings, videos

    total, frames = videos.grey_frames(path, range)
    if not total:
        raise listings.DefectError("not a video", "it has no frame")
    if len({frame.shape for frame in frames.values()}) > 1:
        raise listings.DefectError("not a video", "its frames differ in size")
    pixels = np.stack([frames[number] for number in range(total)])
    return Sequence(name, pixels, rate=videos.rate(path))


def _medical(path, name):
    from pipeline.sources import images

    frames, spacing = images.grey(path)
    return Sequence(name, frames, spacing=spacing)
