"""Two models on the same cases: what differs, and how sure that is."""

import sys

import numpy as np

from echo_keras import errors
from echo_keras.metrics import bootstrap, scores
from echo_keras.serving import written
from echo_keras.study import effects, tables, wording

NAMES = {
    "dice_per_image_mean": "Dice, mean of images",
    "dice_pooled": "Dice, pooled",
    "dice_pooled_per_batch_of_128": "Dice, pooled per batch of 128",
    "iou_per_image_mean": "IoU, mean of images",
    "hd95_per_image_mean": "HD95",
    "assd_per_image_mean": "ASSD",
}
_KEY = ("patient", "view", "phase", "frame")


def run(first, second, *, say):
    """Compare two models that were scored on the same cases.

    Args:
        first: JSON that `echo-keras evaluate` wrote.
        second: Another one, of the same cases.
        say: Called with the table for the user.

    Returns:
        Last line for the user: the difference in mean Dice and what it says.

    Raises:
        InputError: A file holds no scores, or the two hold other cases.
    """
    before, after = written.read(first), written.read(second)
    pair = paired(before["cases"], after["cases"], names=(first, second))
    figures = [*_figures(*pair), *_ejection(before, after)]
    rows = [
        [
            name,
            *(f"{value:.4f}" for value in both),
            f"{difference:+.4f}",
            told(interval),
        ]
        for name, both, difference, interval in figures
    ]
    header = ["", "first", "second", "second - first", "95 % interval"]
    say(tables.text(header, rows, terminal=sys.stdout.isatty()))
    _, _, difference, interval = figures[0]
    patients = len({case["patient"] for case in before["cases"]})
    said = wording.verdict(interval, unsure="not surely different")
    return (
        f"dice {difference:+.4f} ({told(interval)}): the second is {said} "
        f"on {len(pair[0])} images of {patients} patients"
    )


def paired(first, second, *, names):
    """Facts of the same cases in the same order.

    Args:
        first: Facts of the cases of one model.
        second: Facts of the cases of another.
        names: What to call the two in a sentence.

    Returns:
        Both, in the order of the first.

    Raises:
        InputError: The cases or their reference masks are not the same.
    """
    others = {_key(case): case for case in second}
    keys = [_key(case) for case in first]
    if set(keys) != set(others):
        odd = sorted(set(keys) ^ set(others), key=str)[0]
        raise errors.InputError(
            f"{names[0]} and {names[1]} hold other cases, such as "
            f"{' '.join(map(str, odd))} in one alone; score both on the same split"
        )
    matched = [others[key] for key in keys]
    for one, other in zip(first, matched):
        if one["truth_area"] != other["truth_area"]:
            raise errors.InputError(
                f"{names[0]} and {names[1]} were scored against other masks of "
                f"{one['patient']}; score both on the same records"
            )
    return first, matched


def told(interval):
    """An interval in words, such as `-0.0004 to +0.0099`."""
    return "{:+.4f} to {:+.4f}".format(*interval)


def _key(case):
    return tuple(case[name] for name in _KEY)


def _figures(first, second):
    """Rows of all cases, and of Dice at ED and at ES."""
    groups = {"": (first, second)}
    for phase in sorted({case["phase"] for case in first}):
        chosen = [case["phase"] == phase for case in first]
        groups[f" at {phase}"] = tuple(
            [case for case, take in zip(cases, chosen) if take]
            for cases in (first, second)
        )
    for ending, pair in groups.items():
        columns = [scores.columns(cases) for cases in pair]
        for figure, (difference, interval) in scores.differences(*pair).items():
            if ending and figure != "dice_per_image_mean":
                continue
            unit = ""
            if figure in scores.DISTANCES:
                unit = f" ({pair[0][0]['distance_unit']})"
            values = [scores.agreed(found[figure].sum(axis=0)) for found in columns]
            yield NAMES[figure] + unit + ending, values, difference, interval


def _ejection(before, after):
    """Rows of the mean error of the ejection fraction, where both models have one."""
    for reference in scores.REFERENCES:
        for method in before["ejection_fraction"]:
            apart = [
                effects.errors_of(scored["ejection_fractions"], method, reference)
                for scored in (before, after)
            ]
            patients = [
                name
                for name in sorted(apart[0].keys() & apart[1].keys())
                if all(found[name] is not None for found in apart)
            ]
            if patients:
                first, second = (
                    abs(np.array([found[name] for name in patients])) for found in apart
                )
                name = f"EF error, {method}, {wording.REFERENCES[reference]} (points, "
                name += f"{len(patients)} patients)"
                interval = bootstrap.mean_difference(second, first, patients)
                means = first.mean(), second.mean()
                yield name, means, means[1] - means[0], interval
