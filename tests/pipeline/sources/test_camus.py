import errno
import gzip
import os
import pathlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from echo_keras import errors
from echo_keras.data import schema
from pipeline.sources import camus


def read(folder, choice=4):
    listing = camus.listing(folder)
    return {
        patient.name: list(camus.read(patient, choice)) for patient in listing.patients
    }


def rejects(records):
    return [
        (item.file.rpartition("/")[2], item.reason)
        for items in records.values()
        for item in items
        if not hasattr(item, "patient")
    ]


def test_patients_follow_the_lists_and_the_others_are_reported(camus_copy):
    listing = camus.listing(camus_copy.folder)
    assert [(patient.split, patient.labelled) for patient in listing.patients] == [
        ("train", True),
        ("validation", True),
        ("test", True),
        ("unlisted", False),
    ]
    assert [(reject.file, reject.reason) for reject in listing.rejects] == [
        ("patient0004", "unlisted")
    ]


def test_both_views_give_both_phases_and_a_video(camus_copy):
    records = read(camus_copy.folder)["patient0001"]
    assert [(record.view, getattr(record, "phase", "video")) for record in records] == [
        ("2CH", "ED"),
        ("2CH", "ES"),
        ("2CH", "video"),
        ("4CH", "ED"),
        ("4CH", "ES"),
        ("4CH", "video"),
    ]
    for record in records:
        assert record.spacing == pytest.approx((0.3, 0.2))


def test_masks_keep_all_structures_and_frames_their_numbers(camus_copy):
    diastole, systole, _, reversed_diastole, *_ = read(camus_copy.folder)["patient0001"]
    assert (diastole.frame, systole.frame, reversed_diastole.frame) == (0, 5, 5)
    assert [int(record.image.max()) for record in (diastole, systole)] == [0, 50]
    assert diastole.image.shape == (12, 10)
    assert np.bincount(diastole.mask.ravel()).tolist() == [120 - 24, 12, 8, 4]
    assert diastole.ejection_fraction == 54


def test_videos_run_from_diastole_to_systole_even_if_stored_reversed(camus_copy):
    records = read(camus_copy.folder, "all")["patient0001"]
    straight, turned = records[2], records[5]
    assert straight.frame_numbers == (0, 1, 2, 3, 4, 5)
    assert turned.frame_numbers == (5, 4, 3, 2, 1, 0)
    for video in (straight, turned):
        levels = [int(frame.max()) for frame in video.frames]
        assert levels == [10 * number for number in video.frame_numbers]


def test_masks_of_a_half_sequence_become_frames_between_the_phases(camus_copy):
    masks = np.ones((6, 12, 10))
    camus_copy.write_image("patient0001", "{}_4CH_half_sequence_gt", masks)
    camus_copy.write_image("patient0004", "{}_4CH_half_sequence_gt", masks)
    records = read(camus_copy.folder)
    between = [
        record
        for record in records["patient0001"]
        if schema.family(record) == "sequence"
    ]
    assert [(record.phase, record.frame) for record in between] == [
        ("between", number) for number in (1, 2, 3, 4)
    ]
    assert [int(record.image.max()) for record in between] == [10, 20, 30, 40]
    assert {record.ejection_fraction for record in between} == {54}
    assert all(record.mask.all() for record in between)
    assert len(records["patient0004"]) == 2


def test_without_cfg_the_ends_of_a_half_sequence_are_its_phases(camus_copy):
    for view in ("2CH", "4CH"):
        camus_copy.file("patient0001", f"Info_{view}.cfg").unlink()
    masks = np.ones((6, 12, 10))
    camus_copy.write_image("patient0001", "{}_4CH_half_sequence_gt", masks)
    records = read(camus_copy.folder)["patient0001"]
    numbers = [
        record.frame for record in records if getattr(record, "phase", "") == "between"
    ]
    assert numbers == [1, 2, 3, 4]
    assert {record.quality for record in records if hasattr(record, "quality")} == {""}


