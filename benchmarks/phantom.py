"""Milliseconds that one core takes to draw one 112 x 112 frame of a phantom.

Run as `python -m benchmarks.phantom`.
"""

import sys
import time

import cv2
import numpy as np

from pipeline.phantom import echonet, heart, scanner, speckle

PATIENTS = 10
FRAMES = 100


def milliseconds(patient):
    """Processor time of each frame after the first, which pays for the set-up.

    Args:
        patient: Seed of the patient.

    Returns:
        List of milliseconds.
    """
    random = np.random.default_rng(patient)
    drawn = heart.draw(random)
    settings = scanner.draw(drawn, random)
    times = np.arange(FRAMES + 1) / 50
    place = echonet.place(settings, random)
    pictures = speckle.frames(drawn, settings, place, times, random)
    next(pictures)
    spent = []
    for _ in range(FRAMES):
        start = time.process_time()
        next(pictures)
        spent.append(1000 * (time.process_time() - start))
    return spent


def main():
    """Print the median and the spread over all frames."""
    cv2.setNumThreads(1)
    spent = [each for patient in range(PATIENTS) for each in milliseconds(patient)]
    low, median, high = np.percentile(spent, [5, 50, 95])
    frames = f"{len(spent)} frames: median {median:.2f} ms"
    sys.stdout.write(f"{frames}, 5-95 % {low:.2f} to {high:.2f} ms\n")


if __name__ == "__main__":
    main()
