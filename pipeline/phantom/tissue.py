"""Paint what a heart at rest scatters: an atlas in the heart's own coordinates."""

import cv2
import numpy as np

from pipeline.phantom import geometry
from pipeline.phantom import heart as anatomy

ALONG = (-70.0, 230.0)
ACROSS = (-150.0, 150.0)
_NOTHING = -60.0
# Height and width, mm, of patches of tissue and how much they differ in brightness.
_PATCHES = ((20, 26, 1.0), (3.5, 14, 0.6), (2.2, 2.5, 0.7))


def atlas(heart, scanner, spacing, random):
    """The scatterers of the tissue and the strength of the blood, at end-diastole.

    Args:
        heart: The `Heart` at rest.
        scanner: The `Scanner`, for contrast, drop-out and patchiness.
        spacing: Size of a cell, mm; scatterers any closer cannot be told apart.
        random: NumPy generator.

    Returns:
        float32 arrays `(rows, columns, 2)`, real and imaginary part of the tissue's
        scatterers, and `(rows, columns)`, amplitude of the blood's; rows run along
        `ALONG`, columns along `ACROSS`.
    """
    along, across = np.meshgrid(
        np.arange(*ALONG, spacing, dtype=np.float32),
        np.arange(*ACROSS, spacing, dtype=np.float32),
        indexing="ij",
    )
    rough = random.uniform(0.5, 1.4)
    across = across + rough * patches(random, across.shape, (5 / spacing, 5 / spacing))
    tissue, blood = _levels(heart, scanner, spacing, along, across, random)
    for height, width, strength in _PATCHES:
        cells = height / spacing, width / spacing
        tissue += patches(random, along.shape, cells) * scanner.patchiness * strength
    muscle = scatterers(random, along.shape) * decibels(tissue)
    pair = muscle.view(np.float32).reshape(*along.shape, 2)
    return pair, decibels(blood)


def scatterers(random, shape, strength=1.0):
    """complex64 Gaussian scatterers of the given amplitude."""
    pair = random.standard_normal((*shape, 2), dtype=np.float32)
    pair *= np.float32(strength * np.sqrt(0.5))
    return pair.view(np.complex64)[..., 0]


def decibels(level):
    """Amplitude of a level in decibels."""
    return np.exp(np.float32(np.log(10) / 20) * level)


