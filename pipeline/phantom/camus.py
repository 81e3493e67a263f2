"""Phantoms in the layout of CAMUS's current release: NIfTI images, masks and lists."""

import dataclasses
import pathlib

import numpy as np
import SimpleITK

from pipeline.phantom import geometry, motion, scanner, speckle, splits
from pipeline.phantom import heart as anatomy
from pipeline.phantom import sector as sectors

SPACING = 0.308
SHARES = {"training": 0.66, "validation": 0.12, "testing": 0.12, None: 0.1}
_STREAM = 2
_REVERSED_SHARE = 0.01


def prepare(folder):
    """Make the empty folders of a data set."""
    (folder / "database_nifti").mkdir()
    (folder / "database_split").mkdir()


def write_patient(
    folder: pathlib.Path, index, *, seed, views=anatomy.VIEWS, half_sequence=True
):
    """Write the images, masks and settings of one patient.

    Args:
        folder: The data set's folder.
        index: Number of the patient, from 0; its files count from 1.
        seed: Seed of the data set.
        views: Views to write, of "4CH" and "2CH".
        half_sequence: Whether to write every frame from end-diastole to end-systole
            besides these two.

    Returns:
        Name of the patient.
    """
    random = np.random.default_rng([seed, index, _STREAM])
    rate = round(random.uniform(45, 65), 1)
    last = round(anatomy.SYSTOLE * rate)
    heart = anatomy.draw(random, systole=last / rate)
    whole = float(round(heart.ejection_fraction))
    heart = dataclasses.replace(heart, ejection_fraction=whole)
    settings = scanner.draw(heart, random)
    facts = {
        "Sex": str(random.choice(["F", "M"])),
        "Age": int(random.integers(25, 91)),
        "ImageQuality": settings.grade,
        "EF": round(heart.ejection_fraction),
        "FrameRate": rate,
    }
    hearts = {"4CH": heart, "2CH": anatomy.two_chamber(heart, random)}
    backwards = random.random() < _REVERSED_SHARE
    name = f"patient{index + 1:04d}"
    (folder / "database_nifti" / name).mkdir()
    for view in views:
        stem = folder / "database_nifti" / name / f"{name}_{view}"
        stream = np.random.default_rng(
            [seed, index, _STREAM, anatomy.VIEWS.index(view)]
        )
        numbers = np.arange(last + 1) if half_sequence else np.array([0, last])
        frames, masks = _pictures(hearts[view], settings, numbers / rate, stream)
        _write_view(stem, frames, masks, half_sequence, backwards)
        ends = (last + 1, 1) if backwards else (1, last + 1)
        _write_facts(stem.with_name(f"Info_{view}.cfg"), ends, last + 1, facts)
    return name


def finish(folder: pathlib.Path, written):
    """Write the lists of training, validation and test patients.

    Args:
        folder: The data set's folder.
        written: Names of the patients, in order; some end up in no list.
    """
    dealt = splits.assign(len(written), SHARES)
    for split in filter(None, SHARES):
        names = [name for name, own in zip(written, dealt) if own == split]
        lines = "".join(f"{name}\n" for name in names)
        path = folder / "database_split" / f"subgroup_{split}.txt"
        path.write_text(lines)


def _pictures(heart, settings, times, random):
    """Frames and masks, each uint8 `(T, H, W)`."""
    height = round(settings.depth / SPACING)
    width = round(2 * np.sin(settings.half_angle) * settings.depth / SPACING)
    sector = sectors.Sector(height, width, ((width - 1) / 2, 0.0), SPACING)
    frames = list(speckle.frames(heart, settings, sector, times, random))
    return np.stack(frames), np.stack([mask(heart, sector, time) for time in times])


def mask(heart, sector, time):
    """Labels of one frame, by whether a pixel's centre is inside the drawn contours.

    Args:
        heart: The `Heart`.
        sector: The `Sector`.
        time: Seconds since an end-diastole.

    Returns:
        uint8 `(H, W)`: 0 background, 1 cavity, 2 myocardium, 3 left atrium.
    """
    moment = motion.moment(heart, time)
    along, across = geometry.to_heart(moment, *sectors.pixels(sector))
    return geometry.labels(heart, *geometry.at_rest(heart, moment, along, across))


def _write_view(stem, frames, masks, half_sequence, backwards):
    for phase, number in (("ED", 0), ("ES", -1)):
        _write_image(stem, phase, frames[number])
        _write_image(stem, f"{phase}_gt", masks[number])
    if half_sequence:
        step = -1 if backwards else 1
        _write_image(stem, "half_sequence", frames[::step])
        _write_image(stem, "half_sequence_gt", masks[::step])


def _write_image(stem, kind, pixels):
    image = SimpleITK.GetImageFromArray(pixels.astype(np.float32))
    image.SetSpacing((SPACING, SPACING, 1.0)[: pixels.ndim])
    path = stem.with_name(f"{stem.name}_{kind}.nii.gz")
    SimpleITK.WriteImage(image, str(path), useCompression=True)


def _write_facts(path, ends, count, facts):
    lines = {"ED": ends[0], "ES": ends[1], "NbFrame": count, **facts}
    path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
