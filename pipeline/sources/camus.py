"""CAMUS as it is downloaded: the current NIfTI release and the one of 2019.

The release of 2019 has no lists of its splits: its folder `training` is taken as the
train split and `testing`, which has no masks and its own numbering, as the test split.

Source: Leclerc et al. 2019, https://doi.org/10.1109/TMI.2019.2900516
"""

import collections
import re

from echo_keras import errors
from pipeline import files
from pipeline.sources import camus_views, listings

LISTS = {
    "database_split/subgroup_training.txt": "train",
    "database_split/subgroup_validation.txt": "validation",
    "database_split/subgroup_testing.txt": "test",
}
FOLDERS = {"training": "train", "testing": "test"}

_TESTING = "testing_"
"""How the names of the test patients of 2019 begin, who come without masks."""

_BELOW = re.compile(r"(database_nifti|training|testing)(/[^./][^/]*)+/?")
"""Files and empty folders that are not hidden, wherever below."""

_FILE = re.compile(
    r"(?P<folder>database_nifti|training|testing)/(?P<patient>patient\d+)/(?:"
    r"(?P=patient)_(?P<view>[24]CH)_"
    r"(?P<part>(?:ED|ES|half_sequence|sequence)(?:_gt)?)\.(?:nii(?:\.gz)?|mhd|z?raw)"
    r"|Info_(?P<settings>[24]CH)\.cfg)"
)


def listing(source):
    """Patients of the data set, by the names of their files and the split lists.

    Args:
        source: Folder that holds `database_nifti` and `database_split`, or `training`
            and `testing`; local or a URL.

    Returns:
        `Listing` of all patients with an image; those in no list are `unlisted`.

    Raises:
        InputError: The folder is not this data set, or a patient is in two splits.
    """
    found = files.below(source)
    theirs = collections.defaultdict(list)
    for path in found:
        match = _FILE.fullmatch(path)
        if match:
            theirs[match["folder"], match["patient"]].append(match)
    _check(source, found, folders={folder for folder, _ in theirs})
    lists = {path: files.content(f"{source}/{path}") for path in LISTS if path in found}
    splits = _splits(source, lists)
    everyone = [
        _patient(source, matches, split=FOLDERS.get(folder) or splits.pop(name, None))
        for (folder, name), matches in sorted(theirs.items())
    ]
    patients = [patient for patient in everyone if patient.details["views"]]
    splits |= {patient.name: patient.split for patient in everyone}
    return listings.Listing(
        patients=tuple(sorted(patients, key=lambda patient: patient.name)),
        rejects=tuple(_oddities(found, patients, splits)),
        fingerprint=listings.fingerprint(
            found, [files.digest(f"{source}/{path}") for path in lists]
        ),
    )


def read(patient, choice):
    """Records of one patient: frames with masks, and a video, of each view.

    The video is the half sequence, from ED to ES, or else the ED and ES frames.

    Args:
        patient: `Patient` of `listing`.
        choice: Which frames to keep without labels; see `frames.choice`.

    Yields:
        `LabelledFrame` of ED, of ES and of the masked frames between, unless the
        patient has no masks; `UnlabelledVideo`; or a `Reject` instead of what cannot
        be read.
    """
    with files.local(patient.source, patient.files) as folder:
        settings, dropped = {}, []
        for view, path in patient.details["settings"].items():
            try:
                settings[view] = _settings(folder / path)
            except OSError as error:
                dropped.append(listings.Reject(path, "unreadable", error.strerror))
            except listings.DefectError as defect:
                dropped.append(listings.Reject(path, *defect.args))
        yield from dropped
        if not dropped and not any(settings.values()):
            detail = "no .cfg file with a line in it, so ED, ES and EF are unknown"
            yield listings.Reject(patient.name, "no settings", detail)
        for view in sorted(patient.details["views"]):
            yield from camus_views.records(
                patient, view, choice, folder=folder, settings=settings
            )


def _check(source, found, *, folders):
    if "database_nifti" in folders and len(folders) > 1:
        raise errors.InputError(
            f"{source} holds two releases of CAMUS, {' and '.join(sorted(folders))}, "
            "which split the same patients otherwise; keep one of them there"
        )
    if folders and (set(found) >= set(LISTS) or "database_nifti" not in folders):
        return
    elsewhere = [path for path in found if path.endswith("/" + next(iter(LISTS)))]
    if folders:
        missing = ", ".join(sorted(set(LISTS).difference(found)))
        remedy = f"it lacks {missing}; download the lists again"
    elif elsewhere:
        folder = elsewhere[0].rpartition("/database_split")[0]
        remedy = f"there is one in {source}/{folder}"
    elif "FileList.csv" in found:
        remedy = "this looks like EchoNet-Dynamic; convert it with --dataset echonet"
    else:
        remedy = "name the folder that holds database_nifti and database_split"
    raise errors.InputError(f"{source} is not the whole of CAMUS: {remedy}")