def patches(random, shape, cells):
    """Smooth random field of unit variance.

    Args:
        random: NumPy generator.
        shape: Rows and columns.
        cells: Height and width of a patch.

    Returns:
        float32 array of the shape.
    """
    coarse = [max(int(size / cell) + 3, 4) for size, cell in zip(shape, cells)]
    field = random.standard_normal(coarse, dtype=np.float32)
    field = cv2.resize(field, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return field / field.std()


def _levels(heart, scanner, spacing, along, across, random):
    """Level of tissue and of blood at each point, dB."""
    inner, outer = geometry.half_widths(heart, along, across > 0)
    distance = np.abs(across)
    tissue = np.full_like(along, random.uniform(-8, 1))
    blood = np.full_like(tissue, _NOTHING)
    _paint_pericardium(heart, tissue, along, across, distance - outer, random)
    if heart.view == "4CH":
        _paint_right_heart(heart, scanner, tissue, blood, along, across, outer, random)
    wall = (along <= heart.length + 4) & (distance < outer)
    septum = random.uniform(-1, 4) if heart.view == "4CH" else 0.0
    tissue[wall] = np.where(across < 0, septum, 0.0)[wall]
    tissue[wall] -= _drop_out(heart, scanner, along, across, random)[wall]
    _paint_atrium(heart, scanner, tissue, blood, along, across, random)
    cavity = (along >= 0) & (along <= heart.length) & (distance < inner)
    _fill(tissue, blood, cavity, scanner.blood)
    _paint_muscles(heart, tissue, along, across, cavity, random)
    _paint_annulus(heart, tissue, along, across, random)
    tissue += random.uniform(8, 18) * (np.clip(along / heart.length, -0.3, 1.4) - 0.7)
    return tissue, blood


def _fill(tissue, blood, where, level):
    tissue[where] = _NOTHING
    blood[where] = level


def _clouded(scanner, random):
    """Blood level of the other chambers, which echoes from the walls brighten."""
    return scanner.blood + random.gamma(1.5, 3)


def _drop_out(heart, scanner, along, across, random):
    """Loss of the wall: mostly mid-lateral, where it lies along the beam."""
    station = along / heart.length
    middle = random.uniform(0.3, 0.8)
    reach = random.uniform(0.15, 0.5)
    lateral = np.exp(-(((station - middle) / reach) ** 2)) * (across > 0)
    return scanner.lateral_loss * lateral + random.uniform(0, 4) * (station < 0.12)


def _paint_pericardium(heart, tissue, along, across, beyond, random):
    """A bright line outside the lateral wall and arcs behind the atria."""
    line = np.exp(-(((beyond - 1.5) / 1.8) ** 2)) * (along < heart.length + 10)
    line *= (across > 0) if heart.view == "4CH" else 1.0
    station = np.clip(along / heart.length, 0, 1.2)
    tissue += random.uniform(2, 15) * line * station
    back = heart.length + heart.atrium[0] + random.uniform(2, 12)
    bow = along + random.uniform(0.0015, 0.004) * across**2 - back
    tissue += random.uniform(4, 16) * np.exp(-((bow / random.uniform(2, 6)) ** 2))


def _paint_right_heart(heart, scanner, tissue, blood, along, across, outer, random):
    """Right ventricle, right atrium and the walls between and around them."""
    tip = random.uniform(0.05, 0.4) * heart.length
    annulus = heart.length + random.uniform(-8, 2)
    share = np.clip((along - tip) / (annulus - tip), 0, 1)
    width = random.uniform(20, 42) * share ** random.uniform(0.5, 0.9)
    width *= 1 - 0.25 * share**4
    beyond = -across - outer
    ventricle = (across < 0) & (beyond > 0) & (along < annulus) & (along > tip)
    free_wall = ventricle & (beyond < width + random.uniform(3, 6))
    tissue[free_wall] = random.uniform(-2, 6)
    _fill(tissue, blood, ventricle & (beyond < width), _clouded(scanner, random))
    band = np.exp(-(((share - 0.35 - 0.004 * beyond) / 0.04) ** 2))
    spots = ventricle & (beyond < width) & (band > 0.5) & (random.random() < 0.5)
    tissue[spots] = -4
    half_width = random.uniform(13, 24)
    half_length = random.uniform(15, 28)
    middle = -heart.atrium[1] + heart.atrium[2] - half_width - random.uniform(2, 4)
    down = (along - annulus - 0.8 * half_length) / half_length
    aside = (across - middle) / half_width
    size = np.abs(down) ** 2.3 + np.abs(aside) ** 2.3
    tissue[(size < 1.35) & (along > annulus)] = random.uniform(-4, 4)
    _fill(tissue, blood, (size < 1) & (along > annulus), _clouded(scanner, random))


def _paint_atrium(heart, scanner, tissue, blood, along, across, random):
    below = along > heart.length
    size = geometry.atrial(heart, along, across)
    tissue[below & (size < 1.14)] = random.uniform(-6, 3)
    _fill(tissue, blood, below & (size < 1), _clouded(scanner, random))


def _paint_muscles(heart, tissue, along, across, cavity, random):
    """Papillary muscles, chords and trabeculae inside the cavity."""
    for _ in range(random.integers(0, 3)):
        station = random.uniform(0.4, 0.7)
        side = 1 if random.random() < 0.8 else -1
        wall = np.interp(station, anatomy.STATIONS, heart.inner[int(side > 0)])
        middle = side * wall * random.uniform(0.65, 0.9)
        down = (along - station * heart.length) / random.uniform(5, 11)
        aside = (across - middle) / random.uniform(2, 4)
        muscle = cavity & (down**2 + aside**2 < 1)
        tissue[muscle] = random.uniform(-6, 3)
    for _ in range(random.integers(0, 14)):
        station = random.uniform(0.05, 0.95)
        middle = random.normal(0.35, 0.4) * heart.inner.max()
        down = (along - station * heart.length) / random.uniform(0.5, 2)
        aside = (across - middle) / random.uniform(0.5, 3)
        speck = cavity & (down**2 + aside**2 < 1)
        tissue[speck] = random.uniform(-10, 5)


def _paint_annulus(heart, tissue, along, across, random):
    """The fibrous ring of the mitral valve, bright on both sides."""
    for side, edge in ((-1, heart.inner[0]), (1, heart.inner[1])):
        hinge = side * (np.interp(1, anatomy.STATIONS, edge) + 2)
        size = random.uniform(2.5, 5)
        ring = ((along - heart.length - 1) ** 2 + (across - hinge) ** 2) / size**2
        tissue += random.uniform(2, 12) * np.exp(-ring) * (tissue > _NOTHING)