def test_a_half_sequence_with_other_masks_is_a_reject(camus_copy):
    masks = np.ones((5, 12, 10))
    camus_copy.write_image("patient0001", "{}_4CH_half_sequence_gt", masks)
    [(file, reason)] = rejects(read(camus_copy.folder))
    assert file == "patient0001_4CH_half_sequence_gt.nii.gz"
    assert reason == "mask of another size"


def reported(listing):
    return [
        (reject.file.rpartition("/")[2], reject.reason) for reject in listing.rejects
    ]


def test_a_sequence_that_only_others_have_is_told_once_a_view(camus_copy):
    for view in ("2CH", "4CH"):
        for patient in ("patient0001", "patient0002", "patient0004"):
            camus_copy.file(patient, f"{{}}_{view}_half_sequence.nii.gz").unlink()
    masks = np.ones((6, 12, 10))
    camus_copy.write_image("patient0003", "{}_4CH_half_sequence_gt", masks)
    listing = camus.listing(camus_copy.folder)
    assert reported(listing) == [
        ("patient0001_2CH_half_sequence.nii.gz", "no sequence"),
        ("patient0001_4CH_half_sequence.nii.gz", "no sequence"),
        ("patient0002_2CH_half_sequence.nii.gz", "no sequence"),
        ("patient0002_4CH_half_sequence.nii.gz", "no sequence"),
        ("patient0003_2CH_half_sequence_gt.nii.gz", "no sequence"),
        ("patient0004", "unlisted"),
        ("patient0004_2CH_half_sequence.nii.gz", "no sequence"),
        ("patient0004_4CH_half_sequence.nii.gz", "no sequence"),
    ]
    folder = "database_nifti/patient0001"
    assert listing.rejects[0].file == f"{folder}/patient0001_2CH_half_sequence.nii.gz"


def test_sequences_that_nobody_has_are_not_missed(camus_copy):
    for path in camus_copy.folder.rglob("*_half_sequence.nii.gz"):
        path.unlink()
    assert reported(camus.listing(camus_copy.folder)) == [("patient0004", "unlisted")]


def test_masks_of_a_sequence_without_its_images_are_a_reject(camus_copy):
    for view in ("2CH", "4CH"):
        for patient in camus_copy.names:
            camus_copy.write_image(
                patient, f"{{}}_{view}_half_sequence_gt", np.ones((6, 12, 10))
            )
    camus_copy.file("patient0001", "{}_4CH_half_sequence.nii.gz").unlink()
    assert reported(camus.listing(camus_copy.folder)) == [("patient0004", "unlisted")]
    assert rejects(read(camus_copy.folder)) == [
        ("patient0001_4CH_half_sequence.nii.gz", "missing")
    ]


def test_quality_is_the_own_views_or_else_the_others(camus_copy):
    for view, quality in (("2CH", "ImageQuality: Poor\n"), ("4CH", "")):
        settings = camus_copy.file("patient0001", f"Info_{view}.cfg")
        settings.write_text(settings.read_text() + quality)
    settings = camus_copy.file("patient0002", "Info_4CH.cfg")
    settings.write_text(settings.read_text() + "ImageQuality: Good\n")
    settings = camus_copy.file("patient0002", "Info_2CH.cfg")
    settings.write_text(settings.read_text() + "ImageQuality: Medium\n")
    records = read(camus_copy.folder)
    told = [
        [record.quality for record in records[name] if hasattr(record, "quality")]
        for name in ("patient0001", "patient0002")
    ]
    assert told == [["poor"] * 4, ["medium"] * 2 + ["good"] * 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("EF: fifty", "bad number"),
        ("EF: -1", "bad number"),
        ("EF: 100.1", "bad number"),
        ("EF: nan", "bad number"),
        ("ED: 1.x", "bad number"),
        ("ED: 0", "bad number"),
        ("ED: 1.5", "bad number"),
        (f"ED: {'9' * 400}", "bad number"),
        ("ES: 7", "video too"),
    ],
)
def test_settings_that_cannot_be_are_told(camus_copy, line, reason):
    settings = camus_copy.file("patient0001", "Info_2CH.cfg")
    settings.write_text(f"{settings.read_text()}{line}\n")
    [(_, found)] = rejects(read(camus_copy.folder))
    assert found.startswith(reason)


