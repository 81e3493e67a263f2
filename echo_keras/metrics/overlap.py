"""Overlap of masks: Dice and intersection over union, per image and pooled."""

import numpy as np


def dice(truth, prediction):
    """Dice of each image: twice the shared pixels over the pixels of both masks.

    Two empty masks agree fully and score 1.

    Args:
        truth: `(..., height, width)` bool or {0, 1}, the reference masks.
        prediction: Masks of the same shape.

    Returns:
        `(...)` float64 in [0, 1].
    """
    shared, total = counts(truth, prediction)
    return np.divide(2 * shared, total, out=np.ones(np.shape(total)), where=total > 0)


def iou(truth, prediction):
    """Intersection over union of each image; two empty masks score 1.

    Args:
        truth: `(..., height, width)` bool or {0, 1}, the reference masks.
        prediction: Masks of the same shape.

    Returns:
        `(...)` float64 in [0, 1].
    """
    shared, total = counts(truth, prediction)
    union = total - shared
    return np.divide(shared, union, out=np.ones(np.shape(union)), where=union > 0)


def counts(truth, prediction):
    """Pixels that Dice is made of, to be summed over images of different sizes.

    Args:
        truth: `(..., height, width)` bool or {0, 1}, the reference masks.
        prediction: Masks of the same shape.

    Returns:
        Two `(...)` int64: pixels in both masks, and pixels of one plus of the other.
    """
    truth, prediction = np.asarray(truth, bool), np.asarray(prediction, bool)
    shared = np.count_nonzero(truth & prediction, axis=(-2, -1))
    areas = [np.count_nonzero(mask, axis=(-2, -1)) for mask in (truth, prediction)]
    return np.asarray(shared), np.asarray(areas[0] + areas[1])
