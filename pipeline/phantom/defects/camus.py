"""What is wrong with copies of CAMUS's current release: images, masks and settings."""

import gzip
import shutil

import numpy as np

from pipeline.phantom import camus
from pipeline.phantom.defects import camus_files as edit

patients = edit.patients


def _plain_gz(folder, name):
    path = edit.image(folder, name, "ED")
    path.write_bytes(gzip.decompress(path.read_bytes()))
    yield _relative(path, folder), "damaged compression"


def _truncated_gz(folder, name):
    path = edit.image(folder, name, "ES")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    yield _relative(path, folder), "damaged compression"


def _truncated_inside(folder, name):
    path = edit.image(folder, name, "ES")
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[: len(content) // 2], mtime=0))
    yield _relative(path, folder), "unreadable"


def _empty_file(folder, name):
    path = edit.image(folder, name, "ED")
    path.write_bytes(b"")
    yield _relative(path, folder), "unreadable"


def _without_gz(folder, name):
    path = edit.image(folder, name, "ED")
    plain = path.with_suffix("")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()
    yield _relative(plain, folder), None


def _doubled_format(folder, name):
    path = edit.image(folder, name, "ES")
    plain = path.with_suffix("")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    yield _relative(plain, folder), "duplicate file"


def _not_one_image(folder, name):
    path = edit.image(folder, name, "ED")
    camus.write_image(path, np.stack([edit.pixels(path)] * 2))
    yield _relative(path, folder), "not one image"


def _bright_image(folder, name):
    path = edit.image(folder, name, "ES")
    camus.write_image(path, edit.pixels(path) * 257)
    yield _relative(path, folder), "values out of range"


def _fourth_label(folder, name):
    path = edit.image(folder, name, "ED_gt")
    mask = edit.pixels(path)
    camus.write_image(path, np.where(mask == 3, 4, mask))
    yield _relative(path, folder), "values out of range"


def _resized_mask(folder, name):
    path = edit.image(folder, name, "ED_gt")
    camus.write_image(path, edit.pixels(path)[::2, ::2])
    yield _relative(path, folder), "mask of another size"


def _empty_mask(folder, name):
    path = edit.image(folder, name, "ES_gt")
    camus.write_image(path, np.zeros_like(edit.pixels(path)))
    yield _relative(path, folder), "empty mask"


def _narrow_sector(folder, name):
    """Blacken the sides of the images as far as the masks leave the sector."""
    mask_path = edit.image(folder, name, "ED_gt")
    mask = edit.pixels(mask_path)
    down, right = np.indices(mask.shape)
    angle = np.abs(np.arctan2(right - (mask.shape[1] - 1) / 2, down))
    inside = angle < 0.9 * angle[mask > 0].max()
    for path in edit.images(folder, name, "*[DSe]"):
        camus.write_image(path, edit.pixels(path) * inside)
    yield _relative(mask_path, folder), None


def _missing_image(folder, name):
    path = edit.image(folder, name, "ES")
    path.unlink()
    yield _relative(path, folder), "missing"


def _missing_mask(folder, name):
    path = edit.image(folder, name, "ED_gt")
    path.unlink()
    yield _relative(path, folder), "missing"


def _missing_masks(folder, name):
    for path in (folder / edit.IMAGES / name).glob("*_gt.nii.gz"):
        path.unlink()
    yield name, "untraced"


def _missing_patient(folder, name):
    shutil.rmtree(folder / edit.IMAGES / name)
    yield name, "missing"


def _empty_folder(folder, name):
    home = folder / edit.IMAGES / name
    for path in home.iterdir():
        path.unlink()
    yield name, "missing"
    yield f"{_relative(home, folder)}/", "empty folder"


def _dead_link(folder, name):
    path = edit.image(folder, name, "ED")
    path.unlink()
    path.symlink_to(f"../elsewhere/{path.name}")
    yield _relative(path, folder), "missing"


def _unknown_file(folder, name):
    path = folder / edit.IMAGES / name / "notes.txt"
    path.write_text("measured twice\n")
    yield _relative(path, folder), "unknown file"


def _reversed_sequence(folder, name):
    """Store a view from ES to ED, unless it is stored so already."""
    path = edit.settings(folder, name)
    text = path.read_text()
    first, last = (edit.number(text, phase) for phase in ("ED", "ES"))
    if first < last:
        path.write_text(edit.given(text, ED=last, ES=first))
        for sequence in edit.images(folder, name, "half_sequence*"):
            camus.write_image(sequence, edit.pixels(sequence)[::-1])
    yield _relative(path, folder), None


def _text_in_settings(folder, name):
    path = edit.settings(folder, name)
    path.write_text(edit.given(path.read_text(), ES="last"))
    yield _relative(path, folder), "bad number"


def _zero_in_settings(folder, name):
    path = edit.settings(folder, name)
    path.write_text(edit.given(path.read_text(), ED=0))
    yield _relative(path, folder), "bad number"


def _windows_settings(folder, name):
    path = edit.settings(folder, name)
    edit.to_windows(path)
    yield _relative(path, folder), None


def _missing_settings(folder, name):
    for path in (folder / edit.IMAGES / name).glob("*.cfg"):
        path.unlink()
    yield name, "no settings"


def _missing_sequence(folder, name):
    """Remove a view's sequence, which nobody misses where no patient has any."""
    path = edit.settings(folder, name)
    reason = None
    for path in reversed(edit.images(folder, name, "half_sequence*")):
        path.unlink()
        reason = "no sequence"
    yield _relative(path, folder), reason


def _windows_lists(folder):
    for path in sorted((folder / edit.LISTS).iterdir()):
        edit.to_windows(path)
        yield _relative(path, folder), None


def _stray_folder(folder):
    image = min((folder / edit.IMAGES).glob("*/*_ED.nii.gz"))
    path = folder / edit.IMAGES / "unsorted" / image.name
    path.parent.mkdir()
    shutil.copyfile(image, path)
    yield _relative(path, folder), "unknown file"


def _folder_loop(folder):
    (folder / edit.IMAGES / "again").symlink_to("..")
    yield f"{edit.IMAGES}/again", None


def _linked_folder(folder):
    (folder / "all").symlink_to(edit.IMAGES)
    yield "all", None


OF_PATIENTS = {
    "plain-gz": _plain_gz,
    "truncated-gz": _truncated_gz,
    "truncated-inside": _truncated_inside,
    "empty-file": _empty_file,
    "without-gz": _without_gz,
    "doubled-format": _doubled_format,
    "not-one-image": _not_one_image,
    "bright-image": _bright_image,
    "fourth-label": _fourth_label,
    "resized-mask": _resized_mask,
    "empty-mask": _empty_mask,
    "narrow-sector": _narrow_sector,
    "missing-image": _missing_image,
    "missing-mask": _missing_mask,
    "missing-masks": _missing_masks,
    "missing-patient": _missing_patient,
    "empty-folder": _empty_folder,
    "dead-link": _dead_link,
    "unknown-file": _unknown_file,
    "reversed-sequence": _reversed_sequence,
    "text-in-settings": _text_in_settings,
    "zero-in-settings": _zero_in_settings,
    "windows-settings": _windows_settings,
    "missing-settings": _missing_settings,
    "missing-sequence": _missing_sequence,
}
OF_THE_WHOLE = {
    "windows-lists": _windows_lists,
    "stray-folder": _stray_folder,
    "folder-loop": _folder_loop,
    "linked-folder": _linked_folder,
}


def _relative(path, folder):
    return path.relative_to(folder).as_posix()
