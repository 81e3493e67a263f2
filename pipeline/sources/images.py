"""Medical images, NIfTI and MetaImage, read whole or not at all."""

import math
import re
import zlib

import numpy as np
import SimpleITK as sitk  # noqa: N813

from pipeline.sources import listings, nifti

sitk.ProcessObject.SetGlobalWarningDisplay(False)

_ZLIB_OR_GZIP = zlib.MAX_WBITS + 32


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
    _check_there(path)
    read = _metaimage if path.suffix == ".mhd" else nifti.read
    try:
        values, spacing = read(path)
    except OSError as error:
        raise listings.DefectError("unreadable", error.strerror) from error
    if values.ndim not in (2, 3):
        raise listings.DefectError("not an image", f"its shape is {values.shape}")
    levels = np.rint(values)
    if not (levels == values).all() or levels.min() < 0 or levels.max() > highest:
        raise listings.DefectError(
            "values out of range",
            f"{values.min():g} to {values.max():g} where 0 to {highest} are expected",
        )
    return levels.astype(np.uint8).reshape(-1, *values.shape[-2:]), spacing


def _metaimage(path):
    """Pixels and spacing of a header and the file of data that it names."""
    header = path.read_text("latin-1")
    named = re.search(r"^ElementDataFile *= *(\S+raw)", header, re.M)
    data = path.parent / named[1] if named else path
    _check_there(data)
    held = data.stat().st_size
    if re.search(r"^CompressedData *= *True", header, re.M):
        held = _unpacked_size(data)
    file = sitk.ImageFileReader()
    file.SetFileName(str(path))
    try:
        file.ReadImageInformation()
        _check_whole(file, held)
        image = file.Execute()
    except RuntimeError as error:
        raise listings.DefectError("unreadable", "damaged, or no image") from error
    return sitk.GetArrayFromImage(image), image.GetSpacing()[1::-1]


def _unpacked_size(data):
    """Bytes of packed data; SimpleITK passes over what cannot be unpacked."""
    try:
        return len(zlib.decompress(data.read_bytes(), _ZLIB_OR_GZIP))
    except zlib.error as error:
        raise listings.DefectError("damaged compression", str(error)) from error


def _check_there(path):
    if not path.exists():
        seen = "a link to nowhere" if path.is_symlink() else f"no file {path.name}"
        raise listings.DefectError("missing", seen)


def _check_whole(file, held):
    """SimpleITK fills what a file lacks at its end with zeros and says nothing."""
    needed = math.prod(file.GetSize()) * file.GetNumberOfComponents()
    needed *= sitk.Image(1, 1, file.GetPixelID()).GetSizeOfPixelComponent()
    if held < needed:
        raise listings.DefectError(
            "unreadable", f"{held} bytes of {needed}; it was cut short"
        )
