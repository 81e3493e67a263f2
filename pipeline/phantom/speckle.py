"""The physics of the picture: from scatterers to a grey sector.

Tissue scatterers move with the heart, the blood's are drawn anew; both are blurred by a
pulse that widens with depth, and the envelope is compressed and scan-converted.
"""

import dataclasses

import cv2
import numpy as np

from pipeline.phantom import geometry, tissue
from pipeline.phantom import heart as anatomy

# Seconds in which the blood and the (frame-averaged) noise forget their speckle.
_MEMORY = 0.8
# The machine smooths the picture after detection, in units of the pulse's spread.
_SMOOTHING = 0.9


@dataclasses.dataclass(frozen=True)
class Sector:
    """Where the sector lies in the image.

    Attributes:
        height, width: Size of the image, pixels.
        tip: (x, y) of the sector's tip, pixels.
        millimetres: Size of a pixel.
    """

    height: int
    width: int
    tip: tuple
    millimetres: float


def pixels(sector):
    """Scan coordinates of every pixel's centre.

    Args:
        sector: The `Sector`.

    Returns:
        float32 `(H, W)` x and depth, mm from the middle of the probe.
    """
    down, right = np.indices((sector.height, sector.width), dtype=np.float32)
    scale = np.float32(sector.millimetres)
    return (right - sector.tip[0]) * scale, (down - sector.tip[1]) * scale


def frames(heart, scanner, sector, times, random):
    """Picture a heart at several instants.

    Args:
        heart: The `Heart`.
        scanner: The `Scanner`.
        sector: The `Sector`.
        times: Seconds of each frame since an end-diastole.
        random: NumPy generator.

    Yields:
        uint8 `(H, W)` frames, 0 outside the sector.
    """
    spacing = max(0.6 * sector.millimetres, 0.4)
    beams = _beams(scanner, spacing)
    atlas = tissue.atlas(heart, scanner, spacing, random)
    to_image = _scan_conversion(scanner, sector, beams)
    gain, noise_level, haze = _fields(scanner, beams, random)
    leaflets = random.standard_normal(haze.shape, dtype=np.float32)
    restless = random.standard_normal(haze.shape, dtype=np.float32)
    axial, lateral = _spread(scanner, beams)
    for time, gone in zip(times, np.diff(times, prepend=times[0])):
        moment = anatomy.moment(heart, time)
        kept = np.float32(np.exp(-abs(gone) / _MEMORY))
        renewed = random.standard_normal(haze.shape, dtype=np.float32)
        restless = kept * restless + np.sqrt(1 - kept**2) * renewed
        scattered, blood = _scatterers(heart, moment, atlas, beams, spacing)
        scattered += restless * blood[..., None]
        scattered += leaflets * _valves(heart, moment, beams)[..., None]
        scattered *= gain[..., None]
        scattered += restless[::-1, ::-1] * noise_level[..., None] + haze
        echo = cv2.sepFilter2D(scattered, -1, _pulse(lateral), _pulse(axial))
        real, imaginary = cv2.split(echo)
        power = cv2.GaussianBlur(
            real * real + imaginary * imaginary,
            (0, 0),
            sigmaX=_SMOOTHING * lateral,
            sigmaY=_SMOOTHING * axial,
        )
        yield _compress(power, scanner, to_image)


def _beams(scanner, spacing):
    """Depth and angle of the polar grid, and its cells' places in millimetres."""
    radius = np.arange(0, scanner.depth, spacing, dtype=np.float32)
    count = int(1.3 * scanner.half_angle * scanner.depth / (1.2 * spacing))
    angle = np.linspace(-1, 1, count, dtype=np.float32) * scanner.half_angle
    return {
        "radius": radius,
        "angle": angle,
        "x": radius[:, None] * np.sin(angle),
        "depth": radius[:, None] * np.cos(angle),
    }


def _scan_conversion(scanner, sector, beams):
    """Maps for `cv2.remap` from the polar grid to the image."""
    x, depth = pixels(sector)
    row = np.hypot(x, depth) / (beams["radius"][1] - beams["radius"][0])
    column = (np.arctan2(x, depth) - beams["angle"][0]) / (
        beams["angle"][1] - beams["angle"][0]
    )
    return column.astype(np.float32), row.astype(np.float32)


