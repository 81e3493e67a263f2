"""The report of a study: plots, and one page that a clinician can read."""

import html

from echo_keras.metrics import bootstrap
from echo_keras.study import (
    account,
    ejections,
    gallery,
    legend,
    live,
    page,
    plots,
    wording,
)

BODY = page.TEMPLATE.with_name("study.html")


def draw(arms, levels, records):
    """Draw the plots of a study.

    Args:
        arms: List of `results.Arm`.
        levels: List as of `results.levels`.
        records: `grid.Records` that they were scored on.

    Returns:
        Dict of file name to the bytes of a PNG: `efficiency.png`, `cases.png`,
        `sheet.png` where masks are there, and `agreement.png` where ejection fractions
        are known.
    """
    best = [_best(arms, levels, fraction) for fraction in _fractions(arms)]
    largest = [arm for arm in arms if arm.fraction == _fractions(arms)[-1]]
    cases = {
        arm.title: [case["dice"] for case in arm.runs[min(arm.runs)]["cases"]]
        for arm in largest
    }
    found = {
        "efficiency.png": _efficiency(arms, levels),
        "cases.png": plots.cases(cases, y_label="Dice", title="Every image"),
    }
    if sheet := gallery.sheet(best, records):
        found["sheet.png"] = sheet
    if panels := _panels(best):
        title = "Ejection fraction, first run of the best row (Bland and Altman)"
        found["agreement.png"] = plots.differences(
            panels, unit="EF (points)", title=title
        )
    return found


def html_page(arms, levels, differences, tables, drawn, results, *, synthetic=False):
    """Build the page.

    Args:
        arms: List of `results.Arm`.
        levels: List as of `results.levels`.
        differences: List as of `results.differences`.
        tables: List of `tables.Table`.
        drawn: Dict as of `draw`.
        results: List of `grid.Result`, those that failed included.
        synthetic: Whether the hearts are drawn.

    Returns:
        The page, with everything in it.
    """
    compared = [row for row in differences if row["figure"] == account.MEAN]
    images = {
        name.partition(".")[0]: page.image(png, PICTURES[name])
        for name, png in drawn.items()
    }
    images = {"agreement": "", "sheet": "", **images}
    return page.fill(
        "how many labelled patients does it take?",
        BODY.read_text(),
        synthetic=_SYNTHETIC if synthetic else "",
        found=_found(arms, levels, compared, results),
        names=page.table(
            [], legend.rows([result.cell for result in results]), kind="words"
        ),
        draws=f"{bootstrap.DRAWS:,}",
        comparisons=str(len(compared)),
        tables="\n".join(map(_section, tables)),
        largest=wording.share(_fractions(arms)[-1]),
        method=_method(arms, results, synthetic),
        **images,
    )


_SENTENCES = 8  # of differences, beyond which only those that are shown are told
_SYNTHETIC = (
    "<p><b>These hearts are drawn by a computer.</b> What holds for them need not hold "
    "for people's.</p>"
)
PICTURES = {
    "efficiency.png": "Dice by number of labelled patients",
    "cases.png": "Dice of every image",
    "sheet.png": "Best, median and worst case at each fraction",
    "agreement.png": "Difference of ejection fractions by their mean",
}


def _fractions(arms):
    return sorted({arm.fraction for arm in arms})


def _best(arms, levels, fraction):
    """Arm with the highest Dice at a fraction."""
    values = {
        (row["recipe"], row["init"]): row["value"]
        for row in levels
        if row["figure"] == account.MEAN and row["fraction"] == fraction
    }
    theirs = [arm for arm in arms if arm.fraction == fraction]
    return max(theirs, key=lambda arm: values[arm.recipe_name, arm.init_name])


def _efficiency(arms, levels):
    runs = {
        (arm.recipe_name, arm.init_name, arm.fraction): [
            run[account.MEAN] for run in arm.runs.values()
        ]
        for arm in arms
    }
    lines = {}
    for row in levels:
        if row["figure"] != account.MEAN:
            continue
        name = f"{row['recipe']} from {row['init']}"
        low, high = row["both"]
        point = {
            "patients": row["labelled_patients"],
            "share": wording.share(row["fraction"]),
            "value": row["value"],
        }
        each = runs[row["recipe"], row["init"], row["fraction"]]
        lines.setdefault(name, []).append(
            {**point, "low": low, "high": high, "runs": each}
        )
    return plots.efficiency(
        lines,
        y_label="Dice, mean of images",
        title="Bars: 95 % interval over patients and runs; small dots: single runs",
    )


def _panels(arms):
    """Predicted and recorded ejection fractions, of the reference masks if unknown."""
    panels = {}
    for arm in arms:
        rows = arm.runs[min(arm.runs)]["ejection_fractions"]
        rows = [row for row in rows if row["method"] == ejections.best_method(arm)]
        for reference in ("recorded", "reference"):
            pairs = [
                (row["predicted"], row[reference])
                for row in rows
                if row["predicted"] is not None and row[reference] is not None
            ]
            if pairs:
                panels[f"{wording.share(arm.fraction)}, {arm.title}"] = tuple(
                    zip(*pairs)
                )
                break
    return panels


