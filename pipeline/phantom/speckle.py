"""The physics of the picture: from scatterers to a grey sector.

Tissue scatterers move with the heart, the blood's are drawn anew; both are blurred by a
pulse that widens with depth, and the power is smoothed, compressed and scan-converted.
"""

import cv2
import numpy as np

from pipeline.phantom import fields, geometry, motion, tissue
from pipeline.phantom import sector as sectors

# Seconds in which the blood and the (frame-averaged) noise forget their speckle.
_MEMORY = 0.8
# The machine smooths the picture after detection, in units of the pulse's spread.
_SMOOTHING = 0.5


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
    beams = sectors.beams(scanner, max(0.75 * sector.millimetres, 0.4))
    atlas = tissue.atlas(heart, scanner, beams.spacing, random)
    gain, noise, haze = fields.draw(scanner, beams, random)
    fibres = tissue.scatterers(random, gain.shape)
    fibres *= tissue.decibels(
        random.uniform(-3, 9) + 5 * tissue.patches(random, gain.shape, (8, 8))
    )
    convert = sectors.scan_conversion(sector, beams)
    restless = tissue.scatterers(random, gain.shape)
    for time, gone in zip(times, np.diff(times, prepend=times[0])):
        moment = motion.moment(heart, time)
        kept = np.float32(np.exp(-abs(gone) / _MEMORY))
        restless *= kept
        restless += tissue.scatterers(random, gain.shape, np.sqrt(1 - kept**2))
        echo, blood = _tissue(heart, moment, atlas, beams)
        echo += restless * blood
        echo += fibres * _valve(heart, moment, beams)
        echo *= gain
        echo += restless[::-1, ::-1] * noise
        echo += haze
        yield _grey(_power(echo, scanner, beams), scanner, convert)


def _tissue(heart, moment, atlas, beams):
    """What lies in each cell now: scatterers of tissue and amplitude of the blood."""
    along, across = geometry.to_heart(moment, beams.x, beams.depth)
    along, across = geometry.at_rest(heart, moment, along, across)
    column = (across - np.float32(tissue.ACROSS[0])) / np.float32(beams.spacing)
    row = (along - np.float32(tissue.ALONG[0])) / np.float32(beams.spacing)
    muscle, blood = (
        cv2.remap(part, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for part in atlas
    )
    return muscle.view(np.complex64)[..., 0], blood


def _valve(heart, moment, beams):
    """Coverage of each cell by the mitral leaflets, 0 to 1."""
    canvas = np.zeros(beams.x.shape, np.uint8)
    for along, across in motion.leaflets(heart, moment):
        points = sectors.cells(beams, *geometry.to_scan(moment, along, across))
        points = np.round(np.stack(points, axis=-1) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, 1, cv2.LINE_AA, shift=4)
    return canvas * np.float32(1 / 255)


def _power(echo, scanner, beams):
    """Power of the echoes after the pulse's blur; the pulse is constant in angle."""
    axial, lateral = scanner.resolution
    axial = max(axial / beams.spacing, 0.5)
    lateral = max(lateral / beams.step, 0.5)
    pair = echo.view(np.float32).reshape(*echo.shape, 2)
    pair = cv2.sepFilter2D(pair, -1, _pulse(lateral), _pulse(axial))
    power = cv2.transform(pair * pair, np.ones((1, 2), np.float32))
    spread = _SMOOTHING * lateral, _SMOOTHING * axial
    return cv2.GaussianBlur(power, (0, 0), sigmaX=spread[0], sigmaY=spread[1])


def _pulse(spread):
    """Gaussian of so many cells that keeps the power of white noise."""
    half = int(np.ceil(2.5 * spread))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / spread) ** 2)
    return (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)


def _grey(power, scanner, convert):
    """Log compression and scan conversion: uint8 image, 0 outside the sector."""
    per_decibel = 255 / scanner.dynamic_range
    level = cv2.log(power + np.float32(1e-9))
    level *= np.float32(10 / np.log(10) * per_decibel)
    level += np.float32(scanner.gain * per_decibel)
    np.clip(level, 1, 255, out=level)
    return np.rint(convert(level)).astype(np.uint8)
