"""Intervals of scores by resampling patients, since frames of one heart are alike.

A patient is drawn with all of their frames, so that the interval tells how the score
would move on other patients and not on other frames of the same ones.
"""

import numpy as np

CONFIDENCE = 0.95
DRAWS = 10_000


def mean(values, patients, *, seed=0, draws=DRAWS):
    """Interval of the mean over images.

    Args:
        values: `(images,)` score of each image.
        patients: `(images,)` name of the patient of each image.
        seed: Seed of the resampling.
        draws: Number of resamplings.

    Returns:
        Lower and upper end of the 95 % percentile interval.

    Source: Field and Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x
    """
    values = np.asarray(values, float)
    return ratio(values, np.ones_like(values), patients, seed=seed, draws=draws)


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
    counts = np.stack([numerators, denominators], axis=-1)
    above, below = np.moveaxis(_resampled(counts, patients, seed, draws), -1, 0)
    return _interval(above[below > 0] / below[below > 0])


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


def _resampled(counts, patients, seed, draws):
    names, cluster = np.unique(patients, return_inverse=True)
    sums = np.zeros((len(names), counts.shape[-1]))
    np.add.at(sums, cluster, counts)
    generator = np.random.default_rng(seed)
    even = np.full(len(names), 1 / len(names))
    return generator.multinomial(len(names), even, size=draws) @ sums


def _interval(scores):
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return float(low), float(high)
