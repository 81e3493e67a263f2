"""Plots of a report, as the bytes of PNG images."""

import io

import numpy as np
from matplotlib import figure as canvas

INK = "#e8e8e8"
GROUND = "#16181c"
STROKES = ("-", "--", ":")
DOTS = (".", "x", "+")
_NAMES_INSIDE, _WIDTH_OF_NAMES = 3, 2.4
_LINES_APART, _ROOM = 1.035, 1.2  # factors of the number of patients
COLOURS = ("#8ab4f8", "#f6a53c", "#7bd88f", "#e06c9f", "#c3a6ff", "#5fd3d3")


def curves(series, *, x_label, y_label, title):
    """Plot named curves over training.

    Args:
        series: Dict of name to a pair of equally long lists, x and y.
        x_label: Label of the x axis, with its unit.
        y_label: Label of the y axis, with its unit.
        title: Title of the plot.

    Returns:
        Bytes of a PNG.
    """
    figure, axes = blank()
    for number, (name, (x, y)) in enumerate(series.items()):
        colour, stroke = _told_apart(number, STROKES)
        style = {"color": colour, "linestyle": stroke, "linewidth": 1.6}
        axes.plot(x, y, label=name, **style)
    axes.set(xlabel=x_label, ylabel=y_label, title=title)
    axes.legend(frameon=False, labelcolor=INK)
    return _png(figure)


def cases(series, *, y_label, title):
    """Plot the score of every case, one column of dots a model, sorted within it.

    Args:
        series: Dict of name to a list of scores in [0, 1].
        y_label: Label of the y axis.
        title: Title of the plot.

    Returns:
        Bytes of a PNG.
    """
    figure, axes = blank()
    for number, (name, scores) in enumerate(series.items()):
        colour, dot = _told_apart(number, DOTS)
        share = [100 * (i + 0.5) / len(scores) for i in range(len(scores))]
        style = {"color": colour, "marker": dot, "linestyle": ""}
        axes.plot(share, sorted(scores), label=name, markersize=5, **style)
    axes.set(xlabel="cases, worst to best (%)", ylabel=y_label, title=title)
    _name(axes, series)
    return _png(figure)


def efficiency(lines, *, y_label, title):
    """Plot a score against the number of labelled patients, with intervals.

    Args:
        lines: Dict of name to a list of points, each a dict of `patients`, the `share`
            that they are in words, `value`, `low`, `high` and the values of single
            `runs`.
        y_label: Label of the y axis.
        title: Title of the plot.

    Returns:
        Bytes of a PNG.
    """
    figure, axes = blank(width=8.0, height=4.6)
    for number, (name, points) in enumerate(lines.items()):
        # side by side, or else intervals hide each other
        aside = _LINES_APART ** (number - (len(lines) - 1) / 2)
        x = [aside * point["patients"] for point in points]
        y = [point["value"] for point in points]
        ends = [[p["value"] - p["low"] for p in points]]
        ends += [[p["high"] - p["value"] for p in points]]
        colour, stroke = _told_apart(number, STROKES)
        style = {"color": colour, "linestyle": stroke}
        axes.errorbar(x, y, yerr=ends, marker="o", capsize=3, label=name, **style)
        for place, point in zip(x, points):
            runs = point["runs"]
            dots = [place * 1.012] * len(runs)
            axes.plot(dots, runs, ".", color=style["color"], markersize=4, alpha=0.7)
    shares = {p["patients"]: p["share"] for points in lines.values() for p in points}
    axes.set_xscale("log")
    room = _ROOM * _LINES_APART ** (len(lines) / 2)
    axes.set_xlim(min(shares) / room, max(shares) * room)
    axes.set_xticks(list(shares), [f"{n}\n({text})" for n, text in shares.items()])
    axes.minorticks_off()
    axes.set(xlabel="labelled patients", ylabel=y_label, title=title)
    _name(axes, lines)
    return _png(figure)


