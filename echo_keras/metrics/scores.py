"""What the measures of many images come to, and how two models differ in them.

Three aggregates of Dice have names that nobody confuses: `dice_per_image_mean`, where
every image counts alike; `dice_pooled`, over the pixels of all images together, where
large hearts count more; and `dice_pooled_per_batch_of_128`, pooled over batches of 128
images in the order of the records and averaged over the batches, as Saeed et al. 2022
(arXiv 2201.07219) report it.
"""

import numpy as np

from echo_keras.metrics import agreement, bootstrap

BATCH = 128
DICES = ("dice_per_image_mean", "dice_pooled", f"dice_pooled_per_batch_of_{BATCH}")
DISTANCES = ("hd95_per_image_mean", "assd_per_image_mean")
FIGURES = (*DICES, "iou_per_image_mean", *DISTANCES)
REFERENCES = ("recorded", "reference")
_USED = ("dice", "iou", "hd95", "assd", "area", "truth_area", "shared_area")


def summary(facts, *, draws=bootstrap.DRAWS):
    """Figures of several images, with intervals that draw whole patients.

    Args:
        facts: List of the `case.measures` of each image and its `patient`, in the order
            of the records.
        draws: Number of resamplings.

    Returns:
        Dict of `images`, `patients`, `missed` (images in which one mask alone is
        empty), `distance_unit`, and each of `FIGURES` with its 95 % interval as
        `FIGURE_interval`, `dice_per_image_mean` shortened to `dice_per_image`. Overlap
        lies in [0, 1]; distances are None where the images differ in their unit.
    """
    patients = [case["patient"] for case in facts]
    units = {case["distance_unit"] for case in facts}
    found = {
        "images": len(facts),
        "patients": len(set(patients)),
        "missed": sum(
            (case["area"] == 0) != (case["truth_area"] == 0) for case in facts
        ),
        "distance_unit": units.pop() if len(units) == 1 else "mixed",
    }
    for name, added in columns(facts).items():
        value, interval = bootstrap.estimate(added, patients, agreed, draws=draws)
        found[name] = value
        found[interval_name(name)] = interval
    if found["distance_unit"] == "mixed":
        found.update(dict.fromkeys([*DISTANCES, *map(interval_name, DISTANCES)]))
    return found


def interval_name(figure):
    """Key of a figure's interval, such as `dice_per_image_interval`."""
    return figure.removesuffix("_mean") + "_interval"


def ejection(rows, *, draws=bootstrap.DRAWS):
    """Agreement of the ejection fraction with what is recorded and the reference masks.

    Args:
        rows: List as of `case.ejection_fractions`.
        draws: Number of resamplings.

    Returns:
        Dict of method to a dict of `recorded` and `reference`, each None where no
        reference is known, or the figures of `agreement.agreement` with the number of
        `patients` and how many are `left_out` as a mask is empty; in points of percent.
    """
    methods = dict.fromkeys(row["method"] for row in rows)
    return {
        method: {
            name: _against(
                name, [row for row in rows if row["method"] == method], draws
            )
            for name in REFERENCES
        }
        for method in methods
    }


def differences(first, second, *, draws=bootstrap.DRAWS):
    """How a second model differs from a first on the same images.

    Args:
        first: Facts of the first model as for `summary`.
        second: Facts of the second, of the same images in the same order.
        draws: Number of resamplings.

    Returns:
        Dict of each of `FIGURES` to the second minus the first and its 95 % interval,
        for which both scores of a patient are drawn together; without the distances
        where the images differ in their unit.
    """
    patients = [case["patient"] for case in first]
    mixed = len({case["distance_unit"] for case in first}) > 1
    before, after = columns(first), columns(second)
    found = {}
    for name in FIGURES:
        if mixed and name in DISTANCES:
            continue
        width = before[name].shape[-1]

        def difference(sums, width=width):
            return agreed(sums[..., width:]) - agreed(sums[..., :width])

        added = np.concatenate([before[name], after[name]], axis=-1)
        found[name] = bootstrap.estimate(added, patients, difference, draws=draws)
    return found


def columns(facts):
    """What each image adds to the sums of every figure.

    Args:
        facts: As for `summary`.

    Returns:
        Dict of each of `FIGURES` to `(images, 2 n)` float64, numerators each before its
        denominator; `agreed` makes the figure of their sums.
    """
    table = {name: np.array([case[name] for case in facts], float) for name in _USED}
    shared, total = 2 * table["shared_area"], table["truth_area"] + table["area"]
    batches = np.zeros((len(facts), -(-len(facts) // BATCH), 2))
    number = np.arange(len(facts))
    batches[number, number // BATCH] = np.stack([shared, total], axis=-1)
    ones = np.ones(len(facts))
    return {
        "dice_per_image_mean": np.stack([table["dice"], ones], axis=-1),
        "dice_pooled": np.stack([shared, total], axis=-1),
        f"dice_pooled_per_batch_of_{BATCH}": batches.reshape(len(facts), -1),
        "iou_per_image_mean": np.stack([table["iou"], ones], axis=-1),
        "hd95_per_image_mean": np.stack([table["hd95"], ones], axis=-1),
        "assd_per_image_mean": np.stack([table["assd"], ones], axis=-1),
    }


def agreed(sums):
    """Figure of `(..., 2 n)` sums as of `columns`; where all masks are empty, 1."""
    return np.nan_to_num(bootstrap.mean_of_ratios(sums), nan=1.0)


def _against(name, rows, draws):
    known = [row for row in rows if row[name] is not None]
    if not known:
        return None
    whole = [row for row in known if row["predicted"] is not None]
    values = ([row[key] for row in whole] for key in ("predicted", name, "patient"))
    return {
        "patients": len(whole),
        "left_out": len(known) - len(whole),
        **agreement.agreement(*values, draws=draws),
    }
