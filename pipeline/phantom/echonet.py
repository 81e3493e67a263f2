"""Phantoms in EchoNet-Dynamic's layout: videos, a file list and volume tracings."""

import csv
import pathlib

import cv2
import numpy as np

from echo_keras import errors
from pipeline.phantom import geometry, motion, scanner, speckle, splits
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors

SIZE = 112
SHARES = {"TRAIN": 0.75, "VAL": 0.13, "TEST": 0.12}
FILES = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS")
FILES = (*FILES, "NumberOfFrames", "Split")
TRACINGS = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
_STREAM = 1
_FRAMES_PER_SECOND = (50, 50, 50, 50, 50, 50, 50, 46, 40, 60)
_FEWEST, _MOST = 64, 170


def prepare(folder):
    """Make the empty folders of a data set."""
    (folder / "Videos").mkdir()


def write_patient(folder: pathlib.Path, index, *, seed, frames=None):
    """Write the video of one patient.

    Args:
        folder: The data set's folder.
        index: Number of the patient, from 0.
        seed: Seed of the data set.
        frames: Length of the video; drawn, 1.5 to 3 beats, if None.

    Returns:
        The patient's row of the file list without its split, and the rows of the two
        tracings.

    Raises:
        InputError: Fewer frames than end-diastole to end-systole takes.
    """
    random = np.random.default_rng([seed, index, _STREAM])
    rate = int(random.choice(_FRAMES_PER_SECOND))
    apart = round(anatomy.SYSTOLE * rate)
    heart = anatomy.draw(random, systole=apart / rate)
    settings = scanner.draw(heart, random)
    sector = place(settings, random)
    drawn = round(random.uniform(1.5, 3) * heart.beat * rate)
    count = frames or int(np.clip(drawn, _FEWEST, _MOST))
    if count <= apart:
        raise errors.InputError(
            f"{count} frames end before end-systole at {rate} frames a second; "
            f"ask for at least {apart + 1}"
        )
    latest = min(count - apart, round(heart.beat * rate))
    diastole = int(random.integers(0, latest))
    name = _name(random)
    times = (np.arange(count) - diastole) / rate
    pictures = speckle.frames(heart, settings, sector, times, random)
    pictures = _marked(pictures, _marks(random))
    write_video(folder / "Videos" / f"{name}.avi", pictures, rate)
    traced = [(diastole, 0.0), (diastole + apart, heart.systole)]
    volumes = [_volume(heart, time) for _, time in traced]
    if random.random() < 0.01:
        traced.reverse()
    rows = [
        (f"{name}.avi", *line, number)
        for number, time in traced
        for line in tracing(heart, sector, time)
    ]
    return (name, *_figures(*volumes), SIZE, SIZE, rate, count), rows


def finish(folder: pathlib.Path, written):
    """Write the file list and the volume tracings.

    Args:
        folder: The data set's folder.
        written: What `write_patient` returned for each patient, in order.
    """
    dealt = splits.assign(len(written), SHARES)
    rows = [(*row, split) for (row, _), split in zip(written, dealt)]
    write_table(folder / "FileList.csv", FILES, rows)
    rows = [row for _, tracings in written for row in tracings]
    write_table(folder / "VolumeTracings.csv", TRACINGS, rows)


def tracing(heart, sector, time):
    """Long axis and chords of the cavity at one instant.

    Args:
        heart: The `Heart`.
        sector: The `Sector`.
        time: Seconds since an end-diastole.

    Returns:
        21 tuples X1, Y1, X2, Y2 in pixels: the axis from the apex to the middle of the
        mitral plane, then 20 chords from apex to base, septal end first.
    """
    moment = motion.moment(heart, time)
    along = np.concatenate([[0], anatomy.CHORDS]) * moment.length
    ends = []
    for sign, side in zip((-1, 1), anatomy.half_widths(moment.inner)):
        across = np.concatenate([[0], sign * side])
        down = along.copy()
        down[0] = 0 if sign < 0 else moment.length
        x, depth = geometry.to_scan(moment, down, across)
        ends += [x / sector.millimetres + sector.tip[0]]
        ends += [depth / sector.millimetres + sector.tip[1]]
    return [tuple(row) for row in np.round(np.stack(ends, axis=1), 6).tolist()]


def _volume(heart, time):
    moment = motion.moment(heart, time)
    return anatomy.disks(moment.inner, moment.length)


def _figures(diastolic, systolic):
    return 100 * (diastolic - systolic) / diastolic, systolic, diastolic


def place(settings, random):
    """Draw where the sector lies in the image; its sides may be cut off.

    Args:
        settings: The `Scanner`.
        random: NumPy generator.

    Returns:
        A `Sector` of 112 x 112 pixels.
    """
    radius = random.uniform(99, 108)
    tip = random.normal(SIZE / 2 - 0.5, 1.5), random.uniform(1, 5)
    return sectors.Sector(SIZE, SIZE, tip, settings.depth / radius)


def _name(random):
    return "0X" + "".join(random.choice(list("0123456789ABCDEF"), 16))


def _marks(random):
    """Coloured overlay of probe icon and depth ticks: its pixels and their colours."""
    overlay = np.zeros((SIZE, SIZE, 3), np.uint8)
    colour = random.integers(90, 230, size=3).tolist()
    column, row = int(random.integers(26, 40)), int(random.integers(3, 9))
    cv2.ellipse(overlay, (column, row), (3, 2), 0, 180, 360, colour)
    overlay[row + 1 : row + 3, column] = colour
    first, step = int(random.integers(4, 9)), int(random.integers(11, 24))
    overlay[first::step, -2:] = int(random.integers(90, 200))
    return overlay


def _marked(pictures, marks):
    for picture in pictures:
        outside = picture[..., None] == 0
        grey = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        yield np.where(outside, marks, grey)


def write_video(path, frames, rate):
    """Write uint8 `(H, W, 3)` frames as motion JPEG, `rate` of them a second."""
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, codec, rate, (SIZE, SIZE))
    if not video.isOpened():
        raise errors.InputError(f"cannot write {path}; is the disk full?")
    for frame in frames:
        video.write(frame)
    video.release()


def write_table(path, header, rows):
    """Write a CSV table."""
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
