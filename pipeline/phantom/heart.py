"""Anatomy of one apical view of a synthetic heart at rest, in millimetres.

A heart is described in its own coordinates: `along` runs down the long axis of the left
ventricle from the apex (0) to the mitral plane (its length), `across` is positive
towards the lateral wall, which a four-chamber view shows on the right.
"""

import dataclasses

import numpy as np

DISKS = 20
SYSTOLE = 0.32
VIEWS = ("4CH", "2CH")
CAVITY, MYOCARDIUM, ATRIUM = 1, 2, 3

# Half-widths are tabulated over `along / length`, from above the apex to the atrium.
STATIONS = np.linspace(-0.25, 1.75, 2049).astype(np.float32)
CHORDS = (np.arange(DISKS) + 0.5) / DISKS


@dataclasses.dataclass(frozen=True)
class Heart:
    """One view of one heart at rest, that is at end-diastole.

    Attributes:
        view: "4CH" or "2CH".
        ejection_fraction: Percent of the end-diastolic volume, 15 to 80.
        beat: Seconds from one end-diastole to the next.
        systole: Seconds from end-diastole to end-systole.
        length: Long axis from apex to mitral plane, mm.
        apex: (x, depth) of the apex from the middle of the probe, mm.
        tilt: Radians from the beam's axis, positive with the apex to the left.
        inner, outer: float32 `(2, STATIONS)` half-widths of cavity and wall, septal
            and lateral side, mm.
        regional: float32 `(STATIONS,)` how much more than average a level contracts.
        atrium: Length, half-width and sideways offset of the left atrium, mm.
        valve: Angle of the shut mitral leaflets, radians, and how much of the ring
            the septal one covers.
        breathing: Amplitude, mm, and period, s, of the drift of the whole heart.
    """

    view: str
    ejection_fraction: float
    beat: float
    systole: float
    length: float
    apex: tuple
    tilt: float
    inner: np.ndarray
    outer: np.ndarray
    regional: np.ndarray
    atrium: tuple
    valve: tuple
    breathing: tuple


def draw(random, *, systole=SYSTOLE):
    """Draw the four-chamber view of a new patient's heart.

    Args:
        random: NumPy generator.
        systole: Seconds from end-diastole to end-systole.

    Returns:
        A `Heart`.
    """
    ejection_fraction = _ejection_fraction(random)
    dilation = 0.22 * max(59 - ejection_fraction, 0)
    length = float(np.clip(random.normal(79 + 0.3 * dilation, 9), 58, 108))
    width = np.clip(random.normal(44 + dilation, 6), 31, 70)
    beat = float(random.uniform(max(0.6, systole + 0.2), 1.2))
    middle = random.normal(7, 7), random.uniform(0.46, 0.62) * length
    tilt = np.radians(np.clip(random.normal(10, 8), -20, 20))
    near = random.uniform(20, 46)
    inner, outer = _walls(random, length, width)
    return Heart(
        view="4CH",
        ejection_fraction=ejection_fraction,
        beat=beat,
        systole=systole,
        length=length,
        apex=(float(middle[0] - middle[1] * np.sin(tilt)), float(near)),
        tilt=float(tilt),
        inner=inner,
        outer=outer,
        regional=_regional(random),
        atrium=_atrium(random, inner),
        valve=(float(random.uniform(-0.05, 0.35)), float(random.uniform(0.45, 0.7))),
        breathing=(float(random.uniform(0.3, 2.0)), float(random.uniform(3, 5))),
    )


def two_chamber(heart, random):
    """The two-chamber view of the same heart: same length and beat, other walls.

    Args:
        heart: The four-chamber `Heart`.
        random: NumPy generator.

    Returns:
        A `Heart` that meets the same ejection fraction.
    """
    width = float(heart.inner.sum(axis=0).max()) * random.uniform(0.88, 1.12)
    inner, outer = _walls(random, heart.length, width)
    sideways = random.normal(0, 6)
    return dataclasses.replace(
        heart,
        view="2CH",
        inner=inner,
        outer=outer,
        tilt=float(np.radians(np.clip(random.normal(0, 8), -20, 20))),
        apex=(float(sideways), heart.apex[1]),
        atrium=_atrium(random, inner),
    )


def _ejection_fraction(random):
    drawn = random.normal(59, 7) if random.random() < 0.78 else random.uniform(15, 52)
    return float(np.clip(drawn, 15, 78))


def _walls(random, length, width):
    """Half-widths of the cavity and of the wall's outside: a truncated ellipsoid."""
    widest = random.uniform(0.55, 0.78)
    blunt = random.uniform(0.42, 0.62)
    bend = random.normal(0, 0.05)
    inside = np.clip(STATIONS, 0, 1)
    bumps = [
        _bumps(random, inside) + side * bend * np.sin(np.pi * inside)
        for side in (-1, 1)
    ]
    wall = random.uniform(9, 12)
    cap = wall * random.uniform(0.7, 1.1) / length
    inner, outer = [], []
    for bump in bumps:
        half = _profile(inside, widest, blunt) * (1 + bump)
        raised = np.clip((STATIONS + cap) / (1 + cap), 0, 1)
        shell = _profile(raised, widest, blunt) * (1 + 0.7 * bump)
        half = half * width / 2
        thickness = wall * random.uniform(0.85, 1.15)
        shell = shell * (width / 2 + thickness)
        shell = np.where(STATIONS >= 0, np.maximum(shell, half + 0.7 * wall), shell)
        inner.append(half)
        outer.append(shell)
    return np.float32(inner), np.float32(outer)


def _profile(station, widest, blunt):
    return np.maximum(1 - ((station - widest) / widest) ** 2, 0) ** blunt


def _bumps(random, station):
    waves = np.arange(2, 6)[:, None]
    heights = random.normal(0, 0.08, size=(4, 1)) / waves**0.7
    phases = random.uniform(0, 2 * np.pi, size=(4, 1))
    wave = (heights * np.sin(np.pi * waves * station + phases)).sum(axis=0)
    return wave * np.sin(np.pi * np.clip(station, 0, 0.9) / 0.95)


def _regional(random):
    station = np.clip(STATIONS, 0, 1)
    slope, hump = random.normal(0, 0.06, size=2)
    return np.float32(slope * (2 * station - 1) + hump * np.cos(2 * np.pi * station))


def _atrium(random, inner):
    base = float(inner[:, -1].sum())
    half_width = np.clip(base * random.uniform(0.45, 0.72), 12, 32)
    length = half_width * random.uniform(1.3, 2.4)
    return float(length), float(half_width), float(random.normal(-1, 3))


def disks(inner, length):
    """Volume by the method of disks, as EchoNet-Dynamic's tracings define it.

    Args:
        inner: `(2, STATIONS)` half-widths of the cavity, mm.
        length: Long axis, mm.

    Returns:
        Millilitres.
    """
    diameters = half_widths(inner).sum(axis=0)
    return float(np.pi / 4 * np.sum(diameters**2) * length / DISKS / 1000)


def half_widths(sides):
    """Half-widths at the twenty `CHORDS`.

    Args:
        sides: `(2, STATIONS)` half-widths of both sides, mm.

    Returns:
        `(2, 20)` half-widths from apex to base, mm.
    """
    return np.stack([np.interp(CHORDS, STATIONS, side) for side in sides])
