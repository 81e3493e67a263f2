"""What is wrong with copies of CAMUS's original release: data of its images."""

import SimpleITK

from pipeline.phantom import camus_2019


def patients(folder):
    """Names of all patients with files, in the order of the folders.

    Those in `testing`, which has numbers of its own, bear its name before theirs.
    """
    homes = sorted({path.parent for path in folder.glob("*/*/*.cfg")})
    return [
        f"testing_{home.name}" if home.parent.name == "testing" else home.name
        for home in homes
    ]


def _cut_raw(folder, name):
    header, data = _still(folder, name, compressed=False)
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    yield header, "unreadable"


def _cut_zraw(folder, name):
    header, data = _still(folder, name, compressed=True)
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    yield header, "damaged compression"


def _garbled_zraw(folder, name):
    header, data = _still(folder, name, compressed=True)
    content = data.read_bytes()
    middle = len(content) // 2
    data.write_bytes(content[:middle] + bytes(100) + content[middle + 100 :])
    yield header, "damaged compression"


def _missing_raw(folder, name):
    header, data = _still(folder, name, compressed=False)
    data.unlink()
    yield header, "missing"


def _doubled_data(folder, name):
    _, data = _still(folder, name, compressed=True)
    plain = data.with_suffix(".raw")
    plain.write_bytes(b"left by another program")
    yield plain.relative_to(folder).as_posix(), "duplicate file"


OF_PATIENTS = {
    "cut-raw": _cut_raw,
    "cut-zraw": _cut_zraw,
    "garbled-zraw": _garbled_zraw,
    "missing-raw": _missing_raw,
    "doubled-data": _doubled_data,
}
OF_THE_WHOLE = {}


def _still(folder, name, *, compressed):
    """Write a patient's first ED image in one of both manners.

    Returns:
        Path of the header in the data set and path of the data.
    """
    split, _, number = name.rpartition("_")
    header = min((folder / (split or "training") / number).glob("*_ED.mhd"))
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(header)))
    for suffix in (".raw", ".zraw"):
        header.with_suffix(suffix).unlink(missing_ok=True)
    camus_2019.write_image(header, pixels, compressed=compressed)
    data = header.with_suffix(".zraw" if compressed else ".raw")
    return header.relative_to(folder).as_posix(), data
