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


@dataclasses.dataclass(frozen=True)
class Patient:
    """One patient as drawn, before any file is written.

    Attributes:
        hearts: Dict of view to `Heart`.
        scanner: The `Scanner`.
        rate: Frames a second.
        last: Number of the end-systolic frame, counted from 0 at end-diastole.
        backwards: Whether the sequences are stored from end-systole to end-diastole.
        facts: Sex, age and image quality, as the settings name them.
        streams: Dict of view to the NumPy generator of its pictures.
    """

    hearts: dict
    scanner: scanner.Scanner
    rate: float
    last: int
    backwards: bool
    facts: dict
    streams: dict


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
    patient = draw(seed, index)
    fraction = {"EF": round(patient.hearts["4CH"].ejection_fraction)}
    name = f"patient{index + 1:04d}"
    home = folder / "database_nifti" / name
    home.mkdir()
    for view in views:
        frames, masks = pictures(patient, view, every=half_sequence)
        parts = stills(frames, masks)
        if half_sequence:
            parts["half_sequence"] = in_stored_order(patient, frames)
            parts["half_sequence_gt"] = in_stored_order(patient, masks)
        for part, pixels in parts.items():
            write_image(home / f"{name}_{view}_{part}.nii.gz", pixels)
        write_settings(home / f"Info_{view}.cfg", patient, fraction)
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


def draw(seed, index):
    """Draw a `Patient`; the ejection fraction is a whole number of percent."""
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
    }
    return Patient(
        hearts={"4CH": heart, "2CH": anatomy.two_chamber(heart, random)},
        scanner=settings,
        rate=rate,
        last=last,
        backwards=random.random() < _REVERSED_SHARE,
        facts=facts,
        streams={
            view: np.random.default_rng([seed, index, _STREAM, number])
            for number, view in enumerate(anatomy.VIEWS)
        },
    )


def pictures(patient, view, *, every, spacing=(SPACING, SPACING)):
    """Picture one view from end-diastole to end-systole.

    Args:
        patient: The `Patient`.
        view: "4CH" or "2CH".
        every: Whether to picture every frame rather than the first and the last.
        spacing: Height and width of a pixel, mm.

    Returns:
        Frames and masks, each uint8 `(T, H, W)`.
    """
    heart, settings = patient.hearts[view], patient.scanner
    height = round(settings.depth / spacing[0])
    width = round(2 * np.sin(settings.half_angle) * settings.depth / spacing[1])
    sector = sectors.Sector(
        height,
        width,
        tip=((width - 1) / 2, 0.0),
        millimetres=spacing[0],
        aspect=spacing[1] / spacing[0],
    )
    numbers = np.arange(patient.last + 1) if every else np.array([0, patient.last])
    times = numbers / patient.rate
    frames = speckle.frames(heart, settings, sector, times, patient.streams[view])
    return np.stack(list(frames)), np.stack([mask(heart, sector, t) for t in times])


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


def stills(frames, masks):
    """Dict of the file's part, such as `ED_gt`, to the first or last frame or mask."""
    return {
        f"{phase}{kind}": pixels[number]
        for phase, number in (("ED", 0), ("ES", -1))
        for kind, pixels in (("", frames), ("_gt", masks))
    }


def in_stored_order(patient, pixels):
    """Frames in the order in which the patient's sequences are stored."""
    return pixels[::-1] if patient.backwards else pixels


def write_image(path, pixels):
    """Write `(H, W)` or `(T, H, W)` pixels as float32 NIfTI."""
    image = SimpleITK.GetImageFromArray(pixels.astype(np.float32))
    image.SetSpacing((SPACING, SPACING, 1.0)[: pixels.ndim])
    SimpleITK.WriteImage(image, str(path), useCompression=True)


def write_settings(path, patient, volumes):
    """Write the settings of one view.

    Args:
        path: The `.cfg` file.
        patient: The `Patient`.
        volumes: Dict of what the release says of volumes and ejection fraction.
    """
    count = patient.last + 1
    ends = (count, 1) if patient.backwards else (1, count)
    lines = {"ED": ends[0], "ES": ends[1], "NbFrame": count, **patient.facts}
    lines |= {**volumes, "FrameRate": patient.rate}
    path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
