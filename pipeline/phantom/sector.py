"""Where the sector lies in the image, and the beams that it is made of."""

import dataclasses

import cv2
import numpy as np


@dataclasses.dataclass(frozen=True)
class Sector:
    """Where the sector lies in the image.

    Attributes:
        height, width: Size of the image, pixels.
        tip: (x, y) of the sector's tip, pixels.
        millimetres: Height of a pixel.
        aspect: Width of a pixel over its height.
    """

    height: int
    width: int
    tip: tuple
    millimetres: float
    aspect: float = 1.0


def pixels(sector):
    """Scan coordinates of every pixel's centre.

    Args:
        sector: The `Sector`.

    Returns:
        float32 `(H, W)` x and depth, mm from the middle of the probe.
    """
    down, right = np.indices((sector.height, sector.width), dtype=np.float32)
    high = np.float32(sector.millimetres)
    wide = np.float32(sector.millimetres * sector.aspect)
    return (right - sector.tip[0]) * wide, (down - sector.tip[1]) * high


@dataclasses.dataclass(frozen=True)
class Beams:
    """Polar grid of cells along the beams.

    Attributes:
        spacing: Depth of a cell, mm.
        step: Angle between beams, radians.
        radius: float32 `(cells,)` distance from the probe, mm.
        angle: float32 `(beams,)` radians, negative to the left.
        x, depth: float32 `(cells, beams)` place of each cell, mm.
    """

    spacing: float
    step: float
    radius: np.ndarray
    angle: np.ndarray
    x: np.ndarray
    depth: np.ndarray


def beams(scanner, spacing):
    """The beams of a scanner, about as far apart at half of the depth as its cells.

    Args:
        scanner: The `Scanner`.
        spacing: Depth of a cell, mm.

    Returns:
        The `Beams`.
    """
    radius = np.arange(0, scanner.depth, spacing, dtype=np.float32)
    count = int(1.1 * scanner.half_angle * scanner.depth / spacing)
    angle = np.linspace(-1, 1, count, dtype=np.float32)
    angle *= np.float32(scanner.half_angle)
    return Beams(
        spacing=spacing,
        step=2 * scanner.half_angle / (count - 1),
        radius=radius,
        angle=angle,
        x=radius[:, None] * np.sin(angle),
        depth=radius[:, None] * np.cos(angle),
    )


def cells(beams, x, depth):
    """Column and row in the polar grid of points in scan coordinates, mm."""
    column = (np.arctan2(x, depth) - beams.angle[0]) / beams.step
    return column.astype(np.float32), (np.hypot(x, depth) / beams.spacing).astype(
        np.float32
    )


def scan_conversion(sector, beams):
    """How to bring pictures from the polar grid into the image.

    Args:
        sector: The `Sector`.
        beams: The `Beams`.

    Returns:
        Function of a float32 `(cells, beams)` array that returns the float32 `(H, W)`
        image, 0 outside the sector.
    """
    column, row = cells(beams, *pixels(sector))
    first, second = cv2.convertMaps(column, row, cv2.CV_16SC2)
    return lambda polar: cv2.remap(polar, first, second, cv2.INTER_LINEAR)