@pytest.mark.parametrize("content", [None, b"", b"\r\n \n", b"EF:\n"])
def test_settings_without_a_line_in_any_view_are_told_once(camus_copy, content):
    for view in ("2CH", "4CH"):
        settings = camus_copy.file("patient0002", f"Info_{view}.cfg")
        settings.unlink()
        if content is not None:
            settings.write_bytes(content)
    camus_copy.file("patient0001", "Info_4CH.cfg").unlink()
    records = read(camus_copy.folder)
    assert rejects(records) == [("patient0002", "no settings")]
    assert len(records["patient0002"]) == 1 + 6


@pytest.mark.parametrize(
    "content", ["ED: 1\nES: 5\nEF: 50\n".encode("utf-16"), b"\x89PNG", b"Age: 60\n"]
)
def test_settings_of_which_nothing_can_be_read_are_damage(camus_copy, content):
    camus_copy.file("patient0001", "Info_4CH.cfg").write_bytes(content)
    assert rejects(read(camus_copy.folder)) == [("Info_4CH.cfg", "unreadable")]


@pytest.mark.parametrize("fraction", ["0", "100", "100.0"])
def test_an_ejection_fraction_may_be_any_percentage(camus_copy, fraction):
    settings = camus_copy.file("patient0001", "Info_2CH.cfg")
    settings.write_text(f"{settings.read_text()}EF: {fraction}\n")
    diastole, *_ = read(camus_copy.folder)["patient0001"]
    assert diastole.ejection_fraction == float(fraction)


def test_settings_may_have_windows_line_ends_and_a_mark(camus_copy):
    settings = camus_copy.file("patient0001", "Info_2CH.cfg")
    text = settings.read_text().replace("\n", "\r\n")
    settings.write_bytes(text.encode("utf-8-sig"))
    diastole, systole, *_ = read(camus_copy.folder)["patient0001"]
    assert (diastole.frame, systole.frame) == (0, 5)
    assert diastole.ejection_fraction == 54


def test_frames_strictly_between_the_phases(camus_copy):
    records = read(camus_copy.folder, "between")["patient0001"]
    assert records[2].frame_numbers == (1, 2, 3, 4)


def test_an_unlisted_patient_keeps_the_videos_alone(camus_copy):
    records = read(camus_copy.folder)["patient0004"]
    assert [type(record) for record in records] == [schema.UnlabelledVideo] * 2


def test_without_half_sequence_and_cfg_the_phases_are_the_video(camus_copy):
    for ending in ("{}_4CH_half_sequence.nii.gz", "Info_4CH.cfg"):
        camus_copy.file("patient0001", ending).unlink()
    diastole, _, video = read(camus_copy.folder)["patient0001"][3:]
    assert diastole.frame == -1
    assert diastole.ejection_fraction == 54
    assert video.frame_numbers == (-1, -1)
    assert [int(frame.max()) for frame in video.frames] == [50, 0]


def damage(path, how):
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-20],
            "plain": gzip.decompress(content),
            "text": b"no image at all",
            "empty": b"",
            "packed too late": gzip.compress(gzip.decompress(content)[:-20]),
        }[how]
    )


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("cut", "damaged compression"),
        ("plain", "damaged compression"),
        ("text", "damaged compression"),
        ("empty", "unreadable"),
        ("packed too late", "unreadable"),
    ],
)
def test_a_damaged_file_is_a_reject_and_the_rest_is_kept(camus_copy, how, reason):
    damage(camus_copy.file("patient0001", "{}_4CH_ES.nii.gz"), how)
    records = read(camus_copy.folder)
    assert rejects(records) == [("patient0001_4CH_ES.nii.gz", reason)]
    assert len(records["patient0001"]) == 6