def differences(panels, *, unit, title):
    """Plot differences against means, as Bland and Altman do, with bias and limits.

    The line at 0 is where both agree; the solid line is the bias, and 95 % of the
    differences lie between the broken ones.

    Args:
        panels: Dict of title to a pair of equally long lists, measured and reference.
        unit: What is measured, with its unit.
        title: Title of the plot.

    Returns:
        Bytes of a PNG.
    """
    figure, axes = blank(width=3.6 * len(panels) + 0.6, height=3.6, panels=len(panels))
    axes[0].set_ylabel(f"predicted - reference, {unit}")
    for plot, (name, (measured, reference)) in zip(axes, panels.items()):
        measured, reference = np.asarray(measured), np.asarray(reference)
        apart = measured - reference
        plot.plot(
            (measured + reference) / 2, apart, ".", color=COLOURS[0], markersize=6
        )
        bias, spread = apart.mean(), apart.std(ddof=1) if len(apart) > 1 else 0.0
        for level, line in ((bias, "-"), (bias - 1.96 * spread, "--")):
            plot.axhline(level, color=COLOURS[1], linestyle=line, linewidth=1.2)
        plot.axhline(
            bias + 1.96 * spread, color=COLOURS[1], linestyle="--", linewidth=1.2
        )
        plot.axhline(0.0, color=INK, linewidth=0.8)
        plot.set(title=name, xlabel=f"mean of both, {unit}")
        plot.sharey(axes[0])
    axes[0].autoscale()
    figure.suptitle(title, color=INK)
    return _png(figure)


def gallery(rows, *, title):
    """Lay pictures out in titled rows.

    Args:
        rows: Dict of the row's name to a list of pairs of a `(H, W, 3)` uint8 picture
            and its caption.
        title: Title of the sheet.

    Returns:
        Bytes of a PNG.
    """
    columns = max(map(len, rows.values()))
    size = {"figsize": (2.9 * columns, 3.3 * len(rows) + 0.5), "dpi": 110}
    figure = canvas.Figure(**size, layout="constrained", facecolor=GROUND)
    plots = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, pictures) in zip(plots, rows.items()):
        for plot in line:
            plot.axis("off")
        for number, (plot, (picture, caption)) in enumerate(zip(line, pictures)):
            plot.imshow(picture)
            heading = f"{name}\n{caption}" if number == 0 else f"\n{caption}"
            plot.set_title(heading, color=INK, fontsize=9, loc="left")
    figure.suptitle(title, color=INK, fontsize=12)
    return _png(figure)


def _told_apart(number, marks):
    """Colour and mark of a series: the next mark when the colours are used up."""
    return COLOURS[number % len(COLOURS)], marks[number // len(COLOURS) % len(marks)]


def _name(axes, series):
    """Draw the legend, beside the plot where it would hide what is plotted."""
    place = {}
    if len(series) > _NAMES_INSIDE:
        axes.figure.set_figwidth(axes.figure.get_figwidth() + _WIDTH_OF_NAMES)
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    axes.legend(frameon=False, labelcolor=INK, **place)


def blank(width=5.2, height=3.2, panels=0):
    """Make a figure in the colours of these plots.

    Args:
        width: Inches.
        height: Inches.
        panels: How many axes stand side by side, 0 for one that is not in a list.

    Returns:
        `matplotlib.figure.Figure` and its axes, or the list of them.
    """
    figure = canvas.Figure(figsize=(width, height), dpi=110, layout="tight")
    every = figure.subplots(1, panels or 1, squeeze=False)[0]
    figure.set_facecolor(GROUND)
    for axes in every:
        axes.set_facecolor(GROUND)
        axes.tick_params(colors=INK)
        axes.grid(color="#333840", linewidth=0.6)
        for part in (axes.xaxis.label, axes.yaxis.label, axes.title):
            part.set_color(INK)
        for side in axes.spines.values():
            side.set_color("#555b66")
    return figure, every if panels else every[0]


def _png(figure):
    encoded = io.BytesIO()
    figure.savefig(encoded, format="png", facecolor=figure.get_facecolor())
    return encoded.getvalue()
