"""What the job need not report is spoilt all the same."""

import gzip

import numpy as np
import pytest
import SimpleITK

from pipeline import phantom
from pipeline.phantom.defects import camus, planting


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound") / "data"
    phantom.write("camus", 1, 3, folder, views=("4CH",))
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    phantom_copy = tmp_path / "data"
    for path in sound.rglob("*.*"):
        copy = phantom_copy / path.relative_to(sound)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return phantom_copy


def plant(folder, defect):
    planting.plant(folder, [defect], camus, seed=0)


def file(folder, ending):
    return folder / "database_nifti" / "patient0001" / ending


def pixels(folder, part):
    path = file(folder, f"patient0001_4CH_{part}.nii.gz")
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))


def settings(folder):
    lines = file(folder, "Info_4CH.cfg").read_text().splitlines()
    return dict(line.split(": ") for line in lines)


def test_masks_leave_a_narrow_sector(sound, folder):
    plant(folder, "narrow-sector")
    for part in ("ED", "ES", "half_sequence"):
        before, after = pixels(sound, part), pixels(folder, part)
        assert 0.3 < (after > 0).sum() / (before > 0).sum() < 0.95
        assert (after[after > 0] == before[after > 0]).all()
    mask = pixels(folder, "ED_gt")
    np.testing.assert_array_equal(mask, pixels(sound, "ED_gt"))
    blind = (mask > 0) & (pixels(folder, "ED") == 0) & (pixels(sound, "ED") > 0)
    assert 0 < blind.sum() < 0.5 * (mask > 0).sum()


def test_a_reversed_sequence_begins_with_systole(sound, folder):
    plant(folder, "reversed-sequence")
    before, after = settings(sound), settings(folder)
    assert (after["ED"], after["ES"]) == (before["ES"], before["ED"])
    for kind in ("", "_gt"):
        frames = pixels(folder, f"half_sequence{kind}")
        for phase in ("ED", "ES"):
            still = pixels(folder, f"{phase}{kind}")
            np.testing.assert_array_equal(frames[int(after[phase]) - 1], still)
    plant(folder, "reversed-sequence")
    assert settings(folder) == after


def test_an_image_is_stored_without_compression(sound, folder):
    plant(folder, "without-gz")
    packed = file(sound, "patient0001_4CH_ED.nii.gz")
    plain = file(folder, "patient0001_4CH_ED.nii")
    assert plain.read_bytes() == gzip.decompress(packed.read_bytes())
    assert not file(folder, "patient0001_4CH_ED.nii.gz").exists()


def test_an_image_is_stored_with_and_without_compression(sound, folder):
    plant(folder, "doubled-format")
    packed = file(folder, "patient0001_4CH_ES.nii.gz")
    assert packed.read_bytes() == file(sound, packed.name).read_bytes()
    plain = file(folder, "patient0001_4CH_ES.nii")
    assert plain.read_bytes() == gzip.decompress(packed.read_bytes())


def test_a_still_has_two_frames(sound, folder):
    plant(folder, "not-one-image")
    first, second = pixels(folder, "ED")
    np.testing.assert_array_equal(first, pixels(sound, "ED"))
    np.testing.assert_array_equal(second, first)


def test_settings_are_gone_in_all_views(folder):
    copy = file(folder, "Info_2CH.cfg")
    copy.write_text(file(folder, "Info_4CH.cfg").read_text())
    plant(folder, "missing-settings")
    assert not list(copy.parent.glob("*.cfg"))


@pytest.mark.parametrize(
    ("defect", "path"),
    [
        ("windows-settings", "database_nifti/patient0001/Info_4CH.cfg"),
        ("windows-lists", "database_split/subgroup_training.txt"),
    ],
)
def test_text_comes_from_windows(sound, folder, defect, path):
    plant(folder, defect)
    content = (folder / path).read_bytes()
    assert content[:3] == b"\xef\xbb\xbf"
    assert content.count(b"\r\n") == content.count(b"\n") > 0
    assert content.decode("utf-8-sig").split() == (sound / path).read_text().split()


def test_links_lead_back_and_around(folder):
    for defect in ("folder-loop", "linked-folder"):
        plant(folder, defect)
    home = folder / "database_nifti"
    assert (home / "again" / "database_nifti").samefile(home)
    assert (folder / "all").samefile(home)