@pytest.mark.parametrize(
    ("ending", "values", "reason"),
    [
        ("{}_4CH_ED_gt", np.ones((10, 12)), "mask of another size"),
        ("{}_4CH_ED_gt", np.full((12, 10), 4), "values out of range"),
        ("{}_4CH_ED_gt", np.full((12, 10), 2), "empty mask"),
        ("{}_4CH_ED", np.full((12, 10), 256), "values out of range"),
        ("{}_4CH_ED", np.full((12, 10), 0.5), "values out of range"),
        ("{}_4CH_ED", np.ones((2, 12, 10)), "not one image"),
    ],
)
def test_images_that_cannot_be_are_rejects(camus_copy, ending, values, reason):
    camus_copy.write_image("patient0001", ending, values)
    [(file, found)] = rejects(read(camus_copy.folder))
    assert (file, found) == (ending.format("patient0001") + ".nii.gz", reason)


def test_missing_files_and_patients_are_rejects(camus_copy):
    camus_copy.file("patient0002", "{}_2CH_ED_gt.nii.gz").unlink()
    camus_copy.split("testing").write_text("patient0003\npatient0009\n")
    listing = camus.listing(camus_copy.folder)
    missing = [reject.file for reject in listing.rejects if reject.reason == "missing"]
    assert missing == ["patient0009"]
    assert rejects(read(camus_copy.folder)) == [
        ("patient0002_2CH_ED_gt.nii.gz", "missing")
    ]


def test_what_is_no_file_of_the_data_set_is_told(camus_copy):
    for ending in ("{}_4CH_EDD.nii.gz", "Thumbs.db", ".hidden"):
        camus_copy.file("patient0001", ending).touch()
    camus_copy.file("patient0007", "").mkdir()
    for path in camus_copy.file("patient0004", "").glob("*.nii.gz"):
        path.unlink()
    listing = camus.listing(camus_copy.folder)
    assert [(reject.file, reject.reason) for reject in listing.rejects] == [
        ("patient0004", "missing"),
        ("database_nifti/patient0001/Thumbs.db", "unknown file"),
        ("database_nifti/patient0001/patient0001_4CH_EDD.nii.gz", "unknown file"),
        ("database_nifti/patient0007/", "empty folder"),
    ]


def test_what_lies_outside_the_patients_folders_is_told(camus_copy):
    home = camus_copy.folder / "database_nifti"
    image = camus_copy.file("patient0003", "{}_4CH_ED.nii.gz")
    for path in (
        *("Patient_0004/x.nii.gz", f"patient0003 (1)/{image.name}", "notes.txt"),
        *("patient0003/more/x.nii", ".hidden", ".hidden folder/x.nii", "a/.b/x.nii"),
    ):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(image.read_bytes())
    (home / "later").mkdir()
    found = camus.listing(camus_copy.folder).rejects
    assert [(reject.file, reject.reason) for reject in found] == [
        ("patient0004", "unlisted"),
        ("database_nifti/Patient_0004/x.nii.gz", "unknown file"),
        ("database_nifti/later/", "empty folder"),
        ("database_nifti/notes.txt", "unknown file"),
        (f"database_nifti/patient0003 (1)/{image.name}", "unknown file"),
        ("database_nifti/patient0003/more/x.nii", "unknown file"),
    ]


def test_images_may_be_uncompressed(camus_copy):
    image = camus_copy.file("patient0001", "{}_2CH_ED.nii.gz")
    plain = image.with_suffix("")
    plain.write_bytes(gzip.decompress(image.read_bytes()))
    image.unlink()
    assert rejects(read(camus_copy.folder)) == []


