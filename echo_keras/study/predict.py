"""Masks, overlays, curves and ejection fractions of the files that a user names."""

import json
from pathlib import Path

import cv2
import numpy as np

from echo_keras import aside, errors
from echo_keras.study import pictures, plots, reading, sequences

SMALLEST_HEIGHT = 448
RATE = 20.0


def run(files, segment, output, *, say, complain, at_once=1):
    """Segment files and write what was found beside each other.

    Of an image: `NAME.mask.png` and `NAME.overlay.png`. Of a sequence:
    `NAME.overlay.avi`, the area curve as `NAME.csv` and `NAME.png`, and `NAME.json`.

    Args:
        files: Paths of images, videos and medical images.
        segment: Function from a list of encoded images to answers with
            `mask_png_bytes`, `area` and `probability_mean`.
        output: Folder to write to; files of the same names are replaced.
        say: Called with a line for each file.
        complain: Called with a sentence for each file that cannot be read.
        at_once: Batches to send at a time.

    Raises:
        InputError: Some files could not be read, after all others were written.
    """
    taken, failed = {}, 0
    for path in files:
        try:
            sequence = sequences.read(path)
            earlier = taken.setdefault(sequence.name, path)
            if earlier != path:
                raise errors.InputError(
                    f"{path} would overwrite what {earlier} gave; rename one, or give "
                    "it another --output"
                )
            frames = list(reading.segmented(sequence, segment, at_once=at_once))
            found = reading.read(sequence, frames)
        except errors.InputError as mistake:
            complain(str(mistake))
            failed += 1
            continue
        write = _write_image if len(frames) == 1 else _write_sequence
        say(f"{write(found, Path(output))}")
    if failed:
        raise errors.InputError(
            f"{failed} of {len(files)} files gave no mask, for the reasons above"
        )


def overlay(found, number):
    """Outline of one frame over it, enlarged, and its phase where it has one.

    Args:
        found: `reading.Reading`.
        number: 0-based number of the frame.

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    image = found.sequence.frames[number]
    height = max(image.shape[0], SMALLEST_HEIGHT)
    mask = found.frames[number].mask
    picture = pictures.contours(image, [(mask, pictures.PREDICTION)], height=height)
    phase = reading.phases(found).get(number)
    if phase:
        where, font = (10, height - 14), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, phase, where, font, 0.9, pictures.PREDICTION, 2)
    return picture


def curve(found):
    """Area along a sequence, with its band and the ends of diastole and systole.

    Args:
        found: `reading.Reading` of several frames.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure, axes = plots.blank(width=8.0, height=4.0)
    scale, unit = reading.area_scale(found.sequence)
    rate = found.sequence.rate
    times = np.arange(len(found.frames)) / (rate or 1)
    areas, low, high = (
        scale * np.array([getattr(frame, name) for frame in found.frames])
        for name in ("area", "low", "high")
    )
    axes.fill_between(times, low, high, color=plots.COLOURS[0], alpha=0.2, linewidth=0)
    axes.plot(times, areas, color=plots.COLOURS[0], linewidth=1.6)
    for number, phase in sorted(reading.phases(found).items()):
        colour = plots.COLOURS[1 if phase == "ED" else 2]
        axes.plot(times[number], areas[number], "o", color=colour)
        above = (0, 8 if phase == "ED" else -16)
        axes.annotate(
            phase,
            (times[number], areas[number]),
            above,
            textcoords="offset points",
            ha="center",
            color=colour,
        )
    axes.margins(y=0.15)
    axes.set(xlabel="seconds" if rate else "frame", ylabel=f"area ({unit})")
    axes.set_title(_told(found), fontsize=10)
    return figure


def _write_image(found, output):
    name, [frame] = found.sequence.name, found.frames
    scale, unit = reading.area_scale(found.sequence)
    area = round(scale * frame.area, 1)
    _save(255 * frame.mask.astype(np.uint8), output / f"{name}.mask.png")
    picture = cv2.cvtColor(overlay(found, 0), cv2.COLOR_RGB2BGR)
    _save(picture, output / f"{name}.overlay.png")
    return (
        f"{name}: area {area} {unit}, confidence {frame.confidence:.2f}  "
        f"{output / name}.mask.png"
    )


def _write_sequence(found, output):
    name = found.sequence.name
    with aside.file(output / f"{name}.overlay.avi") as path:
        _write_video(found, path)
    with aside.file(output / f"{name}.csv") as path:
        path.write_text(reading.table(found))
    with aside.file(output / f"{name}.png") as path:
        curve(found).savefig(path, facecolor=plots.GROUND)
    with aside.file(output / f"{name}.json") as path:
        path.write_text(json.dumps(reading.summary(found), indent=2) + "\n")
    return f"{name}: {_told(found)}  {output / name}.overlay.avi"


def _write_video(found, path):
    height, width, _ = overlay(found, 0).shape
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    rate = found.sequence.rate or RATE
    video = cv2.VideoWriter(str(path), codec, rate, (width, height))
    try:
        for number in range(len(found.frames)):
            video.write(cv2.cvtColor(overlay(found, number), cv2.COLOR_RGB2BGR))
    finally:
        video.release()


def _told(found):
    told = reading.summary(found)
    fraction, count = told["ejection_fraction"], len(found.beats)
    if fraction is None:
        return "no beat found"
    beats = f"{count} beat{'s' if count > 1 else ''}"
    return f"EF {fraction:.0f} % ({beats}, {reading.PLANE})"


def _save(pixels, path):
    with aside.file(path) as partial:
        cv2.imwrite(str(partial), pixels)
