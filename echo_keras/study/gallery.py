"""Contact sheet of a study: best, median and worst case of the best arm by fraction."""

import cv2
import numpy as np

from echo_keras.data import schema, tfrecords
from echo_keras.study import pictures, plots, wording, worker

CHOICES = {"best": 1.0, "median": 0.5, "worst": 0.0}


def sheet(arms, records):
    """Draw the sheet.

    Args:
        arms: List of `results.Arm`, one for each row of the sheet; their first run
            whose masks are there is shown, and no row where there is none.
        records: `grid.Records` that they were scored on.

    Returns:
        Bytes of a PNG, None without a row.
    """
    arms = [arm for arm in arms if _shown(arm)]
    if not arms:
        return None
    wanted = [_chosen(_first(arm)) for arm in arms]
    positions = {position for chosen in wanted for position in chosen.values()}
    frames = _frames(records, positions)
    rows = {
        f"{wording.share(arm.fraction)}, {arm.title}, run {_shown(arm)[0]}": [
            _picture(arm, name, position, frames[position])
            for name, position in chosen.items()
        ]
        for arm, chosen in zip(arms, wanted)
    }
    title = "Best, median and worst case: reference green, network orange"
    return plots.gallery(rows, title=title)


def _shown(arm):
    """Numbers of the runs whose masks are there."""
    return sorted(
        number
        for number, folder in arm.folders.items()
        if (folder / worker.MASKS).is_file()
    )


def _first(arm):
    return arm.runs[_shown(arm)[0]]["cases"]


def _chosen(cases):
    order = np.argsort([case["dice"] for case in cases], kind="stable")
    return {
        name: int(order[round(share * (len(order) - 1))])
        for name, share in CHOICES.items()
    }


def _frames(records, positions):
    """Dict of position to image, reference mask and spacing."""
    found = {}
    frames = tfrecords.labelled(records.folder, records.split).as_numpy_iterator()
    for position, record in enumerate(frames):
        if position in positions:
            truth = record["mask"][..., 0] == schema.VENTRICLE
            found[position] = record["image"][..., 0], truth, record["spacing"]
    return found


def _picture(arm, name, position, frame):
    image, truth, spacing = frame
    with np.load(arm.folders[_shown(arm)[0]] / worker.MASKS) as masks:
        prediction = cv2.imdecode(masks[str(position)], cv2.IMREAD_GRAYSCALE) > 0
    case = _first(arm)[position]
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
