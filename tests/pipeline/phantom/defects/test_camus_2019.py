"""Data of one still are spoilt, whichever manner it was written in before."""

import zlib

import numpy as np
import pytest
import SimpleITK

from pipeline.phantom import camus_2019
from pipeline.phantom.defects import camus_2019 as defects

SHAPE = (1, 40, 50)
BYTES = 40 * 50


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def folder(request, tmp_path):
    """Patients of both splits, one of them without any file."""
    random = np.random.default_rng(0)
    for home in ("training/patient0002", "training/patient0001", "testing/patient0001"):
        (tmp_path / home).mkdir(parents=True)
        (tmp_path / home / "Info_2CH.cfg").touch()
        for view in ("4CH", "2CH"):
            for part in ("ED", "ES"):
                camus_2019.write_image(
                    tmp_path / home / f"{home.split('/')[1]}_{view}_{part}.mhd",
                    random.integers(0, 256, SHAPE, np.uint8),
                    compressed=request.param,
                )
    (tmp_path / "training" / "patient0003").mkdir()
    return tmp_path


@pytest.fixture
def still(folder):
    """Path without ending of the first ED image of the test patient."""
    return folder / "testing" / "patient0001" / "patient0001_2CH_ED"


@pytest.fixture
def plant(folder):
    def plant(defect):
        return list(defects.OF_PATIENTS[defect](folder, "testing_patient0001"))

    return plant


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.*")}


def pixels(still):
    image = SimpleITK.ReadImage(str(still.with_suffix(".mhd")))
    return SimpleITK.GetArrayFromImage(image)


def test_patients_are_those_with_files_and_tests_bear_their_splits_name(folder):
    names = ["testing_patient0001", "patient0001", "patient0002"]
    assert defects.patients(folder) == names


@pytest.mark.parametrize("defect", defects.OF_PATIENTS)
def test_only_the_named_patients_first_still_is_touched(folder, still, plant, defect):
    before = contents(folder)
    [(file, _)] = plant(defect)
    after = contents(folder)
    ending = ".raw" if defect == "doubled-data" else ".mhd"
    assert folder / file == still.with_suffix(ending)
    changed = {
        path for path in {*before, *after} if before.get(path) != after.get(path)
    }
    assert changed
    assert {path.with_suffix("") for path in changed} == {still}


def test_half_of_the_data_is_cut_off(still, plant):
    whole = pixels(still).tobytes()
    assert plant("cut-raw")[0][1] == "unreadable"
    assert still.with_suffix(".raw").read_bytes() == whole[: BYTES // 2]
    assert not still.with_suffix(".zraw").exists()


def test_half_of_the_compressed_data_is_cut_off(folder, still, plant):
    whole = pixels(still).tobytes()
    assert plant("cut-zraw")[0][1] == "damaged compression"
    stream = zlib.decompressobj()
    found = stream.decompress(still.with_suffix(".zraw").read_bytes())
    assert not stream.eof
    assert 0 < len(found) < BYTES
    assert whole.startswith(found)
    assert not still.with_suffix(".raw").exists()


def test_garbled_data_keep_all_but_a_hundred_bytes(still, plant, tmp_path):
    camus_2019.write_image(tmp_path / "copy.mhd", pixels(still), compressed=True)
    before = (tmp_path / "copy.zraw").read_bytes()
    assert plant("garbled-zraw")[0][1] == "damaged compression"
    after = still.with_suffix(".zraw").read_bytes()
    assert len(after) == len(before)
    assert after.count(bytes(100)) == 1
    start = after.index(bytes(100))
    assert (
        after[:start] + after[start + 100 :] == before[:start] + before[start + 100 :]
    )
    with pytest.raises(zlib.error):
        zlib.decompress(after)


def test_a_header_is_left_without_data(still, plant):
    assert plant("missing-raw")[0][1] == "missing"
    header = still.with_suffix(".mhd").read_text()
    assert "ElementDataFile = patient0001_2CH_ED.raw" in header
    assert [path.suffix for path in still.parent.glob(f"{still.name}.*")] == [".mhd"]


def test_data_beside_those_of_the_header_change_no_pixel(still, plant):
    before = pixels(still)
    assert plant("doubled-data")[0][1] == "duplicate file"
    assert still.with_suffix(".raw").stat().st_size < BYTES
    np.testing.assert_array_equal(pixels(still), before)
