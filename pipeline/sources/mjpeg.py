"""Frames of an AVI file as the JPEG images that Motion JPEG stores them as.

Each of them can be decoded alone, so that ten frames of a video cost ten decodings and
not all those before the last. What is not plain Motion JPEG is left to FFmpeg.

Source: Microsoft, AVI RIFF File Reference.
"""

import struct

_START, _END = b"\xff\xd8", b"\xff\xd9"
_PADDING, _HEADER, _LOST = 64, 36, 48


def images(content):
    """Find the frames of a Motion JPEG video.

    Args:
        content: All bytes of a file.

    Returns:
        Number of frames that the header promises, and a list of the whole JPEG images
        found, as memoryviews, which is shorter where the file was cut off; or None
        where the file is no AVI with one stream of plain Motion JPEG.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"AVI " or _continues(content):
        return None
    promised, found = None, None
    for kind, start, size in _chunks(content, 12, len(content)):
        if kind == b"hdrl":
            promised = _promised(content, start, start + size)
        elif kind == b"movi" and promised:
            found = _movie(content, start, start + size)
            break
    return None if found is None else (promised, found)


def is_damaged(image):
    """Whether part of a JPEG image was overwritten with zeros.

    A decoder draws something in their place. No table and no picture has so many zeros
    in a row, but a block of a disk that was lost has. Those that pad its end do not
    count.

    Args:
        image: Bytes of an image, as `images` finds it.
    """
    return bytes(_LOST) in bytes(image).rstrip(b"\0")


def _continues(content):
    """Whether a second part follows, as in files of more than a gigabyte."""
    (size,) = struct.unpack_from("<I", content, 4)
    return content[8 + size : 12 + size] == b"RIFF"


def _chunks(content, start, end):
    """Kind, start and size of each chunk; of a list, its own kind and its inside."""
    end = min(end, len(content))
    while start + 12 <= end:
        kind, size = struct.unpack_from("<4sI", content, start)
        if kind == b"LIST":
            yield content[start + 8 : start + 12], start + 12, size - 4
        else:
            yield kind, start + 8, size
        start += 8 + size + size % 2


def _promised(content, start, end):
    """Length of the video in frames, or None unless it is one stream of MJPG."""
    streams = [
        struct.unpack_from("<4s4s24xI", content, inner)
        for kind, place, size in _chunks(content, start, end)
        if kind == b"strl"
        for name, inner, _ in _chunks(content, place, place + size)
        if name == b"strh" and inner + _HEADER <= len(content)
    ]
    if len(streams) != 1:
        return None
    [(kind, codec, length)] = streams
    is_plain = kind == b"vids" and codec.upper() == b"MJPG" and length <= len(content)
    return length if is_plain else None


def _movie(content, start, end):
    """Whole images before the first damaged one; None for a movie of another form."""
    found, view = [], memoryview(content)
    for kind, place, size in _chunks(content, start, end):
        if kind == b"JUNK" or kind.startswith(b"ix"):
            continue
        if kind not in (b"00dc", b"00db"):
            return found or None
        if size == 0:  # a frame repeated, which is FFmpeg's to count
            return None
        image = view[place : place + size]
        tail = bytes(image[-_PADDING:]).rstrip(b"\0")
        if len(image) < size or image[:2] != _START or not tail.endswith(_END):
            break
        found.append(image)
    return found
