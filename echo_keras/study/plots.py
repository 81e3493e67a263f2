"""Plots of a report, as the bytes of PNG images."""

import io

from matplotlib import figure as canvas

INK = "#e8e8e8"
GROUND = "#16181c"
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
    figure, axes = _figure()
    for colour, (name, (x, y)) in zip(_colours(len(series)), series.items()):
        axes.plot(x, y, color=colour, label=name, linewidth=1.6)
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
    figure, axes = _figure()
    for colour, (name, scores) in zip(_colours(len(series)), series.items()):
        share = [100 * (i + 0.5) / len(scores) for i in range(len(scores))]
        axes.plot(share, sorted(scores), ".", color=colour, label=name, markersize=5)
    axes.set(xlabel="cases, worst to best (%)", ylabel=y_label, title=title)
    axes.legend(frameon=False, labelcolor=INK)
    return _png(figure)


def _colours(count):
    return [COLOURS[i % len(COLOURS)] for i in range(count)]


def _figure(width=5.2, height=3.2, panels=0):
    """A figure and its axes, or the list of them where there are panels."""
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
