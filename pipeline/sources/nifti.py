"""NIfTI images, unpacked once and read whole or not at all.

A library that reads such a file fills what it lacks with zeros and says nothing, so its
length would have to be checked here anyway.

Source: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
"""

import gzip
import math
import struct
import zlib

import numpy as np

from pipeline.sources import listings

_HEADER = 352
_MAGIC = b"n+1\0"
_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
}
_MILLIMETRES = {1: 1000.0, 3: 0.001}


def read(path):
    """Read the pixels and the size of a pixel.

    Args:
        path: Local path of a `.nii` or `.nii.gz` file.

    Returns:
        `(H, W)`, `(frames, H, W)` or more dimensions, of the stored type or scaled to
        float64 where the header says so; and the height and width of a pixel in mm.

    Raises:
        DefectError: The file is damaged, cut short or of another kind.
    """
    content = _unpacked(path)
    if len(content) < _HEADER or content[344:348] != _MAGIC:
        raise listings.DefectError("unreadable", "damaged, or no image")
    order = "<" if struct.unpack_from("<i", content)[0] == 348 else ">"
    sizes = struct.unpack_from(f"{order}8h", content, 40)
    kind = struct.unpack_from(f"{order}h", content, 70)[0]
    pixel = struct.unpack_from(f"{order}3f", content, 80)
    offset, slope, intercept = struct.unpack_from(f"{order}3f", content, 108)
    shape = sizes[1 : 1 + sizes[0]][::-1] if 1 <= sizes[0] <= 7 else ()
    placed = _HEADER <= offset < math.inf
    if kind not in _TYPES or min(shape, default=0) < 1 or not placed:
        raise listings.DefectError("unreadable", "damaged, or no image")
    values = _values(content, np.dtype(order + _TYPES[kind]), shape, int(offset))
    if slope not in (0.0, 1.0) or intercept:
        values = values * float(slope or 1.0) + float(intercept)
    scale = _MILLIMETRES.get(content[123] & 7, 1.0)
    return values, (pixel[1] * scale, pixel[0] * scale)


def _unpacked(path):
    content = path.read_bytes()
    if path.suffix != ".gz" or not content:
        return content
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise listings.DefectError("damaged compression", str(error)) from error


def _values(content, dtype, shape, offset):
    count = math.prod(shape)
    needed = offset + count * dtype.itemsize
    if len(content) < needed:
        raise listings.DefectError(
            "unreadable", f"{len(content)} bytes of {needed}; it was cut short"
        )
    return np.frombuffer(content, dtype, count, offset).reshape(shape)
