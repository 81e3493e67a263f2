"""Intervals of scores by resampling patients, since frames of one heart are alike.

A patient is drawn with all of their frames, so that the interval tells how the score
would move on other patients and not on other frames of the same ones. Every figure here
is made of sums over images, so a draw is one product of matrices.
"""

import functools

import numpy as np

CONFIDENCE = 0.95
DRAWS = 10_000
_DRAWS_AT_ONCE = 1_000


def estimate(columns, patients, figure, *, seed=0, draws=DRAWS):
    """A figure and its interval.

    Args:
        columns: `(images, k)` what each image adds to the sums of the figure.
        patients: `(images,)` name of the patient of each image.
        figure: Function from `(..., k)` sums to `(...)` figures, NaN where undefined.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        The figure, and the lower and upper end of its 95 % percentile interval over
        the draws that define it; all NaN where none does.

    Source: Field and Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x
    """
    columns = np.asarray(columns, float)
    found = figure(columns.sum(axis=0))
    drawn = figure(resampled(columns, patients, seed=seed, draws=draws))
    return float(found), interval(drawn)


def resampled(columns, patients, *, seed=0, draws=DRAWS):
    """Sums over the images of patients who are drawn with replacement.

    Args:
        columns: `(images, k)` what each image adds to the sums.
        patients: `(images,)` name of the patient of each image.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        `(draws, k)` float64.
    """
    columns = np.asarray(columns, float)
    names, cluster = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), columns.shape[-1]))
    np.add.at(sums, cluster, columns)
    return np.concatenate([times @ sums for times in _times(len(names), seed, draws)])


def interval(drawn):
    """95 % percentile interval of `(draws,)` figures, of those that are not NaN."""
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def mean(values, patients, *, seed=0, draws=DRAWS):
    """Interval of the mean over images.

    Args:
        values: `(images,)` score of each image.
        patients: `(images,)` name of the patient of each image.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        Lower and upper end of the 95 % percentile interval.
    """
    return ratio(values, np.ones(len(values)), patients, seed=seed, draws=draws)


def ratio(numerators, denominators, patients, *, seed=0, draws=DRAWS):
    """Interval of a pooled ratio: the sum of one count over the sum of another.

    Pooled Dice is such a ratio, of twice the shared pixels to the pixels of both masks.

    Args:
        numerators: `(images,)` contribution of each image to the numerator.
        denominators: `(images,)` contribution to the denominator, not negative and
            not all zero.
        patients: `(images,)` name of the patient of each image.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        Lower and upper end of the 95 % percentile interval, over the draws whose
        denominators are not all zero.
    """
    columns = np.stack([numerators, denominators], axis=-1)
    return estimate(columns, patients, mean_of_ratios, seed=seed, draws=draws)[1]


def mean_difference(first, second, patients, *, seed=0, draws=DRAWS):
    """Interval of the difference of two means over the same images, first minus second.

    Both scores of an image are drawn together, so that what is hard for both models
    cancels; an interval without 0 says that they differ.

    Args:
        first: `(images,)` score of each image by one model.
        second: `(images,)` score of the same images by another model.
        patients: `(images,)` name of the patient of each image.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        Lower and upper end of the 95 % percentile interval.
    """
    difference = np.asarray(first, float) - np.asarray(second, float)
    return mean(difference, patients, seed=seed, draws=draws)


def mean_of_ratios(sums):
    """Mean of the ratios of neighbouring sums, of those above 0.

    Args:
        sums: `(..., 2 n)` numerators, each before its denominator.

    Returns:
        `(...)` float64, NaN where every denominator is 0. One pair makes a mean or a
        pooled score, several a mean over batches.
    """
    above, below = sums[..., 0::2], sums[..., 1::2]
    defined = below > 0
    ratios = np.divide(above, below, out=np.zeros_like(above), where=defined)
    count = defined.sum(axis=-1)
    nothing = np.full(count.shape, np.nan)
    return np.divide(ratios.sum(axis=-1), count, out=nothing, where=count > 0)


@functools.lru_cache(maxsize=4)
def _times(patients, seed, draws):
    """How often each patient is drawn: arrays of `(draws, patients)`, cut into parts.

    Kept, as every figure of a run is drawn from the same patients.
    """
    generator = np.random.default_rng(seed)
    even = np.full(patients, 1 / patients)
    parts = [
        min(_DRAWS_AT_ONCE, draws - done) for done in range(0, draws, _DRAWS_AT_ONCE)
    ]
    return [
        generator.multinomial(patients, even, size=part).astype(np.float32)
        for part in parts
    ]