def _splits(source, lists):
    splits = {}
    for path, content in lists.items():
        for name in content.decode("utf-8-sig", errors="replace").split():
            if splits.setdefault(name, LISTS[path]) != LISTS[path]:
                raise errors.InputError(
                    f"{source}/{path} names {name}, who is in the split "
                    f"{splits[name]} too; keep one of the two lines"
                )
    return splits


def _oddities(found, patients, splits):
    """What the names of files and patients tell that is odd."""
    views = {view for patient in patients for view in patient.details["views"]}
    known = {
        part
        for patient in patients
        for parts in patient.details["views"].values()
        for part in parts
    }
    for patient in patients:
        if patient.split == "unlisted":
            detail = "in no split, so it has no labels"
            yield listings.Reject(patient.name, "unlisted", detail)
        elif not patient.labelled and not patient.name.startswith(_TESTING):
            detail = "no file of masks, so only its frames are kept"
            yield listings.Reject(patient.name, "untraced", detail)
        for view in sorted(views.difference(patient.details["views"])):
            detail = f"no image of its {view} view, which others have"
            yield listings.Reject(patient.name, "missing", detail)
        for _, parts in sorted(patient.details["views"].items()):
            part = camus_views.lacking(parts, known, labelled=patient.labelled)
            if part:
                file = camus_views.path(parts, part)
                detail = "no such file, which others have"
                yield listings.Reject(file, "no sequence", detail)
    for name in sorted(set(splits).difference(patient.name for patient in patients)):
        detail = f"no image, though in the split {splits[name]}"
        yield listings.Reject(name, "missing", detail)
    for patient in patients:
        yield from _duplicates(patient)
    for path in filter(_BELOW.fullmatch, found):
        if path.endswith("/"):
            yield listings.Reject(path, "empty folder", "no file in it")
        elif not _FILE.fullmatch(path):
            detail = "its name is none of CAMUS's, so it is not read"
            yield listings.Reject(path, "unknown file", detail)


def _duplicates(patient):
    """Images of which another format is read, and data beside another of its image."""
    for path in patient.files:
        packed = f"{path[:-4]}.zraw"
        if path.endswith(".raw") and packed in patient.files:
            detail = f"{packed} is there too, and the header tells which is read"
            yield listings.Reject(path, "duplicate file", detail)
    for match in map(_FILE.fullmatch, patient.files):
        if match["part"] and not match.string.endswith("raw"):
            read = patient.details["views"][match["view"]][match["part"]]
            if match.string != read:
                detail = f"{read} is the same part and is read"
                yield listings.Reject(match.string, "duplicate file", detail)


def _patient(source, matches, *, split):
    views, settings = collections.defaultdict(dict), {}
    for match in matches:
        path = match.string
        if match["settings"]:
            settings[match["settings"]] = path
        elif not path.endswith("raw"):
            views[match["view"]][match["part"]] = path  # the last: .nii.gz before .nii
    found = {part for parts in views.values() for part in parts}
    families = {"unlabelled"}
    if split and any(part.endswith("_gt") for part in found):
        families.add("labelled")
    if split and any(part.endswith("sequence_gt") for part in found):
        families.add("sequence")
    prefix = _TESTING if matches[0]["folder"] == "testing" else ""
    return listings.Patient(
        name=prefix + matches[0]["patient"],
        split=split or "unlisted",
        families=tuple(sorted(families)),
        source=str(source),
        files=tuple(match.string for match in matches),
        details={"views": dict(views), "settings": settings},
    )


def _settings(path):
    """Keys and values of a `.cfg` file, such as the 1-based ED and ES and the EF."""
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    pairs = [line.partition(":")[::2] for line in lines]
    keys = [key.strip().replace("LVef", "EF") for key, _ in pairs]
    found = {
        key: value.strip() for key, (_, value) in zip(keys, pairs) if value.strip()
    }
    if any(map(str.strip, lines)) and not {*keys}.intersection(camus_views.KEYS):
        detail = f"none of {', '.join(camus_views.KEYS)} in it"
        raise listings.DefectError("unreadable", detail)
    for key, allowed in camus_views.NUMBERS.items():
        if key in found and not re.fullmatch(allowed, found[key]):
            raise listings.DefectError("bad number", f"{key} {found[key]!r:.80}")
    return found
