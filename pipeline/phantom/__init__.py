"""Synthetic hearts in the data sets' own formats."""

import concurrent.futures
import functools
import multiprocessing
import os

from echo_keras import aside, errors, progress
from pipeline.phantom import camus, camus_2019, echonet
from pipeline.phantom.defects import camus as camus_defects
from pipeline.phantom.defects import camus_2019 as camus_2019_defects
from pipeline.phantom.defects import echonet as echonet_defects
from pipeline.phantom.defects import planting

LAYOUTS = {
    "echonet": {"current": (echonet, echonet_defects)},
    "camus": {
        "current": (camus, camus_defects),
        "2019": (camus_2019, camus_2019_defects),
    },
}
_PATIENTS_PER_WORKER = 8


def write(
    layout,
    patients,
    seed,
    output,
    *,
    release="current",
    defects=None,
    workers=None,
    **options,
):
    """Write a data set of beating hearts; patient i of a seed is always drawn alike.

    Args:
        layout: "echonet" or "camus".
        patients: How many patients, positive.
        seed: Whole number, not negative.
        output: Folder to make; nothing, or an empty folder, may stand there.
        release: "current", or "2019" for the original release of CAMUS.
        defects: Names of defects to plant, with commas between them, or `all`; what
            was planted where is told in `planted.jsonl`.
        workers: Processes; as many as pay if None. The files do not depend on it.
        **options: Passed to `echonet.write_patient` or `camus.write_patient`.

    Returns:
        Number of patients written.

    Raises:
        InputError: An unknown layout, release or defect, a count or seed out of range,
            an option that the layout cannot meet, or an output that exists.
    """
    form, kinds = _form(layout, release)
    if patients < 1:
        raise errors.InputError(f"cannot write {patients} patients; ask for 1 or more")
    if seed < 0:
        raise errors.InputError(f"seed {seed} is negative; give 0 or more")
    names = []
    if defects is not None:
        names = planting.chosen(defects, kinds, patients=patients, shares=form.SHARES)
    with aside.folder(output) as folder:
        form.prepare(folder)
        make = functools.partial(form.write_patient, folder, seed=seed, **options)
        form.finish(folder, _written(make, patients, workers))
        if names:
            planting.plant(folder, names, kinds, seed=seed)
    return patients


def _written(make, patients, workers):
    """What `make` returns for each patient, told as they are written."""
    written = []
    with progress.bar("phantom", patients, unit="patients") as advance:
        for patient in _spread(make, range(patients), workers):
            written.append(patient)
            advance()
    return written


def _form(layout, release):
    if layout not in LAYOUTS:
        known = " or ".join(LAYOUTS)
        raise errors.InputError(f"no layout {layout!r}; choose {known}")
    if release not in LAYOUTS[layout]:
        known = " or ".join(LAYOUTS[layout])
        raise errors.InputError(f"{layout} has no release {release!r}; choose {known}")
    return LAYOUTS[layout][release]


def _spread(make, indices, workers):
    """Results of `make` in order, from several processes where that pays."""
    if workers is None:
        most = max(len(indices) // _PATIENTS_PER_WORKER, 1)
        workers = min(os.cpu_count() or 1, most)
    if workers == 1:
        yield from map(make, indices)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool:
        yield from pool.map(make, indices)
