"""Pixels that an encoded image unpacks to, read from its header alone."""

import struct

from echo_keras.serving import status

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_JPEG_ENDS = {0xD8, 0xD9, 0xDA}
_JPEG_SCAN = b"\xff\xda"
_USUAL_SCANS = 10
_GIF_FRAME, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B


def check(inputs, limit):
    """Refuse images that would unpack to more pixels than a server takes.

    Args:
        inputs: Dict of arrays by input name; strings that open as PNG, JPEG, GIF or
            BMP count as images.
        limit: Pixels of all images together.

    Raises:
        tf.errors.InvalidArgumentError: There are more, or a header cannot be read.
    """
    total = 0
    for values in inputs.values():
        for encoded in values.ravel() if values.dtype == object else ():
            try:
                total += count(encoded)
            except (struct.error, IndexError) as reason:
                raise status.invalid(
                    "Image ends or breaks off before it tells its size"
                ) from reason
            if total > limit:
                raise status.invalid(
                    f"Images of {total} pixels or more in one request, this server "
                    f"takes {limit}"
                )


def count(encoded):
    """Pixels that decoding makes of an image, over all frames.

    Args:
        encoded: Bytes of the image.

    Returns:
        Number of pixels, 0 for what is no PNG, JPEG, GIF or BMP. Those of a JPEG count
        again for every ten scans, since the decoder goes over all of them each time.

    Raises:
        struct.error, IndexError: The header is cut short.
    """
    if encoded.startswith(_PNG):
        width, height = struct.unpack_from(">II", encoded, 16)
    elif encoded.startswith(_JPEG):
        width, height = _jpeg(encoded)
    elif encoded.startswith(b"BM"):
        width, height = map(abs, struct.unpack_from("<ii", encoded, 18))
    elif encoded.startswith(b"GIF"):
        return _gif(encoded)
    else:
        return 0
    return width * height


def _jpeg(encoded):
    """Size of the first frame header, found as libjpeg finds it, and more for scans."""
    position = 2
    while True:
        while encoded[position] != 0xFF:
            position += 1
        while encoded[position] == 0xFF:
            position += 1
        marker = encoded[position]
        position += 1
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", encoded, position + 3)
            # In the data of a scan this pair of bytes stands for nothing else.
            scans = encoded.count(_JPEG_SCAN, position)
            return width, height * max(1, scans // _USUAL_SCANS)
        if marker in _JPEG_ENDS:
            raise IndexError("no frame header before the data")
        if marker and marker not in _JPEG_WITHOUT_LENGTH:
            position += struct.unpack_from(">H", encoded, position)[0]


def _gif(encoded):
    """Pixels of all frames, which the decoder unpacks together, or of the screen."""
    width, height, flags = struct.unpack_from("<HHB", encoded, 6)
    screen, total = width * height, 0
    position = 13 + _palette(flags)
    while position < len(encoded) and encoded[position] != _GIF_END:
        if encoded[position] == _GIF_FRAME:
            width, height, flags = struct.unpack_from("<HHB", encoded, position + 5)
            total += width * height
            position += 11 + _palette(flags)
        elif encoded[position] == _GIF_EXTENSION:
            position += 2
        else:
            break
        while position < len(encoded) and encoded[position]:
            position += 1 + encoded[position]
        position += 1
    return max(screen, total)


def _palette(flags):
    """Bytes of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
