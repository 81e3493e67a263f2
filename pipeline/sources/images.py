"""Medical images, NIfTI and MetaImage, read whole or not at all."""

import errno
import math
import pathlib

import numpy as np

from pipeline.sources import listings, metaimage, nifti

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def grey(path):
    """Grey levels of a file of images.

    Args:
        path: Local path of a `.nii.gz` or `.mhd` file.

    Returns:
        `(frames, H, W)` uint8; height and width of a pixel in mm, 0 where unknown.

    Raises:
        DefectError: The file is damaged or holds other values than 0 to 255, or the
            size of a pixel cannot be.
    """
    return _read(path, highest=255)


def labels(path):
    """Structures of a file of masks.

    Args:
        path: Local path of a `.nii.gz` or `.mhd` file.

    Returns:
        `(frames, H, W)` uint8, 0 to 3; height and width of a pixel in mm, 0 where
        unknown.

    Raises:
        DefectError: The file is damaged or holds other values than 0, 1, 2 and 3, or
            the size of a pixel cannot be.
    """
    return _read(path, highest=3)


def _read(path, *, highest):
    read = metaimage.read if path.suffix == ".mhd" else nifti.read
    try:
        values, spacing = read(path)
    except OSError as error:
        raise _defect(error) from error
    if not all(0 <= side < math.inf for side in spacing):
        height, width = spacing
        raise listings.DefectError(
            "bad number", f"a pixel of {height:g} x {width:g} mm"
        )
    if values.ndim not in (2, 3):
        raise listings.DefectError("not an image", f"its shape is {values.shape}")
    levels = np.rint(values)
    if not (levels == values).all() or levels.min() < 0 or levels.max() > highest:
        raise listings.DefectError(
            "values out of range",
            f"{values.min():g} to {values.max():g} where 0 to {highest} are expected",
        )
    return levels.astype(np.uint8).reshape(-1, *values.shape[-2:]), spacing


def _defect(error):
    """The defect of a file that cannot be opened, be it an image or a header's data."""
    if error.errno not in _NOT_THERE:
        return listings.DefectError("unreadable", error.strerror)
    path = pathlib.Path(error.filename)
    seen = "a link to nowhere" if path.is_symlink() else f"no file {path.name}"
    return listings.DefectError("missing", seen)
