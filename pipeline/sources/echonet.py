"""EchoNet-Dynamic as it is downloaded: lists, tracings and AVI videos.

Source: Ouyang et al. 2020, https://doi.org/10.1038/s41586-020-2145-8
"""

import array
import collections
import math

import numpy as np

from echo_keras import errors
from echo_keras.data import schema
from pipeline import files
from pipeline.sources import frames, listings, tables, tracings, videos

SPLITS = {"TRAIN": "train", "VAL": "validation", "TEST": "test"}
LISTS = ("FileList.csv", "VolumeTracings.csv")

_FARTHEST = 10_000
"""Pixels: no frame is as wide, and the products of a few of them overflow nothing."""


def listing(source):
    """Patients of the data set, as its two tables name them.

    Args:
        source: Folder that holds the tables and `Videos`, local or a URL.

    Returns:
        `Listing` of the patients with a video and a tracing; its rejects name the
        others, and the videos and tracings of nobody.

    Raises:
        InputError: The folder is not this data set, or a table lacks a column.
    """
    found = files.below(source)
    _check(source, found)
    avis, rejects = _videos(found)
    traced = _traced(f"{source}/VolumeTracings.csv")
    patients, named = [], set()
    columns = ("FileName", "EF", "Split")
    for file_name, *row in tables.rows(f"{source}/FileList.csv", columns):
        name = _name(file_name)
        try:
            _check_row(name, row, seen=(named, traced, avis))
            patient = _patient(source, row, file=avis[name], tracing=traced[name])
            patients.append(patient)
            if row[0] and math.isnan(patient.details["ejection_fraction"]):
                detail = f"EF {row[0]!r:.80}, taken as unknown"
                rejects.append(listings.Reject(name, "bad number", detail))
        except listings.DefectError as defect:
            rejects.append(listings.Reject(name, *defect.args))
        named.add(name)
    rejects += _facts(patients, strangers=sorted({*traced, *avis} - named))
    return listings.Listing(
        patients=tuple(sorted(patients, key=lambda patient: patient.name)),
        rejects=tuple(rejects),
        fingerprint=listings.fingerprint(
            found, [files.digest(f"{source}/{table}") for table in LISTS]
        ),
    )


def read(patient, choice):
    """Records of one patient: the ED and ES frames with masks, and the video.

    Args:
        patient: `Patient` of `listing`.
        choice: Which frames to keep without labels; see `frames.choice`.

    Yields:
        `LabelledFrame` of ED, then of ES, unless the patient is in no split;
        `UnlabelledVideo`; or a `Reject` instead of what cannot be read.
    """
    [name] = patient.files
    try:
        traces = _traces(patient.details["tracing"])
        with files.local(patient.source, patient.files) as folder:
            total, decoded = videos.grey_frames(
                folder / name,
                lambda total: {*traces, *frames.kept(choice, total, phases=traces)},
            )
    except listings.DefectError as defect:
        yield listings.Reject(name, *defect.args)
        return
    if patient.labelled:
        yield from _oddities(patient, decoded[min(traces)].shape)
        yield from _labelled(patient, traces, decoded)
    yield from _unlabelled(
        patient, decoded, numbers=frames.kept(choice, total, phases=traces)
    )


def _check(source, found):
    missing = [table for table in LISTS if table not in found]
    if missing:
        elsewhere = [path for path in found if path.endswith("/" + missing[0])]
        if elsewhere:
            remedy = f"there is one in {source}/{elsewhere[0].rpartition('/')[0]}"
        elif any("patient" in path for path in found):
            remedy = "this looks like CAMUS; convert it with --dataset camus"
        else:
            remedy = "name the folder that holds the two tables and Videos"
        raise errors.InputError(
            f"no {missing[0]} in {source}, so it is not EchoNet-Dynamic: {remedy}"
        )


def _videos(found):
    """Paths of the videos by name, and what else stands beside them."""
    avis, rejects = {}, []
    for path in sorted(found, key=_is_elsewhere):
        if not path.lower().endswith(".avi"):
            continue
        if avis.setdefault(_name(path), path) != path:
            detail = f"{avis[_name(path)]} has the same name and is read"
            rejects.append(listings.Reject(path, "duplicate file", detail))
    folders = {path.rpartition("/")[0] for path in avis.values()} - {""}
    return avis, rejects + [
        listings.Reject(path, "unknown file", "no AVI, so not read")
        for path in found
        if path.rpartition("/")[0] in folders
        and not path.lower().endswith(".avi")
        and not path.rpartition("/")[2].startswith(".")
    ]


def _is_elsewhere(path):
    return path.rpartition("/")[0] != "Videos"


