"""MetaImages, a header and the data that it names, read whole or not at all.

A library that reads such a header may end the whole process where it is damaged.

Source: https://itk.org/Wiki/ITK/MetaIO/Documentation
"""

import math
import os
import re
import zlib

import numpy as np

from pipeline.sources import listings

_LAST_LINE = re.compile(rb"^ElementDataFile[ \t]*=[ \t]*([^\0\r\n]+)\r?(?:\n|\Z)", re.M)
_TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MOST_DIMENSIONS = 10  # of MetaIO
_ONLY = {"BinaryData": "True", "HeaderSize": "0", "ElementNumberOfChannels": "1"}
_ZLIB_OR_GZIP = zlib.MAX_WBITS + 32


def read(path):
    """Read the pixels and the size of a pixel.

    Args:
        path: Local path of a `.mhd` file.

    Returns:
        `(H, W)`, `(frames, H, W)` or more dimensions, of the stored type; and the
        height and width of a pixel in mm, 0 where the header does not tell.

    Raises:
        DefectError: The file or its data are damaged, cut short or of another kind.
        OSError: The file or its data cannot be opened.
    """
    content = path.read_bytes()
    last = _LAST_LINE.search(content)
    if not last:
        raise listings.DefectError("unreadable", "damaged, or no image")
    fields = _fields(content[: last.start()].decode("latin-1"))
    try:
        dtype, shape, spacing = _dtype(fields), _shape(fields), _spacing(fields)
    except (KeyError, ValueError) as error:
        raise listings.DefectError("unreadable", "damaged, or no image") from error
    name = last[1].strip()
    if name.lower() == b"local":
        data = content[last.end() :]
    else:
        data = (path.parent / os.fsdecode(name)).read_bytes()
    if _is_true(fields, "CompressedData"):
        data = _unpacked(data)
    return _values(data, dtype, shape), spacing


def _fields(header):
    """Dict of key to value, without what would be laid out in a way not read here."""
    parts = [line.partition("=") for line in header.split("\n")]
    fields = {key.strip(): value.strip() for key, _, value in parts}
    for key, only in _ONLY.items():
        if fields.get(key, only).lower() != only.lower():
            raise listings.DefectError(
                "unreadable", f"{key} is {fields[key]!r}, not {only}"
            )
    return fields


def _is_true(fields, key):
    return fields.get(key, "False").lower() in ("true", "t", "1")


def _dtype(fields):
    keys = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")
    order = ">" if any(_is_true(fields, key) for key in keys) else "<"
    return np.dtype(order + _TYPES[fields["ElementType"]])


def _shape(fields):
    dimensions = int(fields["NDims"])
    sizes = [int(size) for size in fields["DimSize"].split()]
    if not 2 <= dimensions <= _MOST_DIMENSIONS or len(sizes) != dimensions:
        raise ValueError(f"{dimensions} dimensions of {len(sizes)} sizes")
    if min(sizes) < 1:
        raise ValueError(f"sizes {sizes}")
    return tuple(sizes[::-1])


def _spacing(fields):
    told = fields.get("ElementSpacing", fields.get("ElementSize", "0 0"))
    width, height = (float(side) for side in told.split()[:2])
    return height, width


def _unpacked(data):
    try:
        return zlib.decompress(data, _ZLIB_OR_GZIP)
    except zlib.error as error:
        raise listings.DefectError("damaged compression", str(error)) from error


def _values(data, dtype, shape):
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if len(data) < needed:
        raise listings.DefectError(
            "unreadable", f"{len(data)} bytes of {needed}; it was cut short"
        )
    return np.frombuffer(data, dtype, count).reshape(shape)
