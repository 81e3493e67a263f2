"""All that is measured of one image, and of one patient's images together."""

import collections

import numpy as np

from echo_keras.metrics import clinical, overlap, surface

BIPLANE = "biplane"
_PLANES = ("4CH", "2CH")


def measures(truth, prediction, spacing=(0.0, 0.0)):
    """Measure a prediction against the reference mask of its image.

    Args:
        truth: `(H, W)` bool, the reference mask.
        prediction: `(H, W)` bool, the mask that a model gave.
        spacing: Height and width of a pixel in mm, 0 where unknown.

    Returns:
        Dict of JSON types, and the `clinical.disks` of both masks, the prediction
        first. The dict has `dice` and `iou` in [0, 1]; `hd95` and `assd` in
        `distance_unit`, which is `mm` or `pixels`; `area`, `truth_area` and
        `shared_area` in pixels; `area_cm2` and `truth_area_cm2`, None where the spacing
        is unknown.
    """
    distance_unit = surface.unit(spacing)
    known = distance_unit == surface.MILLIMETRES
    pixel = spacing[0] * spacing[1] / 100
    hausdorff, mean = surface.distances(truth, prediction, spacing)
    area, truth_area = int(prediction.sum()), int(truth.sum())
    found = {
        "dice": float(overlap.dice(truth, prediction)),
        "iou": float(overlap.iou(truth, prediction)),
        "hd95": hausdorff,
        "assd": mean,
        "distance_unit": distance_unit,
        "area": area,
        "truth_area": truth_area,
        "shared_area": int((truth & prediction).sum()),
        "area_cm2": area * pixel if known else None,
        "truth_area_cm2": truth_area * pixel if known else None,
    }
    planes = clinical.disks(prediction, spacing), clinical.disks(truth, spacing)
    return found, planes


def ejection_fractions(facts, planes):
    """Ejection fraction of every patient by the method of disks.

    Args:
        facts: List of dicts with `patient`, `view`, `phase` and the recorded
            `ejection_fraction` in percent, None where unknown, of each image.
        planes: List of the `clinical.disks` of prediction and reference of each image.

    Returns:
        List of dicts sorted by patient: `patient`; `method`, the view of a single plane
        or `biplane` where both views have both phases; `predicted` and `reference`, of
        the masks, and `recorded`, in percent, None where unknown or where a mask is
        empty.
    """
    beats = collections.defaultdict(dict)
    recorded = {}
    for case, pair in zip(facts, planes):
        beats[case["patient"], case["view"]][case["phase"]] = pair
        recorded[case["patient"]] = case["ejection_fraction"]
    return [
        {
            "patient": patient,
            "method": method,
            "predicted": _fraction(views, 0),
            "reference": _fraction(views, 1),
            "recorded": recorded[patient],
        }
        for patient in sorted(recorded)
        for method, views in _methods(patient, beats)
    ]


def _methods(patient, beats):
    """Names and beats of the methods that a patient's images allow."""
    whole = {
        view: beats[patient, view]
        for view in _PLANES
        if {"ED", "ES"} <= beats.get((patient, view), {}).keys()
    }
    yield from ((view, [beat]) for view, beat in whole.items())
    if len(whole) == len(_PLANES):
        yield BIPLANE, list(whole.values())


def _fraction(views, side):
    volumes = []
    for phase in ("ED", "ES"):
        planes = [beat[phase][side] for beat in views]
        empty = any(length == 0 for _, length in planes)
        volumes.append(0.0 if empty else clinical.volume(*planes))
    fraction = clinical.ejection_fraction(*volumes)
    return None if np.isnan(fraction) else fraction
