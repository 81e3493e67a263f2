"""Changes to the tables and videos of a finished EchoNet-Dynamic phantom."""

import csv
import struct

import cv2

from pipeline.phantom import echonet

FILES, TRACINGS = "FileList.csv", "VolumeTracings.csv"
_ROWS = 21
_BLOT = 1024
"""Bytes lost in the middle of a frame, unless that is more than half of them."""


def patients(folder):
    """Names of all patients, in the order of the file list."""
    return [row["FileName"] for row in _rows(folder / FILES)]


def video(name):
    """Path of a patient's video in the data set."""
    return f"Videos/{name}.avi"


def traced(folder, name):
    """Numbers of a patient's two traced frames, the smaller first."""
    rows = _rows(folder / TRACINGS)
    return sorted({int(row["Frame"]) for row in rows if _is_of(row, name)})


def replace(folder, table, name, change):
    """Put other rows in the place of a patient's.

    Args:
        folder: The data set's folder.
        table: `FILES` or `TRACINGS`.
        name: Name of the patient.
        change: Function of the patient's rows, dicts of column to text, to the others.
    """
    rows = _rows(folder / table)
    header = list(rows[0])
    own = [place for place, row in enumerate(rows) if _is_of(row, name)]
    own = slice(own[0], own[-1] + 1)
    rows[own] = change(rows[own])
    echonet.write_table(folder / table, header, [row.values() for row in rows])


def retrace(folder, name, change):
    """Put other rows in the place of a patient's tracings.

    Args:
        folder: The data set's folder.
        name: Name of the patient.
        change: Function of the rows of the first and of the second tracing to others.
    """
    replace(folder, TRACINGS, name, lambda rows: change(rows[:_ROWS], rows[_ROWS:]))


def given(rows, **values):
    """The rows with other values in some columns."""
    return [{**row, **values} for row in rows]


def cut(folder, name, kept):
    """Write a patient's video anew with a slice of its frames, and count them."""
    path = folder / video(name)
    source = cv2.VideoCapture(str(path))
    rate = source.get(cv2.CAP_PROP_FPS)
    count = int(source.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = [source.read()[1] for _ in range(count)][kept]
    source.release()
    echonet.write_video(path, frames, rate)
    return len(frames)


def blot(folder, name, number):
    """Put zeros in the middle of one frame's JPEG, whose ends stay.

    Args:
        folder: The data set's folder.
        name: Name of the patient.
        number: 0-based number of the frame.
    """
    path = folder / video(name)
    content = bytearray(path.read_bytes())
    start = content.index(b"movi") + 4
    for _ in range(number):
        (size,) = struct.unpack_from("<4xI", content, start)
        start += 8 + size + size % 2
    (size,) = struct.unpack_from("<4xI", content, start)
    lost = min(_BLOT, size // 2)
    middle = start + 8 + size // 2
    content[middle - lost // 2 : middle - lost // 2 + lost] = bytes(lost)
    path.write_bytes(content)


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _is_of(row, name):
    return row["FileName"].startswith(name)
