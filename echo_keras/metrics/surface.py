"""Distances between the borders of two masks: the Hausdorff distance and its mean.

A border is the set of a mask's pixels that touch another label, or the edge of the
image, by a side; distances go between the middles of pixels.
"""

import cv2
import numpy as np
from scipy import spatial

PERCENTILE = 95
MILLIMETRES, PIXELS = "mm", "pixels"
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def distances(truth, prediction, spacing=(0.0, 0.0)):
    """HD95 and ASSD of one image.

    HD95 is the larger of two 95th percentiles, of the distances from one border to the
    other and back; ASSD is the mean of all of these distances. Two empty masks are 0
    apart. Where one alone is empty, both are the diagonal of the image, the worst that
    could be, so that a missed heart costs a model instead of leaving its mean.

    Args:
        truth: `(H, W)` bool or {0, 1}, the reference mask.
        prediction: Mask of the same shape.
        spacing: Height and width of a pixel in mm, 0 where unknown.

    Returns:
        Two floats, in the unit of `unit`.

    Source: Maier-Hein, Reinke et al. 2024, https://doi.org/10.1038/s41592-023-02151-z
    """
    pixel = np.array(spacing, float) if unit(spacing) == MILLIMETRES else np.ones(2)
    borders = [_border(mask) * pixel for mask in (truth, prediction)]
    empty = [not len(border) for border in borders]
    if any(empty):
        far = 0.0 if all(empty) else float(np.hypot(*(np.shape(truth) * pixel)))
        return far, far
    forth, back = (_nearest(*pair) for pair in (borders, borders[::-1]))
    hausdorff = max(np.percentile(way, PERCENTILE) for way in (forth, back))
    return float(hausdorff), float(np.concatenate([forth, back]).mean())


def unit(spacing):
    """Unit of the distances: `mm` where the spacing is known, else `pixels`."""
    return MILLIMETRES if all(side > 0 for side in spacing) else PIXELS


def _border(mask):
    """`(pixels, 2)` row and column of every pixel of a mask's border."""
    mask = np.ascontiguousarray(mask, np.uint8)
    inner = cv2.erode(mask, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    found = cv2.findNonZero(mask - inner)
    return np.empty((0, 2)) if found is None else found[:, 0, ::-1]


def _nearest(points, others):
    """Distance from each point to the nearest of the others."""
    return spatial.cKDTree(others).query(points)[0]
