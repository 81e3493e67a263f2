"""TFRecord files, written aside and described by their digest."""

import contextlib
import hashlib
import struct

import google_crc32c

from pipeline import files


@contextlib.contextmanager
def writer(path, aside, description):
    """Write a TFRecord file that gets its name when it is whole.

    Args:
        path: Final path, local or URL.
        aside: Folder for the unfinished file.
        description: Dict that gains `records`, `bytes` and `sha256` of the file.

    Yields:
        Function that writes one serialised record.
    """
    digest = hashlib.sha256()
    description.update(records=0, bytes=0)
    with files.written_aside(path, aside) as file:

        def write(record):
            for part in _framed(record):
                file.write(part)
                digest.update(part)
                description["bytes"] += len(part)
            description["records"] += 1

        yield write
    description["sha256"] = digest.hexdigest()


def _framed(record):
    """Length, its checksum, the record, its checksum: TensorFlow's framing."""
    length = struct.pack("<Q", len(record))
    return length + _masked_checksum(length), record, _masked_checksum(record)


def _masked_checksum(content):
    checksum = google_crc32c.value(content)
    masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) % 2**32
    return struct.pack("<I", masked)
