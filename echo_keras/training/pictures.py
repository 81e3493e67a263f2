"""What a run shows of itself: a sheet of view pairs, and its curves."""

import math

import numpy as np

COLUMNS = 4
GAP = 4
LABELS = {
    "loss": "loss",
    "accuracy": "contrastive accuracy",
    "spread": "spread of directions",
    "alignment": "alignment",
    "uniformity": "uniformity",
}


def sheet(views, *, columns=COLUMNS):
    """Lay out pairs of views, the two of a pair side by side.

    Args:
        views: `(2, pairs, size, size, 1)` float in [0, 1].
        columns: Pairs in a row.

    Returns:
        `(height, width)` uint8 grey picture, white between the pairs.
    """
    first, second = np.asarray(views, np.float32)[..., 0]
    pairs = np.concatenate([first, second], axis=2)
    pairs = np.pad(pairs, ((0, 0), (0, GAP), (0, GAP)), constant_values=1.0)
    rows = math.ceil(len(pairs) / columns)
    missing = rows * columns - len(pairs)
    pairs = np.pad(pairs, ((0, missing), (0, 0), (0, 0)), constant_values=1.0)
    grid = pairs.reshape(rows, columns, *pairs.shape[1:]).swapaxes(1, 2)
    picture = grid.reshape(rows * pairs.shape[1], -1)[:-GAP, :-GAP]
    return np.round(255 * picture).astype(np.uint8)


def page(epochs, views, path, *, title):
    """Draw a run's curves above a sheet of its views.

    Args:
        epochs: Dict of name to a list of means, one for each epoch.
        views: As of `sheet`.
        path: PNG to write.
        title: What the run is.
    """
    from matplotlib import figure as canvas  # half a second to import

    figure = canvas.Figure(figsize=(12, 8), dpi=100, layout="constrained")
    figure.suptitle(title)
    upper, lower = figure.subfigures(2, 1, height_ratios=(2, 3))
    names = [name for name in LABELS if name in epochs]
    for axes, name in zip(upper.subplots(1, len(names)), names):
        means = epochs[name]
        style = "." if len(means) == 1 else "-"
        axes.plot(range(1, len(means) + 1), means, style)
        axes.set(title=LABELS[name], xlabel="epoch")
        axes.grid(alpha=0.3)
    axes = lower.subplots()
    axes.imshow(sheet(views), cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    axes.set_title("Pairs of views, as the first step sees them")
    figure.savefig(path)
