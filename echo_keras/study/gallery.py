"""Contact sheets of the best, the median and the worst cases."""

import pathlib

import cv2
import numpy as np

from echo_keras import aside
from echo_keras.data import schema, tfrecords
from echo_keras.study import pictures, plots, wording, worker

SUFFIX = ".cases.png"
CHOICES = {"best": 1.0, "median": 0.5, "worst": 0.0}
TITLE = "Best, median and worst case: reference green, network orange"


def sheet(arms, records):
    """Draw the sheet of a study, of the best arm by fraction.

    Args:
        arms: List of `results.Arm`, one for each row of the sheet; their first run
            whose masks are there is shown, and no row where there is none.
        records: `grid.Records` that they were scored on.

    Returns:
        Bytes of a PNG, None without a row.
    """
    rows = {}
    for arm in arms:
        if shown := _shown(arm):
            name = f"{wording.share(arm.fraction)}, {arm.title}, run {shown[0]}"
            with np.load(arm.folders[shown[0]] / worker.MASKS) as masks:
                cases = dict(enumerate(arm.runs[shown[0]]["cases"]))
                rows[name] = _with_masks(cases, masks)
    return _drawn(rows, records.folder, records.split) if rows else None


def write(scores, masks, data, path):
    """Draw the sheet of a scored split, with a row for each phase.

    Args:
        scores: Dict as of `evaluate.scores`.
        masks: Dict of the cases' masks, as `pictures.keep` fills it.
        data: Folder of the records.
        path: JSON of the scores; `NAME.json` has `NAME.cases.png` beside it.

    Raises:
        InputError: The file cannot be written.
    """
    rows = {}
    for phase, theirs in scores["phases"].items():
        cases = {
            position: case
            for position, case in enumerate(scores["cases"])
            if case["phase"] == phase
        }
        rows[f"{phase}, {theirs['images']} images"] = _with_masks(cases, masks)
    with aside.file(pathlib.Path(path).with_suffix(SUFFIX)) as partial:
        partial.write_bytes(_drawn(rows, data, scores["split"]))


def _shown(arm):
    """Numbers of the runs whose masks are there."""
    return sorted(
        number
        for number, folder in arm.folders.items()
        if (folder / worker.MASKS).is_file()
    )


def chosen(cases):
    """Choose the best, the median and the worst case.

    Args:
        cases: Dict of position to the facts of a case.

    Returns:
        Dict of each of `CHOICES` to a position.
    """
    order = sorted(cases, key=lambda position: cases[position]["dice"])
    last = len(order) - 1
    return {name: order[round(share * last)] for name, share in CHOICES.items()}


def _with_masks(cases, masks):
    """Dict of choice to a position, its case and the PNG of its mask."""
    return {
        name: (position, cases[position], masks[str(position)])
        for name, position in chosen(cases).items()
    }


def _drawn(rows, folder, split):
    positions = {at for chosen in rows.values() for at, *_ in chosen.values()}
    frames = _frames(folder, split, positions)
    drawn = {
        row: [
            _picture(name, case, mask, *frames[position])
            for name, (position, case, mask) in chosen.items()
        ]
        for row, chosen in rows.items()
    }
    return plots.gallery(drawn, title=TITLE)


def _frames(folder, split, positions):
    """Dict of position to image, reference mask and spacing."""
    found = {}
    frames = tfrecords.labelled(folder, split).as_numpy_iterator()
    for position, record in enumerate(frames):
        if position in positions:
            truth = record["mask"][..., 0] == schema.VENTRICLE
            found[position] = record["image"][..., 0], truth, record["spacing"]
        if len(found) == len(positions):
            break
    return found


def _picture(name, case, mask, image, truth, spacing):
    prediction = cv2.imdecode(mask, cv2.IMREAD_GRAYSCALE) > 0
    height, width = image.shape
    if all(spacing > 0):
        width = max(round(width * spacing[1] / spacing[0]), 1)
    masks = [
        (_upright(mask, width, height) > 0, colour)
        for mask, colour in (
            (truth, pictures.TRUTH),
            (prediction, pictures.PREDICTION),
        )
    ]
    picture = pictures.contours(cv2.resize(image, (width, height)), masks)
    who = f"{case['patient']} {case['view']} {case['phase']}"
    scores = f"Dice {case['dice']:.3f}, HD95 {case['hd95']:.1f} {case['distance_unit']}"
    return picture, f"{name}: {who}\n{scores}"


def _upright(mask, width, height):
    size = (width, height)
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
