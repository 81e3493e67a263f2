"""Agreement of a measurement with its reference, as Bland and Altman describe it."""

import numpy as np

from echo_keras.metrics import bootstrap

FIGURES = ("mae", "bias", "lower_limit", "upper_limit", "correlation")
_LIMIT = 1.96  # standard deviations that hold 95 % of a normal law
_TRACE = 1e-12  # of a sum of squares, which rounding may leave of no variance


def agreement(measured, reference, patients, *, seed=0, draws=bootstrap.DRAWS):
    """How well a measurement of several patients agrees with its reference.

    Args:
        measured: `(n,)` values, of which there may be none.
        reference: `(n,)` values that they should have.
        patients: `(n,)` name of the patient of each.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        Dict of figure to a float, NaN where undefined: `mae`, the mean absolute
        difference; `bias`, the mean of measured minus reference; `lower_limit` and
        `upper_limit` of agreement, 1.96 standard deviations of the differences around
        the bias; `correlation`, Pearson's; and of each the 95 % interval as
        `FIGURE_interval`.

    Source: Bland and Altman 1986, https://doi.org/10.1016/S0140-6736(86)90837-8
    """
    x, y = np.asarray(measured, float), np.asarray(reference, float)
    if not x.size:
        intervals = {f"{name}_interval": (np.nan, np.nan) for name in FIGURES}
        return {**dict.fromkeys(FIGURES, np.nan), **intervals}
    columns = np.stack(
        [np.ones_like(x), abs(x - y), x - y, (x - y) ** 2, x, y, x * x, y * y, x * y],
        axis=-1,
    )
    whole = _figures(columns.sum(axis=0))
    drawn = _figures(bootstrap.resampled(columns, patients, seed=seed, draws=draws))
    found = {}
    for name in FIGURES:
        found[name] = float(whole[name])
        found[f"{name}_interval"] = bootstrap.interval(drawn[name])
    return found


def _figures(sums):
    """Figures of `(..., 9)` sums over patients."""
    count, away, apart, apart_squared, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    bias = apart / count
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((apart_squared - count * bias**2).clip(0) / (count - 1))
        covariance = xy - x * y / count
        x_varies, y_varies = xx - x * x / count, yy - y * y / count
        correlation = covariance / np.sqrt(x_varies.clip(0) * y_varies.clip(0))
    same = (x_varies <= _TRACE * xx) | (y_varies <= _TRACE * yy)
    return {
        "mae": away / count,
        "bias": bias,
        "lower_limit": bias - _LIMIT * spread,
        "upper_limit": bias + _LIMIT * spread,
        "correlation": np.where(same, np.nan, correlation),
    }