def _check_row(name, row, *, seen):
    named, traced, avis = seen
    if name in named:
        raise listings.DefectError("duplicate row", f"a row more, of split {row[1]!r}")
    if name not in traced:
        raise listings.DefectError("untraced", "no row of it in VolumeTracings.csv")
    if name not in avis:
        raise listings.DefectError("missing", "no such file in Videos")


def _patient(source, row, *, file, tracing):
    ejection_fraction, split = row
    listed = split.upper() in SPLITS
    return listings.Patient(
        name=_name(file),
        split=SPLITS.get(split.upper(), "unlisted"),
        families=("labelled", "unlabelled") if listed else ("unlabelled",),
        source=str(source),
        files=(file,),
        details={
            "tracing": np.array(tracing).reshape(-1, 5),
            "ejection_fraction": _percent(ejection_fraction),
        },
    )


def _facts(patients, *, strangers):
    for patient in patients:
        if patient.split == "unlisted":
            yield listings.Reject(
                patient.name, "unlisted", "in no split, so only its frames are kept"
            )
    for name in strangers:
        yield listings.Reject(name, "no row", "no row of it in FileList.csv")


def _name(file_name):
    name = file_name.replace("\\", "/").rpartition("/")[2]
    return name[:-4] if name.lower().endswith(".avi") else name


def _number(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


def _percent(text):
    number = _number(text)
    return number if 0 <= number <= 100 else math.nan


def _traced(path):
    """Numbers of all rows of each video, one after another: 40 bytes a row."""
    traced = collections.defaultdict(lambda: array.array("d"))
    columns = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
    for name, *numbers in tables.rows(path, columns):
        traced[_name(name)].extend(map(_number, numbers))
    return traced


def _oddities(patient, shape):
    """Facts of a tracing that is used all the same."""
    [name] = patient.files
    for frame, rows in _rows(patient.details["tracing"]).items():
        trace = tracings.first_trace(rows)
        chords, expected = len(trace) - 1, tracings.ROWS - 1
        if len(rows) > len(trace):
            detail = f"frame {frame} has {len(rows)} rows; the first trace is used"
            yield listings.Reject(name, "repeated tracing", detail)
        if chords < expected:
            detail = f"frame {frame} has {chords} chords instead of {expected}"
            yield listings.Reject(name, "fewer chords", detail)
        if tracings.leaves(tracings.outline(trace), shape):
            detail = f"frame {frame}: what lies beyond its {shape} pixels is cut off"
            yield listings.Reject(name, "traced outside", detail)


def _rows(tracing):
    """Rows of each traced frame, in the order of the table."""
    return {
        int(frame): tracing[tracing[:, 4] == frame, :4]
        for frame in dict.fromkeys(tracing[:, 4])
    }


def _traces(tracing):
    if not np.isfinite(tracing).all() or (tracing[:, 4] % 1).any():
        raise listings.DefectError("bad number", "a tracing holds text or NaN")
    farthest = np.abs(tracing[:, :4]).max()
    if farthest > _FARTHEST:
        raise listings.DefectError("bad number", f"a tracing reaches to {farthest:g}")
    traces = {
        frame: tracings.first_trace(rows) for frame, rows in _rows(tracing).items()
    }
    if len(traces) != 2 or min(traces) < 0:
        raise listings.DefectError(
            "not two traced frames", f"traced are {', '.join(map(str, sorted(traces)))}"
        )
    if min(map(len, traces.values())) < 3:
        raise listings.DefectError("short tracing", "a frame has fewer than two chords")
    return traces


def _labelled(patient, traces, decoded):
    outlines = {frame: tracings.outline(trace) for frame, trace in traces.items()}
    by_area = sorted(
        outlines, key=lambda frame: tracings.area(outlines[frame]), reverse=True
    )
    for phase, frame in zip(("ED", "ES"), by_area):
        image = decoded[frame]
        mask = tracings.mask(outlines[frame], image.shape)
        if not mask.any():
            yield listings.Reject(
                patient.files[0], "empty mask", f"frame {frame} is traced outside"
            )
            continue
        yield schema.LabelledFrame(
            patient=patient.name,
            dataset="echonet",
            view="4CH",
            phase=phase,
            frame=frame,
            image=image,
            mask=mask,
            ejection_fraction=patient.details["ejection_fraction"],
        )


def _unlabelled(patient, decoded, *, numbers):
    if numbers:
        yield schema.UnlabelledVideo(
            patient=patient.name,
            dataset="echonet",
            view="4CH",
            frames=tuple(decoded[number] for number in numbers),
            frame_numbers=numbers,
        )
