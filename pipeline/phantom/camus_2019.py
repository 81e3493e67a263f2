"""Phantoms in the layout of CAMUS's original release: MetaImages in two folders.

Pixels are twice as wide as high, the data of every second patient are compressed, and
those of `testing` have no masks.
"""

import pathlib

import SimpleITK

from pipeline.phantom import camus, splits
from pipeline.phantom import heart as anatomy

SPACING = (0.154, 0.308)
SHARES = {"training": 0.9, "testing": 0.1}
_BETWEEN_FRAMES = 1.54


def prepare(folder):
    """Make the empty folders of a data set."""
    for split in SHARES:
        (folder / split).mkdir()


def write_patient(
    folder: pathlib.Path, index, *, seed, views=anatomy.VIEWS, half_sequence=True
):
    """Write the images, masks and settings of one patient.

    Args:
        folder: The data set's folder.
        index: Number of the patient, from 0; the hearts are those of `camus`.
        seed: Seed of the data set.
        views: Views to write, of "4CH" and "2CH".
        half_sequence: Whether to write every frame from end-diastole to end-systole
            besides these two, as `sequence`.

    Returns:
        Split and name of the patient, such as `training/patient0001`.
    """
    dealt = splits.assign(index + 1, SHARES)
    name = f"patient{dealt.count(dealt[-1]):04d}"
    home = folder / dealt[-1] / name
    home.mkdir()
    patient = camus.draw(seed, index)
    volumes = _volumes(patient.hearts["4CH"])
    for view in views:
        frames, masks = camus.pictures(
            patient, view, every=half_sequence, spacing=SPACING
        )
        parts = camus.stills(frames[:, None], masks[:, None])
        if half_sequence:
            parts["sequence"] = camus.in_stored_order(patient, frames)
        for part, pixels in parts.items():
            if dealt[-1] == "training" or not part.endswith("_gt"):
                path = home / f"{name}_{view}_{part}.mhd"
                write_image(path, pixels, compressed=bool(index % 2))
        camus.write_settings(home / f"Info_{view}.cfg", patient, volumes)
    return f"{dealt[-1]}/{name}"


def finish(folder: pathlib.Path, written):
    """Leave an empty folder after the last patient of each split, as the release does.

    Args:
        folder: The data set's folder.
        written: What `write_patient` returned for each patient.
    """
    for split in SHARES:
        last = sum(name.startswith(split) for name in written)
        (folder / split / f"patient{last + 1:04d}").mkdir()


def write_image(path, pixels, *, compressed):
    """Write uint8 `(T, H, W)` pixels as `.mhd` with `.raw`, compressed as `.zraw`."""
    image = SimpleITK.GetImageFromArray(pixels)
    image.SetSpacing((*SPACING[::-1], _BETWEEN_FRAMES))
    SimpleITK.WriteImage(image, str(path), useCompression=compressed)


def _volumes(heart):
    diastolic = anatomy.disks(heart.inner, heart.length)
    systolic = diastolic * (1 - heart.ejection_fraction / 100)
    return {
        "LVedv": round(diastolic, 1),
        "LVesv": round(systolic, 1),
        "LVef": round(heart.ejection_fraction, 1),
    }
