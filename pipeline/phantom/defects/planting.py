"""Choice of defects, and their planting in a finished phantom."""

import itertools
import json

import numpy as np

from echo_keras import errors
from pipeline.phantom import splits

PLANTED = "planted.jsonl"
_STREAM = 3


def chosen(text, kinds, *, patients, shares):
    """Names of the defects that are asked for.

    Args:
        text: `all`, or names with commas between them.
        kinds: Module of the form's defects.
        patients: How many patients the data set has.
        shares: Dict of split to its share; nothing befalls patients in no split.

    Returns:
        Names in the order in which they are planted, none twice.

    Raises:
        InputError: A name is unknown, or there are more defects than patients.
    """
    known = [*kinds.OF_PATIENTS, *kinds.OF_THE_WHOLE]
    names = known if text == "all" else [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise errors.InputError(
            f"no defect {unknown[0]!r} for this layout; choose all, or of "
            f"{', '.join(known)}"
        )
    fewest = _fewest(len(kinds.OF_PATIENTS.keys() & names), shares)
    if patients < fewest:
        raise errors.InputError(
            f"{patients} patients are too few for these defects, each on a patient of "
            f"its own; ask for {fewest} or more"
        )
    return [name for name in known if name in names]


def plant(folder, names, kinds, *, seed):
    """Spoil a data set, each patient once at most, and tell how in `planted.jsonl`.

    Args:
        folder: `pathlib.Path` of the finished data set.
        names: What `chosen` returned.
        kinds: Module of the form's defects.
        seed: Seed of the data set, which decides whom the defects befall.
    """
    random = np.random.default_rng([seed, _STREAM])
    befallen = iter(random.permutation(kinds.patients(folder)).tolist())
    lines = []
    for name in names:
        if name in kinds.OF_PATIENTS:
            patient = next(befallen)
            told = kinds.OF_PATIENTS[name](folder, patient)
        else:
            patient = None
            told = kinds.OF_THE_WHOLE[name](folder)
        lines += [
            {"defect": name, "patient": patient, "file": file, "reason": reason}
            for file, reason in told
        ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / PLANTED).write_text(text)


def _fewest(listed, shares):
    """Size of the smallest data set with so many patients in its splits."""
    return next(
        size
        for size in itertools.count()
        if sum(bool(split) for split in splits.assign(size, shares)) >= listed
    )
