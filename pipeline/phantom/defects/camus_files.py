"""Files of a finished phantom of CAMUS's current release, and changes to them."""

import re

import SimpleITK

IMAGES, LISTS = "database_nifti", "database_split"


def patients(folder):
    """Names of the patients in the lists; nobody misses the others."""
    lists = sorted((folder / LISTS).iterdir())
    return [name for path in lists for name in path.read_text().split()]


def image(folder, name, part):
    """Path of one part, such as `ED_gt`, of a patient's first view."""
    return min((folder / IMAGES / name).glob(f"{name}_*CH_{part}.nii.gz"))


def images(folder, name, pattern):
    """Paths of the parts of a patient's first view that match a pattern."""
    view = image(folder, name, "ED").name.split("_")[1]
    return sorted((folder / IMAGES / name).glob(f"{name}_{view}_{pattern}.nii.gz"))


def pixels(path):
    """Pixels of an image or a mask as float32."""
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def settings(folder, name):
    """Path of the settings of a patient's first view."""
    return min((folder / IMAGES / name).glob("*.cfg"))


def number(text, key):
    """Whole number that the settings give for a key."""
    return int(re.search(rf"^{key}: (\d+)$", text, re.M)[1])


def given(text, **values):
    """The settings with other values for some keys."""
    for key, value in values.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.M)
    return text


def to_windows(path):
    """Give a text file the line ends and the byte order mark of Windows."""
    text = path.read_text().replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