def _fields(scanner, beams, random):
    """What does not move: gain, noise level and the haze, over the polar grid."""
    radius, angle = beams["radius"][:, None], beams["angle"]
    shape = beams["x"].shape
    share = radius / scanner.depth
    time_gain = np.interp(share, np.linspace(0, 1, 8), scanner.time_gain)
    lost = np.float32(scanner.edge_loss)[:, None] * np.array(
        [np.clip(side * angle / scanner.half_angle, 0, 1) ** 2 for side in (-1, 1)]
    )
    level = time_gain - lost.sum(axis=0) + 1.5 * tissue.patches(random, shape, 30)
    for middle, width, first, loss in scanner.shadows:
        across = np.exp(-(((angle - middle) / width) ** 2))
        level = level - loss * across * np.clip((radius - first) / 15, 0, 1)
    noise = scanner.noise + time_gain + 9 * (share - 0.5)
    speckle = random.standard_normal((*shape, 2), dtype=np.float32)
    haze = scanner.haze - 8.7 * radius / scanner.haze_depth
    haze = haze + 3 * tissue.patches(random, shape, 25) + _ringing(radius, random)
    return (
        tissue.decibels(level).astype(np.float32),
        tissue.decibels(noise + np.zeros(shape)).astype(np.float32),
        (speckle * tissue.decibels(haze)[..., None]).astype(np.float32),
    )


def _ringing(radius, random):
    """Bright and dark rings under the probe."""
    period, phase = random.uniform(3, 7), random.uniform(0, 2 * np.pi)
    strength = random.uniform(2, 9) * np.exp(-radius / random.uniform(5, 12))
    return strength * (1 + np.sin(2 * np.pi * radius / period + phase))


def _spread(scanner, beams):
    """Spread of the pulse in cells; constant in angle, so it widens with depth."""
    spacing = beams["radius"][1] - beams["radius"][0]
    step = beams["angle"][1] - beams["angle"][0]
    axial, lateral = scanner.resolution
    return max(float(axial / spacing), 0.5), max(float(lateral / step), 0.5)


def _pulse(spread):
    """Gaussian of so many cells that keeps the power of white noise."""
    half = int(np.ceil(2.5 * spread))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / spread) ** 2)
    return (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)


def _scatterers(heart, moment, atlas, beams, spacing):
    """What lies in each cell now: tissue scatterers and amplitude of the blood."""
    along, across = geometry.to_heart(moment, beams["x"], beams["depth"])
    along, across = geometry.at_rest(heart, moment, along, across)
    column = (across - np.float32(tissue.ACROSS[0])) / np.float32(spacing)
    row = (along - np.float32(tissue.ALONG[0])) / np.float32(spacing)
    cells = cv2.remap(
        atlas, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.ascontiguousarray(cells[..., :2]), cells[..., 2]


def _valves(heart, moment, beams):
    """Amplitude of the mitral leaflets over the polar grid."""
    canvas = np.zeros(beams["x"].shape, np.uint8)
    spacing = beams["radius"][1] - beams["radius"][0]
    step = beams["angle"][1] - beams["angle"][0]
    for along, across in anatomy.leaflets(moment):
        x, depth = geometry.to_scan(moment, along, across)
        column = (np.arctan2(x, depth) - beams["angle"][0]) / step
        points = np.stack([column, np.hypot(x, depth) / spacing], axis=-1)
        points = np.round(points * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, 1, cv2.LINE_AA, shift=4)
    return canvas * np.float32(1.5 / 255)


def _compress(power, scanner, to_image):
    """Log compression and scan conversion: uint8 image, 0 outside the sector."""
    level = cv2.log(power + np.float32(1e-9))
    level *= np.float32(10 / np.log(10) * 255 / scanner.dynamic_range)
    level += np.float32(scanner.gain * 255 / scanner.dynamic_range)
    np.clip(level, 1, 255, out=level)
    image = cv2.remap(level, *to_image, cv2.INTER_LINEAR, borderValue=0)
    return np.round(image).astype(np.uint8)
