"""What a study found, as titled tables of text that a page or a file can hold."""

from __future__ import annotations

import math
from typing import NamedTuple

from echo_keras.data import schema
from echo_keras.metrics import case, scores
from echo_keras.study import effects, paper

MEAN = "dice_per_image_mean"
HAUSDORFF = "hd95_per_image_mean"
DATASETS = {"camus": "CAMUS", "echonet": "EchoNet-Dynamic"}
_PLANES = (
    " CAMUS records what two planes gave, of which these records hold one: in 449 "
    "hearts of CAMUS the reference masks of the four-chamber view alone lie 5.7 points "
    "above it."
)


class Table(NamedTuple):
    """A table and what to know about it.

    Attributes:
        title: Its title.
        note: A paragraph.
        header: Heading of each column.
        rows: Cells of each row, as long as the header.
    """

    title: str
    note: str
    header: list
    rows: list


def tables(arms, levels, differences, *, synthetic=False):
    """All tables of a study.

    Args:
        arms: List of `results.Arm`.
        levels: List as of `results.levels`.
        differences: List as of `results.differences`.
        synthetic: Whether the hearts are drawn, so that the paper's stand elsewhere.

    Returns:
        List of `Table`, those without a row left out.
    """
    unit = next(iter(arms[0].runs.values()))["distance_unit"]
    found = [
        _levels(arms, levels, MEAN, "Dice, mean of images", figure),
        _differences(differences),
        _phases(arms),
        _levels(arms, levels, HAUSDORFF, f"HD95 ({unit}), mean of images", distance),
        *(
            _ejection(arms, reference, synthetic=synthetic)
            for reference in scores.REFERENCES
        ),
        *([] if synthetic else [_paper(arms, levels)]),
    ]
    return [table for table in found if table.rows]


def markdown(found):
    """Write tables as Markdown."""
    parts = []
    for table in found:
        rule = ["---"] * len(table.header)
        lines = [f"| {' | '.join(row)} |" for row in (table.header, rule, *table.rows)]
        parts.append("\n".join([f"## {table.title}", "", table.note, "", *lines, ""]))
    return "\n".join(parts)


def figure(value, signed=False):
    """A share in the field's way, such as `.9123` or `+.0044`."""
    text = f"{value:+.4f}" if signed else f"{value:.4f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def distance(value, signed=False):
    """A distance or an error, such as `5.20`."""
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def share(fraction):
    """A fraction in words, such as `5 %`."""
    return f"{100 * fraction:.3g} %"


def told(effect, write, signed=False):
    """A value with the interval that draws patients and runs."""
    low, high = (write(end, signed) for end in effect["both"])
    return f"{write(effect['value'], signed)} ({low} to {high})"


def _levels(arms, levels, name, title, write):
    chosen = [row for row in levels if row["figure"] == name]
    note = (
        "Mean over the runs; in brackets the 95 % interval that draws patients and "
        f"runs anew. Columns are {_fractions(arms)} and how many patients are labelled."
    )
    note += f" Runs of each: {_runs(chosen)}."
    shares = _shares(chosen)
    rows = [
        [arm, *cells]
        for arm, cells in _by_arm(chosen, shares, lambda row: told(row, write)).items()
    ]
    return Table(title, note, ["", *shares.values()], rows)


def _differences(differences):
    note = (
        "Paired by image, subset and seed, as Dice, mean of images. The first interval "
        "holds the runs as they were and draws patients; the second draws runs too and "
        "is the one to go by."
    )
    rows = [
        [
            compared(row),
            share(row["fraction"]),
            figure(row["value"], signed=True),
            " to ".join(figure(end, signed=True) for end in row["patients"]),
            " to ".join(figure(end, signed=True) for end in row["both"]),
            str(row["runs"]),
            verdict(row),
        ]
        for row in sorted(differences, key=lambda row: -row["fraction"])
        if row["figure"] == MEAN
    ]
    header = ["", "labels", "difference", "patients", "patients and runs", "runs", ""]
    return Table("Does it help to start or to train otherwise?", note, header, rows)


def _phases(arms):
    rows = []
    for arm in sorted(arms, key=lambda arm: -arm.fraction):
        by_phase = [
            [[one for one in run if one["phase"] == phase] for run in arm.facts()]
            for phase in schema.PHASES
        ]
        if all(map(all, by_phase)):
            cells = [told(effects.level(runs, MEAN), figure) for runs in by_phase]
            rows.append([arm.title, share(arm.fraction), *cells])
    note = "Mean over the runs; intervals draw patients and runs."
    header = ["", "labels", *schema.PHASES]
    return Table("Dice at end-diastole and at end-systole", note, header, rows)


def compared(row):
    """What a row of `results.differences` compares, in words."""
    if row["recipe"] == row["than_recipe"]:
        return f"{row['recipe']}: {row['init']} minus {row['than_init']}"
    if row["init"] == row["than_init"]:
        return f"from {row['init']}: {row['recipe']} minus {row['than_recipe']}"
    other = f"{row['than_recipe']} from {row['than_init']}"
    return f"{row['recipe']} from {row['init']} minus {other}"


def verdict(effect):
    """What a difference in Dice says, and where it cannot."""
    low, high = effect["both"]
    if effect["runs"] < 2:
        return "one run: cannot say"
    return "better" if low > 0 else "worse" if high < 0 else "not shown"