def test_of_two_formats_the_compressed_one_is_read(camus_copy):
    image = camus_copy.file("patient0001", "{}_2CH_ED.nii.gz")
    image.with_suffix("").write_bytes(b"no image at all")
    assert reported(camus.listing(camus_copy.folder)) == [
        ("patient0004", "unlisted"),
        ("patient0001_2CH_ED.nii", "duplicate file"),
    ]
    assert rejects(read(camus_copy.folder)) == []


def test_a_missing_file_goes_by_the_path_where_it_should_lie(tmp_path):
    write_original(tmp_path / "testing", "patient0001", masks=False)
    path = tmp_path / "testing" / "patient0001" / "patient0001_4CH_ES.mhd"
    path.unlink()
    [reject, _] = read(tmp_path)["testing_patient0001"]
    assert reject.file == path.relative_to(tmp_path).as_posix()


def test_a_listed_patient_without_any_mask_is_reported(camus_copy):
    for path in camus_copy.file("patient0002", "").glob("*_gt.nii.gz"):
        path.unlink()
    found = [(r.file, r.reason) for r in camus.listing(camus_copy.folder).rejects]
    assert ("patient0002", "untraced") in found
    assert ("patient0004", "untraced") not in found


def test_a_view_that_only_others_have_is_reported(camus_copy):
    for path in camus_copy.file("patient0002", "").glob("*2CH*"):
        path.unlink()
    [found] = [
        reject
        for reject in camus.listing(camus_copy.folder).rejects
        if reject.file == "patient0002"
    ]
    assert found.reason == "missing"
    assert "2CH view" in found.detail


def test_a_link_that_leads_nowhere_is_a_reject(camus_copy):
    image = camus_copy.file("patient0001", "{}_2CH_ED.nii.gz")
    image.unlink()
    image.symlink_to(image)
    assert rejects(read(camus_copy.folder)) == [(image.name, "missing")]


def test_a_patient_in_two_splits_is_refused(camus_copy):
    camus_copy.split("testing").write_text("patient0001\n")
    with pytest.raises(errors.InputError, match=r"testing\.txt names patient0001, who"):
        camus.listing(camus_copy.folder)


def test_missing_lists_and_other_folders_are_refused(camus_copy, echonet_copy):
    with pytest.raises(errors.InputError, match="looks like EchoNet-Dynamic"):
        camus.listing(echonet_copy.write())
    with pytest.raises(errors.InputError, match=r"there is one in .*camus"):
        camus.listing(camus_copy.folder.parent)
    camus_copy.split("testing").unlink()
    with pytest.raises(errors.InputError, match=r"lacks .*subgroup_testing\.txt"):
        camus.listing(camus_copy.folder)


def write_original(folder, patient, *, masks, compressed=False):
    """A patient of the release of 2019: MetaImage, anisotropic, three dimensions."""
    where = folder / patient
    where.mkdir(parents=True)
    for part in ("ED", "ES", *(("ED_gt", "ES_gt") if masks else ())):
        levels = np.full((1, 9, 7), 1 if part.endswith("gt") else 200, np.uint8)
        image = sitk.GetImageFromArray(levels)
        image.SetSpacing((0.308, 0.154, 1.54))
        path = where / f"{patient}_4CH_{part}.mhd"
        sitk.WriteImage(image, str(path), useCompression=compressed)
    (where / "Info_4CH.cfg").write_text("ED: 1\nES: 9\nLVedv: 100.0\nLVef: 55.5\n")


