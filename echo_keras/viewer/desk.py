"""The files that lie open in the viewer, segmented in the background."""

import collections
import math
import pathlib
import secrets
import tempfile
import threading

import cv2
import numpy as np

from echo_keras import errors
from echo_keras.serving import client
from echo_keras.study import reading, sequences

KEPT = 4
CONNECTIONS = 4
SMOOTH_HEIGHT = 448
SMOOTH_PIXELS = 0.8


class Study:
    """One open file, whose frames are segmented one after another.

    Attributes:
        sequence: `sequences.Sequence`.
        frames: List of `reading.Frame`, as far as they are segmented.
        reading: `reading.Reading` once all of them are, None before.
        error: Sentence that tells why no more will come, or None.
        closed: `threading.Event` that ends the work when set.
    """

    def __init__(self, sequence):
        self.sequence = sequence
        self.frames = []
        self.reading = None
        self.error = None
        self.closed = threading.Event()

    def segment(self, url):
        """Segment all frames through a served model, or note why it failed."""
        try:
            with client.model(url) as segment:
                frames = reading.segmented(self.sequence, segment, at_once=CONNECTIONS)
                for frame in frames:
                    self.frames.append(frame)
                    if self.closed.is_set():
                        return
            self.reading = reading.read(self.sequence, self.frames)
        except errors.InputError as mistake:
            self.error = str(mistake)
        finally:
            if not (self.reading or self.error):
                self.error = "the viewer failed at this file; its terminal tells why"


class Desk:
    """The newest few files, by an identifier that cannot be guessed.

    Args:
        url: `http://HOST:PORT/v1/models/NAME` of the served model.
    """

    def __init__(self, url):
        self.url = url
        self._studies = collections.OrderedDict()
        self._lock = threading.Lock()

    def open(self, name, content):
        """Read a file and begin to segment it; the oldest one is put away.

        Args:
            name: Name of the file, whose ending tells its kind.
            content: Its bytes; they are on the disk while they are read, no longer.

        Returns:
            Identifier, and the `Study`.

        Raises:
            InputError: The file cannot be read.
        """
        study = Study(_read(name, content))
        identifier = secrets.token_urlsafe(12)
        with self._lock:
            self._studies[identifier] = study
            while len(self._studies) > KEPT:
                self._studies.popitem(last=False)[1].closed.set()
        work = threading.Thread(target=study.segment, args=(self.url,), daemon=True)
        work.start()
        return identifier, study

    def study(self, identifier):
        """The `Study` of an identifier, or None where it was put away."""
        with self._lock:
            return self._studies.get(identifier)

    def fault(self):
        """Why the served model does not answer now, or None where it does."""
        try:
            with client.model(self.url, attempts=1):
                return None
        except errors.InputError as mistake:
            return str(mistake)


def opened(study):
    """What a page needs to know of a file before it is segmented, in JSON types."""
    sequence = study.sequence
    count, height, width = sequence.frames.shape
    scale, unit = reading.area_scale(sequence)
    return {
        "name": sequence.name,
        "frames": count,
        "width": width,
        "height": height,
        "rate": sequence.rate,
        "area_scale": scale,
        "area_unit": unit,
    }


def progress(study, first):
    """What has been found since a page last asked.

    Args:
        study: `Study`.
        first: Number of the first frame that the page does not know.

    Returns:
        Dict of JSON types: `frames` from `first` on, each with `area`, `low`, `high`,
        `confidence` and `outlines`; `error`; and `summary` at the end.
    """
    found = study.reading
    return {
        "frames": [_described(frame) for frame in study.frames[first:]],
        "error": study.error,
        "summary": found and reading.summary(found),
    }


def outlines(mask):
    """Outlines of a mask, smoothed as a reader would draw them.

    Args:
        mask: `(H, W)` bool.

    Returns:
        List of lists of x and y by turns, in pixels from the frame's corner.
    """
    scale = max(1, math.ceil(SMOOTH_HEIGHT / mask.shape[0]))
    larger = cv2.resize(mask.astype(np.float32), None, fx=scale, fy=scale)
    inside = cv2.GaussianBlur(larger, (0, 0), SMOOTH_PIXELS * scale) >= 0.5
    found, _ = cv2.findContours(
        inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1
    )
    return [
        np.round((outline.reshape(-1) + 0.5) / scale, 2).tolist()
        for outline in found
        if len(outline) > 2
    ]


def _described(frame):
    return {
        "area": frame.area,
        "low": frame.low,
        "high": frame.high,
        "confidence": round(frame.confidence, 4),
        "outlines": outlines(frame.mask),
    }


def _read(name, content):
    plain = pathlib.PurePosixPath(name.replace("\\", "/")).name.replace("\0", "")[-120:]
    sequences.kind_of(plain)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / plain
        path.write_bytes(content)
        try:
            return sequences.read(path)
        except errors.InputError as mistake:
            told = str(mistake).replace(str(path), plain)
            raise errors.InputError(told) from mistake