def _ejection(arms, reference, *, synthetic):
    against = {"recorded": "as recorded", "reference": "of the reference masks"}
    note = (
        "Method of disks from the predicted masks, in points of percent, against the "
        f"ejection fraction {against[reference]}. Bias is predicted minus reference; "
        "limits of agreement and correlation are means over the runs. Patients with an "
        "empty mask in some run are left out of MAE and bias and counted. So are those "
        "whose predicted ejection fraction is below 0 in some run, as the mask grows "
        "towards ES; they are not left out, and one of them can move the means far."
    )
    rows = []
    if reference == "recorded" and not synthetic and _lacks_a_plane(arms[0]):
        note += _PLANES
    for arm in sorted(arms, key=lambda arm: -arm.fraction):
        method = best_method(arm)
        runs = [run["ejection_fractions"] for run in arm.runs.values()]
        found = method and effects.ejection(runs, method, reference)
        agreed = [
            run["ejection_fraction"][method][reference]
            for run in arm.runs.values()
            if method
        ]
        if not found or None in agreed:
            continue
        limits = [_mean(agreed, f"{end}_limit") for end in ("lower", "upper")]
        correlation = _mean(agreed, "correlation")
        rows.append(
            [
                arm.title,
                share(arm.fraction),
                method,
                told(found["mae"], distance),
                told(found["bias"], distance, signed=True),
                "-" if None in limits else "{:+.1f} to {:+.1f}".format(*limits),
                "-" if correlation is None else f"{correlation:.2f}",
                f"{found['patients']} ({found['left_out']} left out, "
                f"{found['below_0']} below 0)",
            ]
        )
    header = ["", "labels", "method", "MAE", "bias", "limits of agreement", "r"]
    title = f"Ejection fraction against the one {against[reference]}"
    return Table(title, note, [*header, "patients"], rows)


def _lacks_a_plane(arm):
    """Whether one plane is set against what was recorded from two."""
    dataset = next(iter(arm.runs.values()))["dataset"]
    return dataset == "camus" and best_method(arm) == "4CH"


def best_method(arm):
    """`biplane` where the records allow it, else a single plane, None without any."""
    methods = next(iter(arm.runs.values()))["ejection_fraction"]
    ranked = [name for name in (case.BIPLANE, "4CH", "2CH") if name in methods]
    return ranked[0] if ranked else None


def _mean(agreed, name):
    values = [found[name] for found in agreed]
    if any(value is None or math.isnan(value) for value in values):
        return None
    return sum(values) / len(values)


def _paper(arms, levels):
    """Our rows in the paper's own aggregate, and the paper's."""
    first = next(iter(arms[0].runs.values()))
    theirs = paper.TABLES.get(first["dataset"], {})
    chosen = [row for row in levels if row["figure"] == paper.AGGREGATE]
    mine = _by_arm(chosen, shares := _shares(chosen, paper.FRACTIONS), _plain)
    rows = [[f"ours: {arm}", *cells] for arm, cells in mine.items()]
    for name, values in theirs.items():
        known = dict(zip(paper.FRACTIONS, values))
        cells = [figure(known[f]) if known.get(f) else "-" for f in shares]
        rows.append([f"paper: {name}", *cells])
    note = (
        "Every row here is pooled over batches of 128 images and averaged over the "
        "batches, as the paper does it, and so comparable with no other table of this "
        "study. The paper (Saeed et al. 2022, arXiv 2201.07219) used its own split of "
        f"{DATASETS.get(first['dataset'], first['dataset'])}, one run, frames of "
        f"224x224 pixels and fractions of images; ours are {_fractions(arms)}, means "
        f"over runs, at the frames' own size, on the {first['split']} split."
    )
    heading = ["", *shares.values()]
    return Table("Beside the paper, in its aggregate", note, heading, rows)


def _fractions(arms):
    """What the shares of a study are shares of."""
    units = sorted({f"{arm.fraction_by}s" for arm in arms}, reverse=True)
    return f"fractions of {' and of '.join(units)}"


def _plain(row):
    return figure(row["value"])


def _shares(rows, others=()):
    """Dict of fraction to its heading, the largest first."""
    counts = _ends(rows, "labelled_patients")
    return {
        fraction: share(fraction)
        + (f" ({counts[fraction]} patients)" if fraction in counts else "")
        for fraction in sorted({*counts, *others}, reverse=True)
    }


def _runs(rows):
    """Numbers of runs by fraction, such as `5 at 5 %, 2 to 3 at 100 %`."""
    ends = _ends(rows, "runs")
    return ", ".join(
        f"{count} at {share(fraction)}" for fraction, count in ends.items()
    )


def _ends(rows, key):
    """Dict of fraction to the smallest and largest of a count, such as `2 to 3`."""
    counts = {}
    for row in rows:
        counts.setdefault(row["fraction"], set()).add(row[key])
    return {
        fraction: " to ".join(map(str, sorted({min(found), max(found)})))
        for fraction, found in counts.items()
    }


def _by_arm(rows, shares, write):
    """Dict of arm to a cell for each fraction, `-` where it has none."""
    found = {}
    for row in rows:
        arm = f"{row['recipe']} from {row['init']}"
        found.setdefault(arm, {})[row["fraction"]] = write(row)
    return {arm: [cells.get(f, "-") for f in shares] for arm, cells in found.items()}