def test_the_release_of_2019_is_read_by_its_folders(tmp_path):
    write_original(tmp_path / "training", "patient0001", masks=True)
    write_original(tmp_path / "testing", "patient0001", masks=False)
    (tmp_path / "testing" / "patient0002").mkdir()
    listing = camus.listing(tmp_path)
    assert [(patient.name, patient.split) for patient in listing.patients] == [
        ("patient0001", "train"),
        ("testing_patient0001", "test"),
    ]
    assert [(reject.file, reject.reason) for reject in listing.rejects] == [
        ("testing/patient0002/", "empty folder")
    ]
    records = read(tmp_path)
    diastole, systole, _ = records["patient0001"]
    assert diastole.spacing == (0.154, 0.308)
    assert diastole.image.shape == (9, 7)
    assert diastole.ejection_fraction == 55.5
    assert (diastole.frame, systole.frame) == (0, 8)
    [video] = records["testing_patient0001"]
    assert len(video.frames) == 2


def test_two_releases_in_one_folder_are_refused(camus_copy):
    write_original(camus_copy.folder / "training", "patient0003", masks=True)
    with pytest.raises(errors.InputError, match=r"two releases .* and training, which"):
        camus.listing(camus_copy.folder)


def test_data_beside_other_data_of_their_image_are_told(tmp_path):
    where = tmp_path / "training"
    write_original(where, "patient0001", masks=True, compressed=True)
    (where / "patient0001" / "patient0001_4CH_ES.raw").write_bytes(b"which?")
    assert reported(camus.listing(tmp_path)) == [
        ("patient0001_4CH_ES.raw", "duplicate file")
    ]
    assert rejects(read(tmp_path)) == []


@pytest.mark.parametrize(
    ("ending", "change", "reason"),
    [
        ("raw", lambda content: content[:30], "unreadable"),
        ("zraw", lambda content: content[:-5], "damaged compression"),
        ("zraw", lambda content: content[:-4] + b"oops", "damaged compression"),
    ],
)
def test_damaged_data_beside_a_header_are_a_reject(tmp_path, ending, change, reason):
    compressed = ending == "zraw"
    write_original(
        tmp_path / "training", "patient0001", masks=True, compressed=compressed
    )
    data = tmp_path / "training" / "patient0001" / f"patient0001_4CH_ES.{ending}"
    assert rejects(read(tmp_path)) == []
    data.write_bytes(change(data.read_bytes()))
    assert rejects(read(tmp_path)) == [("patient0001_4CH_ES.mhd", reason)]


def test_packed_data_may_have_the_plain_ones_name(tmp_path):
    write_original(tmp_path / "training", "patient0001", masks=True, compressed=True)
    header = tmp_path / "training" / "patient0001" / "patient0001_4CH_ES.mhd"
    header.with_suffix(".zraw").rename(header.with_suffix(".raw"))
    header.write_text(header.read_text().replace(".zraw", ".raw"))
    assert rejects(read(tmp_path)) == []


def test_a_file_that_may_not_be_read_is_not_called_damaged(camus_copy, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", refuse)
    read_all = read(camus_copy.folder)["patient0001"]
    found = {(item.reason, item.detail) for item in read_all}
    assert found == {("unreadable", "Permission denied")}


def test_a_header_without_its_data_is_a_reject(tmp_path):
    write_original(tmp_path / "training", "patient0001", masks=True)
    (tmp_path / "training" / "patient0001" / "patient0001_4CH_ES.raw").unlink()
    assert rejects(read(tmp_path)) == [("patient0001_4CH_ES.mhd", "missing")]


@pytest.mark.skipif(
    "ECHO_KERAS_CAMUS" not in os.environ, reason="ECHO_KERAS_CAMUS names no CAMUS"
)
def test_real_patients_are_read_without_a_reject():
    listing = camus.listing(os.environ["ECHO_KERAS_CAMUS"])
    assert {reject.reason for reject in listing.rejects} <= {"unlisted"}
    for patient in listing.patients[:3]:
        diastole, systole, _ = camus.read(patient, 8)
        assert (diastole.phase, systole.phase) == ("ED", "ES")
        assert np.unique(diastole.mask).tolist() == [0, 1, 2, 3]
        assert (diastole.mask == 1).sum() > (systole.mask == 1).sum()
