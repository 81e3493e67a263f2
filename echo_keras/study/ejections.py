"""The tables of ejection fractions: how far from the reference, and how sure."""

import math

from echo_keras.metrics import case, scores
from echo_keras.study import effects, tables, wording

_HEADER = [
    "",
    "labels",
    "method",
    "MAE",
    "bias",
    "limits of agreement",
    "r",
    "patients",
]
_NOTE = (
    "Method of disks from the predicted masks, in points of percent. Bias is predicted "
    "minus reference; limits of agreement and correlation are means over the runs. "
    "Patients with an empty mask in some run are left out of MAE and bias and counted. "
    "Those whose predicted ejection fraction is below 0 in some run, as the mask grows "
    "towards ES, are counted but not left out, and one of them can move the means far."
)
_AGAIN = "Columns as in the table of ejection fractions above."
_PLANES = (
    " CAMUS records what two planes gave, of which these records hold one: in 449 "
    "hearts of CAMUS the reference masks of the four-chamber view alone lie 5.7 points "
    "above it."
)


def tabled(arms, *, synthetic=False):
    """How far ejection fractions lie from those recorded, and of the reference masks.

    Args:
        arms: List of `results.Arm`.
        synthetic: Whether the hearts are drawn, of which all planes are known.

    Returns:
        List of `tables.Table`, one for each of `scores.REFERENCES` that somebody has.
    """
    ranked = sorted(arms, key=lambda arm: -arm.fraction)
    found = []
    for reference in scores.REFERENCES:
        rows = [row for arm in ranked if (row := _row(arm, reference))]
        if rows:
            title = "Ejection fraction against the one " + wording.REFERENCES[reference]
            note = _AGAIN if found else _NOTE
            if reference == "recorded" and not synthetic and _lacks_a_plane(arms[0]):
                note += _PLANES
            found.append(tables.Table(title, note, _HEADER, rows))
    return found


def error(arm, reference):
    """Error of the ejection fractions of one arm by the best method that it has.

    Args:
        arm: `results.Arm`.
        reference: One of `scores.REFERENCES`.

    Returns:
        Dict as of `effects.ejection`, None where there is nothing to compare.
    """
    method = best_method(arm)
    if not method:
        return None
    runs = [run["ejection_fractions"] for run in arm.runs.values()]
    return effects.ejection(runs, method, reference)


def _row(arm, reference):
    """Cells of one arm, None where there is no ejection fraction to compare with."""
    found, method = error(arm, reference), best_method(arm)
    if not found:
        return None
    agreed = [run["ejection_fraction"][method][reference] for run in arm.runs.values()]
    limits = [_mean(agreed, f"{end}_limit") for end in ("lower", "upper")]
    correlation = _mean(agreed, "correlation")
    return [
        arm.title,
        wording.share(arm.fraction),
        method,
        _told(found["mae"]),
        _told(found["bias"], signed=True),
        "-" if None in limits else "{:+.1f} to {:+.1f}".format(*limits),
        "-" if correlation is None else f"{correlation:.2f}",
        f"{found['patients']} ({found['left_out']} left out, "
        f"{found['below_0']} below 0)",
    ]


def _told(effect, signed=False):
    return wording.told(effect, wording.distance, signed) if effect else "-"


def best_method(arm):
    """`biplane` where the records allow it, else a single plane, None without any."""
    methods = next(iter(arm.runs.values()))["ejection_fraction"]
    ranked = [name for name in (case.BIPLANE, "4CH", "2CH") if name in methods]
    return ranked[0] if ranked else None


def _lacks_a_plane(arm):
    """Whether one plane is set against what was recorded from two."""
    dataset = next(iter(arm.runs.values()))["dataset"]
    return dataset == "camus" and best_method(arm) == "4CH"


def _mean(agreed, name):
    values = [found and found[name] for found in agreed]  # None in older scores
    if any(value is None or math.isnan(value) for value in values):
        return None
    return sum(values) / len(values)
