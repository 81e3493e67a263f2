"""Files and settings are found by their names, and only what is named changes."""

import numpy as np
import pytest

from pipeline.phantom import camus
from pipeline.phantom.defects import camus_files

SETTINGS = "ED: 1\nES: 19\nNbFrame: 19\nEF: 54\n"


@pytest.fixture
def folder(tmp_path):
    """A patient of two views, whose images have the number of their name's letters."""
    home = tmp_path / "database_nifti" / "patient0002"
    home.mkdir(parents=True)
    for view in ("2CH", "4CH"):
        (home / f"Info_{view}.cfg").write_text(SETTINGS)
        for part in ("ED", "ES", "half_sequence", "half_sequence_gt", "ED_gt"):
            path = home / f"patient0002_{view}_{part}.nii.gz"
            camus.write_image(path, np.full((3, 4), len(part), np.uint8))
    (tmp_path / "database_split").mkdir()
    for split, names in (
        ("validation", "z\n"),
        ("testing", "b\na\n"),
        ("training", ""),
    ):
        path = tmp_path / "database_split" / f"subgroup_{split}.txt"
        path.write_text(names)
    return tmp_path


def test_patients_are_those_of_the_lists_whoever_has_files(folder):
    assert camus_files.patients(folder) == ["b", "a", "z"]


def test_parts_and_settings_are_the_first_views(folder):
    home = folder / "database_nifti" / "patient0002"
    image = camus_files.image(folder, "patient0002", "ED_gt")
    assert image == home / "patient0002_2CH_ED_gt.nii.gz"
    assert camus_files.settings(folder, "patient0002") == home / "Info_2CH.cfg"
    found = camus_files.images(folder, "patient0002", "half_sequence*")
    names = ["patient0002_2CH_half_sequence", "patient0002_2CH_half_sequence_gt"]
    assert found == [home / f"{name}.nii.gz" for name in names]


def test_pixels_are_those_that_were_written(folder):
    found = camus_files.pixels(camus_files.image(folder, "patient0002", "ED_gt"))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.full((3, 4), 5))


def test_numbers_are_read_back_as_they_are_given():
    text = camus_files.given(SETTINGS, ED=19, ES=1)
    assert text == "ED: 19\nES: 1\nNbFrame: 19\nEF: 54\n"
    assert [camus_files.number(text, key) for key in ("ED", "ES", "EF")] == [19, 1, 54]
    assert camus_files.given(SETTINGS, Frame=3, E=4) == SETTINGS
    assert camus_files.number("ReadED: 7\nED: 12\n", "ED") == 12


def test_windows_ends_every_line_in_two_bytes_after_a_mark(tmp_path):
    path = tmp_path / "Info_2CH.cfg"
    path.write_text("ED: 1\n\nES: 2")
    camus_files.to_windows(path)
    assert path.read_bytes() == b"\xef\xbb\xbfED: 1\r\n\r\nES: 2"
