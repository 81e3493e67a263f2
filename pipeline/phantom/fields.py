"""What stays in place while the heart beats: gain, noise level and near-field haze."""

import cv2
import numpy as np

from pipeline.phantom import tissue


def draw(scanner, beams, random):
    """Draw gain, noise and haze of one recording.

    Args:
        scanner: The `Scanner`.
        beams: The `Beams`.
        random: NumPy generator.

    Returns:
        `(cells, beams)` arrays: float32 gain of the echoes, float32 amplitude of the
        noise and complex64 haze.
    """
    radius, angle = beams.radius[:, None], beams.angle
    shape = beams.x.shape
    share = radius / scanner.depth
    time_gain = np.interp(share, np.linspace(0, 1, 8), scanner.time_gain)
    lost = np.float32(scanner.edge_loss)[:, None] * np.array(
        [np.clip(side * angle / scanner.half_angle, 0, 1) ** 2 for side in (-1, 1)]
    )
    level = time_gain - lost.sum(axis=0) + 1.5 * tissue.patches(random, shape, (30, 30))
    for middle, width, first, loss in scanner.shadows:
        across = np.exp(-(((angle - middle) / width) ** 2))
        level = level - loss * across * np.clip((radius - first) / 15, 0, 1)
    noise = scanner.noise + time_gain + 9 * (share - 0.5)
    haze = scanner.haze - 8.7 * radius / scanner.haze_depth
    haze = haze + 3 * tissue.patches(random, shape, (25, 25)) + _ringing(radius, random)
    near = _near_speckle(beams, random)
    return (
        tissue.decibels(level).astype(np.float32),
        tissue.decibels(noise + np.zeros(shape)).astype(np.float32),
        (near * tissue.decibels(haze)).astype(np.complex64),
    )


def _near_speckle(beams, random):
    """Scatterers of the near field, where the pulse is as wide as the probe's face."""
    high, wide = beams.spacing, 2.5
    rows = int(beams.depth.max() / high) + 2
    columns = 2 * int(beams.x.max() / wide) + 3
    coarse = random.standard_normal((rows, columns, 2), dtype=np.float32)
    column = beams.x / np.float32(wide) + np.float32(columns // 2)
    row = beams.depth / np.float32(high)
    return cv2.remap(coarse, column, row, cv2.INTER_LINEAR).view(np.complex64)[..., 0]


def _ringing(radius, random):
    """Bright and dark rings under the probe."""
    period, phase = random.uniform(3, 7), random.uniform(0, 2 * np.pi)
    strength = random.uniform(3, 12) * np.exp(-radius / random.uniform(6, 14))
    return strength * (1 + np.sin(2 * np.pi * radius / period + phase))