def _found(arms, levels, compared, results):
    """Sentences: what is missing, how good it gets, what each difference says."""
    sentences = []
    failed = sum(result.dice is None for result in results)
    if failed:
        sentences.append(
            f"{failed} of {len(results)} runs failed and are in no figure here; their "
            "reasons stand at the end."
        )
    for fraction in reversed(_fractions(arms)):
        arm = _best(arms, levels, fraction)
        found = {
            row["figure"]: row
            for row in levels
            if (row["recipe"], row["init"]) == (arm.recipe_name, arm.init_name)
            and row["fraction"] == fraction
        }
        text = (
            f"With {arm.patients} labelled patients ({wording.share(fraction)}) the "
            f"best row, {arm.title}, reaches a Dice of "
            f"{wording.told(found[account.MEAN], wording.figure)}"
        )
        if account.HAUSDORFF in found:
            unit = next(iter(arm.runs.values()))["distance_unit"]
            far = wording.told(found[account.HAUSDORFF], wording.distance)
            text += f" and an HD95 of {far} {unit}"
        sentences.append(f"{text}.{_ejection(arm)}")
    told = [row for row in compared if account.verdict(row) in ("better", "worse")]
    if len(compared) <= _SENTENCES:
        told = compared
    sentences += [_said(row) for row in told]
    if len(told) < len(compared):
        sentences.append(
            f"In {len(compared) - len(told)} of {len(compared)} comparisons a "
            "difference is not shown; the table below has them all."
        )
    items = "".join(f"<li>{html.escape(text)}</li>" for text in sentences)
    return f"<ul>{items}</ul>"


def _ejection(arm):
    """Sentence on how far ejection fractions lie from those of the reference masks."""
    found = ejections.error(arm, "reference")
    if not found or not found["patients"]:
        return ""
    bias = found["bias"]["value"]
    return (
        " The ejection fraction in its masks misses that in the reference masks by "
        f"{found['mae']['value']:.1f} points; on average it lies "
        f"{abs(bias):.1f} points {'below' if bias < 0 else 'above'} it."
    )


def _said(row):
    low, high = (wording.figure(end, signed=True) for end in row["both"])
    where = f"with {row['labelled_patients']} labelled patients"
    if row["recipe"] == row["than_recipe"]:
        names = (
            f"Starting {row['recipe']} from {row['init']} instead of {row['than_init']}"
        )
    elif row["init"] == row["than_init"]:
        names = f"Training by {row['recipe']} instead of {row['than_recipe']}"
        names += f" from {row['init']}"
    else:
        names = f"Training by {row['recipe']} from {row['init']} instead of "
        names += f"{row['than_recipe']} from {row['than_init']}"
    change = wording.figure(row["value"], signed=True)
    verdict = {
        "better": "it helps",
        "worse": "it does harm",
        "not shown": "a difference is not shown",
        "one run: cannot say": "one run each cannot say more",
    }[account.verdict(row)]
    return f"{names} {where}: Dice {change} ({low} to {high}); {verdict}."


def _section(table):
    rows = page.table(table.header, table.rows)
    title, note = html.escape(table.title), html.escape(table.note)
    return f'<section><h2>{title}</h2><p class="note">{note}</p>{rows}</section>'


def _method(arms, results, synthetic):
    first = next(iter(arms[0].runs.values()))
    failed = [result for result in results if result.dice is None]
    seconds = sum(result.seconds for result in results)
    dataset = account.DATASETS.get(first["dataset"], first["dataset"])
    if synthetic:
        dataset = f"synthetic hearts in the files of {dataset}"
    text = (
        f"{len(results)} runs, which took {live.clock(seconds)} (h:mm:ss) in sum, "
        "pretraining apart, each trained in a process of its own and scored on "
        f"{first['images']} images of "
        f"{first['patients']} patients in the {first['split']} split of {dataset}, at "
        "the images' own size. A small share of the labels lies inside every "
        "larger one. Recipes and scores of every run stand in cells/, with masks and "
        "logs where it ran here; results.csv has a row for each."
    )
    kinds = sorted({found.precision for found in results if found.precision})
    if len(kinds) > 1:
        text += (
            f" Some runs were trained in {' and some in '.join(kinds)}, which is part "
            "of what differs between them."
        )
    lines = [f"<p>{html.escape(text)}</p>"]
    if failed:
        rows = [(result.cell.title, result.reason) for result in failed]
        lines.append(f"<h3>{len(failed)} runs failed and are in no table</h3>")
        lines.append(page.table(["run", "reason"], rows, kind="commands"))
    return "\n".join(lines)
