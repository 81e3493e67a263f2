"""Phantoms are as bright, as grainy and as large as the hearts of CAMUS."""

import os
import pathlib

import numpy as np
import pytest
import SimpleITK

from pipeline import phantom

CAMUS = os.environ.get("ECHO_KERAS_CAMUS")
PATIENTS = 24


def facts(patient):
    """Brightness and spread of cavity and wall, and the cavity's share of the image."""
    kinds = "ED", "ED_gt"
    paths = [patient / f"{patient.name}_4CH_{kind}.nii.gz" for kind in kinds]
    pixels, marks = (
        SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))) for path in paths
    )
    cavity, wall, sector = pixels[marks == 1], pixels[marks == 2], pixels[pixels > 0]
    return {
        "cavity": cavity.mean(),
        "cavity's grain": cavity.std(),
        "wall": wall.mean(),
        "contrast": wall.mean() - cavity.mean(),
        "sector": np.median(sector),
        "highlights": np.percentile(sector, 99),
        "cavity's share": 100 * (marks == 1).mean(),
    }


def medians(folder):
    patients = sorted((pathlib.Path(folder) / "database_nifti").iterdir())
    rows = [facts(patient) for patient in patients[:: len(patients) // PATIENTS]]
    return {name: np.median([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.skipif(not CAMUS, reason="ECHO_KERAS_CAMUS names no folder")
def test_phantoms_measure_like_real_hearts(tmp_path):
    options = {"views": ("4CH",), "half_sequence": False}
    phantom.write("camus", PATIENTS, 1, tmp_path / "phantoms", **options)
    assert medians(tmp_path / "phantoms") == pytest.approx(medians(CAMUS), rel=0.25)
