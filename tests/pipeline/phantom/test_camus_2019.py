"""Phantom MetaImages and settings are as those of CAMUS's original release."""

import numpy as np
import pytest
import SimpleITK

from pipeline import phantom

PATIENTS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("camus") / "2019"
    phantom.write("camus", PATIENTS, 5, output, release="2019", half_sequence=False)
    return output


@pytest.fixture(scope="module")
def current(tmp_path_factory):
    output = tmp_path_factory.mktemp("camus") / "current"
    phantom.write("camus", 1, 5, output, half_sequence=False)
    return output


def read(path):
    image = SimpleITK.ReadImage(str(path))
    return SimpleITK.GetArrayFromImage(image), image.GetSpacing()


def settings(path):
    return dict(line.split(": ") for line in path.read_text().splitlines())


def test_training_and_testing_are_numbered_apart_and_end_with_nobody(folder):
    found = {split: [] for split in ("training", "testing")}
    for split, names in found.items():
        names += sorted(path.name for path in (folder / split).iterdir())
        assert list((folder / split / names[-1]).iterdir()) == []
    assert found == {
        "training": ["patient0001", "patient0002", "patient0003", "patient0004"],
        "testing": ["patient0001", "patient0002"],
    }


def test_testing_has_images_alone(folder):
    kinds = {
        split: {
            path.name.split("_", 2)[2] for path in folder.glob(f"{split}/*/*CH_*.mhd")
        }
        for split in ("training", "testing")
    }
    assert kinds["testing"] == {"ED.mhd", "ES.mhd"}
    assert kinds["training"] == {"ED.mhd", "ES.mhd", "ED_gt.mhd", "ES_gt.mhd"}


def test_data_lie_beside_their_header_plain_or_compressed(folder):
    for header in folder.rglob("*.mhd"):
        found = [header.with_suffix(end).exists() for end in (".raw", ".zraw")]
        assert sum(found) == 1
    assert list(folder.rglob("*.raw"))
    assert list(folder.rglob("*.zraw"))


def test_images_are_one_slice_of_pixels_twice_as_wide_as_high(folder):
    for part, values in (("ED", range(100, 256)), ("ED_gt", [3])):
        home = folder / "training" / "patient0001"
        pixels, spacing = read(home / f"patient0001_4CH_{part}.mhd")
        assert pixels.dtype == np.uint8
        assert len(pixels) == 1
        assert pixels.max() in values
        assert spacing[:2] == pytest.approx((0.308, 0.154))


@pytest.mark.parametrize("view", ["4CH", "2CH"])
def test_hearts_are_as_large_as_in_the_current_release(folder, current, view):
    name = f"patient0001_{view}_ED_gt"
    old, _ = read(folder / "training" / "patient0001" / f"{name}.mhd")
    new, _ = read(current / "database_nifti" / "patient0001" / f"{name}.nii.gz")
    for label in (1, 2, 3):
        mine, theirs = np.argwhere(old[0] == label), np.argwhere(new == label)
        size = len(mine) * 0.154 * 0.308
        assert size == pytest.approx(len(theirs) * 0.308**2, rel=0.01)
        middle = mine.mean(axis=0) * (0.154, 0.308)
        assert middle == pytest.approx(theirs.mean(axis=0) * 0.308, abs=0.4)


def test_settings_give_volumes_and_the_fraction_that_follows(folder):
    keys = "ED ES NbFrame Sex Age ImageQuality LVedv LVesv LVef FrameRate"
    for path in folder.rglob("*.cfg"):
        facts = settings(path)
        assert list(facts) == keys.split()
        diastolic, systolic = float(facts["LVedv"]), float(facts["LVesv"])
        fraction = 100 * (1 - systolic / diastolic)
        assert float(facts["LVef"]) == pytest.approx(fraction, abs=0.2)


def test_the_sequence_runs_between_the_two_phases(tmp_path):
    options = {"release": "2019", "views": ("2CH",)}
    phantom.write("camus", 1, 0, tmp_path / "data", **options)
    home = tmp_path / "data" / "training" / "patient0001"
    frames, _ = read(home / "patient0001_2CH_sequence.mhd")
    facts = settings(home / "Info_2CH.cfg")
    assert len(frames) == int(facts["NbFrame"])
    for phase in ("ED", "ES"):
        [still], _ = read(home / f"patient0001_2CH_{phase}.mhd")
        np.testing.assert_array_equal(frames[int(facts[phase]) - 1], still)
    assert not list(home.glob("*sequence_gt*"))
    assert not list(home.glob("*4CH*"))
