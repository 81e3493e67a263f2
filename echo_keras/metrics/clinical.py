"""Clinical measures of the left ventricle: long axis, volume and ejection fraction.

The outline of the largest piece of a mask is taken, as a reader would trace it: holes
count as cavity, smaller pieces do not. Lengths are in mm where the spacing of the
pixels is known, else in pixels, which leaves an ejection fraction what it is.
"""

import cv2
import numpy as np

DISKS = 20

# A corner of the base reaches far along the axis, and 0.7 times as much across it:
# with less one end of a slanted base wins both, with more the widest level does.
_ACROSS = 0.7
_TURNS = 8
_SAMPLES_ALONG_DISK, _SAMPLES_ACROSS = 8, 256


def long_axis(mask, spacing=(0.0, 0.0)):
    """Long axis of a ventricle that is shown apex up, tilted by less than 45 degrees.

    The mitral midpoint lies halfway between the two corners of the base, and the apex
    is the point of the outline farthest from it. On 898 masks of CAMUS the midpoint
    lies 0.3 mm from the middle of the border with the atrium (median; 95 % of them
    within 2.0 mm), the lower end of the pixels' principal axis 3.2 mm (10.5 mm).

    Args:
        mask: `(H, W)` bool or {0, 1}, the cavity.
        spacing: Height and width of a pixel in mm, 0 where unknown.

    Returns:
        `(2, 2)` float64: apex and mitral midpoint, each x to the right and y down from
        the middle of the first pixel, in mm, or pixels where the spacing is unknown;
        NaN where the mask is empty.
    """
    outline, pixel = _outline(mask), _pixel(spacing)
    if outline is None:
        return np.full((2, 2), np.nan)
    down = _principal_direction(outline, pixel)
    corners = cv2.convexHull(outline)[:, 0] * pixel
    for _ in range(_TURNS):
        along, across = corners @ down, corners @ (-down[1], down[0])
        base = [np.argmax(along + side * across) for side in (-_ACROSS, _ACROSS)]
        midpoint = corners[base].mean(axis=0)
        apex = corners[np.argmax(np.hypot(*(corners - midpoint).T))]
        if not (midpoint - apex).any():
            break
        down = (midpoint - apex) / np.hypot(*(midpoint - apex))
    half_pixel = down * np.hypot(*(down * pixel)) / 2
    return np.stack([apex - half_pixel, midpoint + half_pixel])


def disks(mask, spacing=(0.0, 0.0), *, axis=None):
    """Twenty disks of equal thickness across the long axis, which it passes through.

    Args:
        mask: `(H, W)` bool or {0, 1}, the cavity.
        spacing: Height and width of a pixel in mm, 0 where unknown.
        axis: Ends of the axis as of `long_axis`, which finds them by default.

    Returns:
        `(20,)` float64 mean diameter of each disk, from apex to base, and the length of
        the axis, in mm, or pixels where the spacing is unknown; all 0 where the mask is
        empty.
    """
    outline, pixel = _outline(mask), _pixel(spacing)
    if outline is None:
        return np.zeros(DISKS), 0.0
    apex, midpoint = long_axis(mask, spacing) if axis is None else np.asarray(axis)
    length = np.hypot(*(midpoint - apex))
    down = (midpoint - apex) / length
    right = np.array([down[1], -down[0]])
    reach = np.abs((outline[:, 0] * pixel - apex) @ right).max() + pixel.max()
    rows = DISKS * _SAMPLES_ALONG_DISK
    step_down, step_right = length / rows, 2 * reach / _SAMPLES_ACROSS
    first = apex + down * step_down / 2 - right * (reach - step_right / 2)
    to_pixels = np.stack([right * step_right, down * step_down, first]) / pixel
    upright = cv2.warpAffine(
        _filled(outline, np.shape(mask)),
        to_pixels.T,
        (_SAMPLES_ACROSS, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    widths = upright.sum(axis=1) * step_right
    return widths.reshape(DISKS, -1).mean(axis=1).astype(float), float(length)


def volume(first, second=None):
    """Volume by the method of disks, of one plane or of two at a right angle.

    Args:
        first: Diameters and length as of `disks`, of the one plane.
        second: The same of the other plane; the longer axis of both counts. Without it
            the disks are round.

    Returns:
        Cubic mm (1000 are 1 ml), or cubic pixels; 0 where a mask is empty.

    Source: Lang et al. 2015, https://doi.org/10.1016/j.echo.2014.10.003
    """
    (diameters, length), (others, other_length) = first, second or first
    areas = np.pi / 4 * np.asarray(diameters) * np.asarray(others)
    return float(areas.sum() * max(length, other_length) / DISKS)


def ejection_fraction(end_diastolic, end_systolic):
    """Share of the end-diastolic volume that a beat ejects.

    Args:
        end_diastolic: Volume at end-diastole, in any unit.
        end_systolic: Volume at end-systole, in the same unit.

    Returns:
        Percent, negative where the ventricle grows; NaN where a volume is 0, that is
        where a mask is empty.
    """
    if not (end_diastolic and end_systolic):
        return float("nan")
    return 100 * (end_diastolic - end_systolic) / end_diastolic


def _outline(mask):
    """Outer border of the largest piece, or None where there is none."""
    mask = np.asarray(mask, bool).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(outlines, key=cv2.contourArea, default=None)


def _filled(outline, shape):
    filled = np.zeros(shape, np.float32)
    return cv2.drawContours(filled, [outline], -1, 1, cv2.FILLED)


def _pixel(spacing):
    """Width and height of a pixel, in the order of x and y."""
    height, width = spacing
    return np.array([width, height], float) if height and width else np.ones(2)


def _principal_direction(outline, pixel):
    """Unit vector down the principal axis; straight down if that lies rather level."""
    moments = cv2.moments(outline)
    variances = moments["mu20"] * pixel[0] ** 2, moments["mu02"] * pixel[1] ** 2
    covariance = moments["mu11"] * pixel.prod()
    angle = np.arctan2(2 * covariance, variances[1] - variances[0]) / 2
    level = variances[1] <= variances[0]
    return np.array([0.0, 1.0] if level else [np.sin(angle), np.cos(angle)])
