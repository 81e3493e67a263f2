"""The ultrasound machine's settings and the patient's image quality."""

import dataclasses

import numpy as np

GRADES = ("Good", "Medium", "Poor")
_GRADE_SHARES = (0.43, 0.43, 0.14)


@dataclasses.dataclass(frozen=True)
class Scanner:
    """How one patient is imaged; levels are decibels beside healthy myocardium.

    Attributes:
        grade: "Good", "Medium" or "Poor".
        depth: Depth of the sector, mm.
        half_angle: Half of the sector's opening, radians.
        dynamic_range: Decibels from black to white.
        gain: Level of healthy myocardium above black, dB.
        blood: Level of the blood, negative, dB.
        noise: Level of the electronic noise at mid depth, dB.
        haze: Level of the near-field haze at the probe, dB.
        haze_depth: Depth over which the haze falls by 8.7 dB, mm.
        lateral_loss: How much the lateral wall has dropped out, dB.
        edge_loss: Loss at the left and the right edge of the sector, dB.
        time_gain: Gain at eight depths, probe to end, dB.
        shadows: (angle, radians; width, radians; first depth, mm; loss, dB) each.
        patchiness: Standard deviation of the tissue's brightness, dB.
        resolution: Axial, mm, and lateral, radians, spread of the pulse.
    """

    grade: str
    depth: float
    half_angle: float
    dynamic_range: float
    gain: float
    blood: float
    noise: float
    haze: float
    haze_depth: float
    lateral_loss: float
    edge_loss: tuple
    time_gain: tuple
    shadows: tuple
    patchiness: float
    resolution: tuple


def draw(heart, random):
    """Draw the settings under which a heart is imaged.

    Args:
        heart: The four-chamber `Heart`, which the depth is set for.
        random: NumPy generator.

    Returns:
        A `Scanner`.
    """
    grade = str(random.choice(GRADES, p=_GRADE_SHARES))
    badness = GRADES.index(grade)
    half_angle = np.radians(np.clip(random.normal(37.5, 2.5), 32, 44))
    dynamic_range = random.uniform(50, 60)
    base = heart.apex[1] + heart.length
    return Scanner(
        grade=grade,
        depth=float(np.clip(base / random.uniform(0.62, 0.84), 110, 185)),
        half_angle=float(half_angle),
        dynamic_range=float(dynamic_range),
        gain=float(dynamic_range * np.clip(random.normal(0.5, 0.06), 0.36, 0.64)),
        blood=float(-max(random.normal((17, 16, 13)[badness], 3), 8)),
        noise=float(-max(random.normal((22, 20, 16)[badness], 3), 11)),
        haze=float(random.normal((-4, -2, 0)[badness], 4)),
        haze_depth=float(random.uniform(8, (24, 32, 38)[badness])),
        lateral_loss=float(random.gamma(1.5, (2.5, 4.5, 7)[badness])),
        edge_loss=tuple(random.gamma(1.2, (4, 5, 6)[badness], size=2).tolist()),
        time_gain=tuple(random.normal(0, 2.5, size=8).tolist()),
        shadows=_shadows(random, badness, half_angle),
        patchiness=float(random.uniform(3.5, 6.5)),
        resolution=(
            float(random.uniform(0.35, 0.5)),
            float(np.radians(random.uniform(0.45, 0.8))),
        ),
    )


def _shadows(random, badness, half_angle):
    shadows = []
    for _ in range(random.binomial(3, (0.15, 0.3, 0.5)[badness])):
        shadows.append(
            (
                float(random.uniform(-1, 1) * half_angle),
                float(np.radians(random.uniform(2, 7))),
                float(random.uniform(5, 60)),
                float(random.uniform(5, 12 + 5 * badness)),
            )
        )
    return tuple(shadows)
