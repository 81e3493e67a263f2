"""Which patients are labelled: nested, seeded and drawn by patient."""

import hashlib

from echo_keras import errors


def draw(patients, fraction, *, seed=0, unit="patients"):
    """Draw the labelled patients of a training run.

    Every patient has a place in a line that depends on the seed and its own name
    alone; a fraction takes the front of the line. So a small fraction lies inside
    every larger one, whatever the order of the files.

    Args:
        patients: Names of all labelled patients, or of what else is drawn.
        fraction: Share to keep, in (0, 1]; the count is rounded to the nearest.
        seed: Which line to stand in.
        unit: What is drawn, for the sentence.

    Returns:
        Sorted list of the names drawn, at least one.

    Raises:
        InputError: The fraction is out of range or keeps no patient.
    """
    if not 0 < fraction <= 1:
        raise errors.InputError(
            f"fraction {fraction} is outside (0, 1]; 0.05 means 5 % of the {unit}"
        )
    unique = sorted(set(patients))
    count = int(fraction * len(unique) + 0.5)
    if count == 0:
        raise errors.InputError(
            f"fraction {fraction} of {len(unique)} {unit} selects none; "
            f"use at least {_smallest(len(unique))}"
        )
    return sorted(sorted(unique, key=lambda name: _place(name, seed))[:count])


def _place(patient, seed):
    return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()


def _smallest(patients):
    return f"{0.5 / patients:.3g}" if patients else "a data set that has patients"
