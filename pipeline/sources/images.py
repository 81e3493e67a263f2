"""Medical images, NIfTI and MetaImage, read whole or not at all."""

import gzip
import zlib

import numpy as np
import SimpleITK as sitk  # noqa: N813

from pipeline.sources import listings

sitk.ProcessObject.SetGlobalWarningDisplay(False)


def grey(path):
    """Grey levels of a file of images.

    Args:
        path: Local path of a `.nii.gz` or `.mhd` file.

    Returns:
        `(frames, H, W)` uint8 and the height and width of a pixel in mm.

    Raises:
        DefectError: The file is damaged or holds other values than 0 to 255.
    """
    return _read(path, highest=255)


def labels(path):
    """Structures of a file of masks.

    Args:
        path: Local path of a `.nii.gz` or `.mhd` file.

    Returns:
        `(frames, H, W)` uint8, 0 to 3, and the height and width of a pixel in mm.

    Raises:
        DefectError: The file is damaged or holds other values than 0, 1, 2 and 3.
    """
    return _read(path, highest=3)


def _read(path, *, highest):
    if path.name.endswith(".gz"):
        _check_compression(path)
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise listings.DefectError("unreadable", "damaged, or no image") from error
    values = sitk.GetArrayViewFromImage(image)
    if values.ndim not in (2, 3) or values.size == 0:
        raise listings.DefectError("not an image", f"its shape is {values.shape}")
    levels = np.rint(values)
    if not (levels == values).all() or levels.min() < 0 or levels.max() > highest:
        raise listings.DefectError(
            "values out of range",
            f"{values.min():g} to {values.max():g} where 0 to {highest} are expected",
        )
    column, row = image.GetSpacing()[:2]
    return levels.astype(np.uint8).reshape(-1, *values.shape[-2:]), (row, column)


def _check_compression(path):
    """SimpleITK fills what a truncated file lacks with zeros and says nothing."""
    try:
        with gzip.open(path) as file:
            while file.read(2**20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise listings.DefectError("damaged compression", str(error)) from error
