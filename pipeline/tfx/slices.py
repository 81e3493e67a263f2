"""Slices of scored cases: by phase, image quality and ejection fraction."""

import math

from echo_keras.metrics import scores as summed

BANDS = {"EF below 40": (0, 40), "EF 40 to 54": (40, 55), "EF 55 and more": (55, 101)}
"""Ejection fraction in percent, first end included: reduced, mildly reduced, normal.

Source: the cut at 40 is that of the 2021 guideline on heart failure of the European
Society of Cardiology, https://doi.org/10.1093/eurheartj/ehab368; that at 55 lies at
the lower end of what is normal, https://doi.org/10.1016/j.echo.2014.10.003
"""


def names(frame):
    """Names of the slices that a measured, labelled frame belongs to."""
    found = [f"phase {frame.phase}"]
    if frame.quality:
        found.append(f"quality {frame.quality}")
    if not math.isnan(frame.ejection_fraction):
        found += [
            name
            for name, (low, high) in BANDS.items()
            if low <= frame.ejection_fraction < high
        ]
    return found


def key(case):
    """What tells a case from the others: patient, view, phase and frame."""
    return case["patient"], case["view"], case["phase"], case["frame"]


def by_case(frames):
    """Dict of the key of each case to the names of its slices."""
    return {
        (frame.patient, frame.view, frame.phase, frame.number): names(frame)
        for frame in frames
    }


def scores(cases):
    """Sum up the cases of every slice.

    Args:
        cases: The `facts` of scored cases as of `echo_keras.serving.evaluate`, with
            the names of their `slices`.

    Returns:
        Dict of the slice's name to `echo_keras.metrics.scores.summary`.
    """
    found = {}
    for case in cases:
        for name in case["slices"]:
            found.setdefault(name, []).append(case)
    return {name: summed.summary(found[name]) for name in sorted(found)}
