"""Time and memory of scoring a test split of EchoNet-Dynamic's size.

Run as `python -m benchmarks.metrics`: 2,552 masks of 224x224, ED and ES of 1,276
patients, each against a ragged copy of itself, to all figures with 1,000 draws.
"""

import resource
import time

import cv2
import numpy as np

from benchmarks import measure
from echo_keras.metrics import case, scores

PATIENTS, SIZE, DRAWS = 1276, 224, 1000


def main():
    """Print the table."""
    start = time.perf_counter()
    pairs = list(_pairs())
    drawn = time.perf_counter()
    facts, planes = [], []
    for patient, phase, truth, prediction in pairs:
        found, disks = case.measures(truth, prediction)
        who = {"patient": patient, "view": "4CH", "phase": phase}
        facts.append({**who, "ejection_fraction": 55.0, **found})
        planes.append(disks)
    measured = time.perf_counter()
    fractions = case.ejection_fractions(facts, planes)
    groups = [facts, *([f for f in facts if f["phase"] == p] for p in ("ED", "ES"))]
    for group in groups:
        scores.summary(group, draws=DRAWS)
    scores.ejection(fractions, draws=DRAWS)
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    measure.table(
        ("", "seconds"),
        [
            ("draw the masks (not counted)", f"{drawn - start:.1f}"),
            ("Dice, IoU, HD95, ASSD, disks of each", f"{measured - drawn:.1f}"),
            ("figures and intervals, all, ED, ES, EF", f"{ended - measured:.1f}"),
            ("together", f"{ended - drawn:.1f}"),
            ("peak memory of the process, MB", f"{peak:.0f}"),
        ],
    )


def _pairs():
    random = np.random.default_rng(0)
    for number in range(PATIENTS):
        tilt, middle = random.uniform(-20, 20), random.uniform(90, 130, size=2)
        for phase, scale in (("ED", 1.0), ("ES", 0.8)):
            truth = np.zeros((SIZE, SIZE), np.uint8)
            axes = tuple(int(scale * axis) for axis in (26, 60))
            cv2.ellipse(truth, tuple(map(int, middle)), axes, tilt, 0, 360, 1, -1)
            ragged = random.normal(0, 30, truth.shape).astype(np.float32)
            blurred = cv2.GaussianBlur(truth + ragged, (0, 0), 6)
            yield str(number), phase, truth > 0, blurred > 0.5


if __name__ == "__main__":
    main()
