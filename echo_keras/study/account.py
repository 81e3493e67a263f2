"""What a study found, as titled tables of text that a page or a file can hold."""

from echo_keras.data import schema
from echo_keras.study import effects, ejections, paper, tables, wording

MEAN = "dice_per_image_mean"
HAUSDORFF = "hd95_per_image_mean"
DATASETS = {"camus": "CAMUS", "echonet": "EchoNet-Dynamic"}


def tabled(arms, levels, differences, *, synthetic=False):
    """All tables of a study.

    Args:
        arms: List of `results.Arm`.
        levels: List as of `results.levels`.
        differences: List as of `results.differences`.
        synthetic: Whether the hearts are drawn, so that the paper's stand elsewhere.

    Returns:
        List of `tables.Table`, those without a row left out.
    """
    unit = next(iter(arms[0].runs.values()))["distance_unit"]
    found = [
        _levels(arms, levels, MEAN, "Dice, mean of images", wording.figure),
        _differences(differences),
        _phases(arms),
        _levels(
            arms, levels, HAUSDORFF, f"HD95 ({unit}), mean of images", wording.distance
        ),
        *ejections.tabled(arms, synthetic=synthetic),
        *([] if synthetic else [_paper(arms, levels)]),
    ]
    return [table for table in found if table.rows]


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
        for arm, cells in _by_arm(
            chosen, shares, lambda row: wording.told(row, write)
        ).items()
    ]
    return tables.Table(title, note, ["", *shares.values()], rows)


def _differences(differences):
    note = (
        "Paired by image, subset and seed, as Dice, mean of images. The first interval "
        "holds the runs as they were and draws patients; the second draws runs too and "
        "is the one to go by."
    )
    rows = [
        [
            compared(row),
            wording.share(row["fraction"]),
            wording.figure(row["value"], signed=True),
            " to ".join(wording.figure(end, signed=True) for end in row["patients"]),
            " to ".join(wording.figure(end, signed=True) for end in row["both"]),
            str(row["runs"]),
            verdict(row),
        ]
        for row in sorted(differences, key=lambda row: -row["fraction"])
        if row["figure"] == MEAN
    ]
    header = ["", "labels", "difference", "patients", "patients and runs", "runs", ""]
    return tables.Table(
        "Does it help to start or to train otherwise?", note, header, rows
    )


def _phases(arms):
    rows = []
    for arm in sorted(arms, key=lambda arm: -arm.fraction):
        by_phase = [
            [[one for one in run if one["phase"] == phase] for run in arm.facts()]
            for phase in schema.PHASES
        ]
        if all(map(all, by_phase)):
            cells = [
                wording.told(effects.level(runs, MEAN), wording.figure)
                for runs in by_phase
            ]
            rows.append([arm.title, wording.share(arm.fraction), *cells])
    note = "Mean over the runs; intervals draw patients and runs."
    header = ["", "labels", *schema.PHASES]
    return tables.Table("Dice at end-diastole and at end-systole", note, header, rows)


def verdict(effect):
    """What a difference in Dice says, and where it cannot."""
    if effect["runs"] < 2:
        return "one run: cannot say"
    return wording.verdict(effect["both"])


def compared(row):
    """What a row of `results.differences` compares, in words."""
    if row["recipe"] == row["than_recipe"]:
        return f"{row['recipe']}: {row['init']} minus {row['than_init']}"
    if row["init"] == row["than_init"]:
        return f"from {row['init']}: {row['recipe']} minus {row['than_recipe']}"
    other = f"{row['than_recipe']} from {row['than_init']}"
    return f"{row['recipe']} from {row['init']} minus {other}"


def _paper(arms, levels):
    """Our rows in the paper's own aggregate, and the paper's."""
    first = next(iter(arms[0].runs.values()))
    theirs = paper.TABLES.get(first["dataset"], {})
    chosen = [row for row in levels if row["figure"] == paper.AGGREGATE]
    mine = _by_arm(chosen, shares := _shares(chosen, paper.FRACTIONS), _plain)
    rows = [[f"ours: {arm}", *cells] for arm, cells in mine.items()]
    for name, values in theirs.items():
        known = dict(zip(paper.FRACTIONS, values))
        cells = [wording.figure(known[f]) if known.get(f) else "-" for f in shares]
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
    return tables.Table("Beside the paper, in its aggregate", note, heading, rows)


def _fractions(arms):
    """What the shares of a study are shares of."""
    units = sorted({f"{arm.fraction_by}s" for arm in arms}, reverse=True)
    return f"fractions of {' and of '.join(units)}"


def _plain(row):
    return wording.figure(row["value"])


def _shares(rows, others=()):
    """Dict of fraction to its heading, the largest first."""
    counts = _ends(rows, "labelled_patients")
    return {
        fraction: wording.share(fraction)
        + (f" ({counts[fraction]} patients)" if fraction in counts else "")
        for fraction in sorted({*counts, *others}, reverse=True)
    }


def _runs(rows):
    """Numbers of runs by fraction, such as `5 at 5 %, 2 to 3 at 100 %`."""
    ends = _ends(rows, "runs")
    return ", ".join(
        f"{count} at {wording.share(fraction)}" for fraction, count in ends.items()
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
