import math

import numpy as np
import pytest

from echo_keras import errors
from echo_keras.data import schema
from pipeline.sources import echonet, listings


def rejected(listing):
    return [(reject.file, reject.reason) for reject in listing.rejects]


def read(folder, choice=4):
    listing = echonet.listing(folder)
    return [
        item for patient in listing.patients for item in echonet.read(patient, choice)
    ]


def reasons(folder):
    return [item.reason for item in read(folder) if not hasattr(item, "patient")]


@pytest.mark.parametrize(
    "manner",
    [
        {},
        {"file_name": "{}.avi", "traced": "{}"},
        {"newline": "\r\n", "encoding": "utf-8-sig"},
        {"file_name": r"C:\echo\Videos\{}.avi", "traced": r"Videos\{}.AVI"},
    ],
)
def test_however_the_tables_are_written_the_patients_are_the_same(echonet_copy, manner):
    listing = echonet.listing(echonet_copy.write(**manner))
    assert [(patient.name, patient.split) for patient in listing.patients] == [
        ("0X000", "train"),
        ("0X001", "train"),
        ("0X002", "validation"),
        ("0X003", "test"),
    ]
    assert listing.rejects == ()


def test_each_record_holds_the_frame_it_names(echonet_copy):
    records = read(echonet_copy.write())[:3]
    labelled, video = records[:2], records[2]
    assert [(record.phase, record.frame) for record in labelled] == [
        ("ED", 12),
        ("ES", 5),
    ]
    for record in labelled:
        np.testing.assert_allclose(record.image, 10 * record.frame, atol=3)
        assert record.image.shape == record.mask.shape == (24, 32)
        assert record.ejection_fraction == 60.5
    assert video.frame_numbers == (2, 7, 12, 17)
    levels = [frame.mean() for frame in video.frames]
    np.testing.assert_allclose(levels, [20, 70, 120, 170], atol=3)


def test_the_masks_are_the_traced_rectangles(echonet_copy):
    for record, half_width in zip(read(echonet_copy.write()), (8, 4)):
        expected = np.zeros((24, 32), np.uint8)
        expected[4:21, 16 - half_width : 17 + half_width] = 1
        np.testing.assert_array_equal(record.mask, expected)


def test_the_larger_tracing_is_end_diastole_wherever_it_stands(echonet_copy, trace):
    echonet_copy.traced = {"0X000": {5: trace(4), 12: trace(8)}}
    labelled = read(echonet_copy.write())[:2]
    assert [(record.phase, record.frame) for record in labelled] == [
        ("ED", 12),
        ("ES", 5),
    ]


def test_repeated_short_and_outlying_tracings_still_make_masks(echonet_copy, trace):
    echonet_copy.traced["0X000"] = {12: trace(8) * 2, 5: trace(4)[:16]}
    echonet_copy.traced["0X001"] = {12: trace(40), 5: trace(4)}
    records = read(echonet_copy.write())
    areas = [record.mask.sum() for record in records if hasattr(record, "mask")]
    assert areas[:4] == [17 * 17, 9 * 13, 17 * 32, 17 * 9]
    assert [
        (item.file, item.reason, item.detail.partition(";")[0].partition(":")[0])
        for item in records
        if isinstance(item, listings.Reject)
    ] == [
        ("Videos/0X000.avi", "repeated tracing", "frame 12 has 42 rows"),
        ("Videos/0X000.avi", "fewer chords", "frame 5 has 15 chords instead of 20"),
        ("Videos/0X001.avi", "traced outside", "frame 12"),
    ]


def test_of_two_videos_of_one_name_that_in_its_place_is_read(echonet_copy):
    folder = echonet_copy.write()
    for path in ("Backup/0X000.avi", "Videos/0/0X000.avi", "0X000.avi"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(b"")
    echonet_copy.video("0X001").rename(folder / "Backup" / "0X001.avi")
    listing = echonet.listing(folder)
    assert [patient.files for patient in listing.patients[:2]] == [
        ("Videos/0X000.avi",),
        ("Backup/0X001.avi",),
    ]
    assert rejected(listing) == [
        ("0X000.avi", "duplicate file"),
        ("Backup/0X000.avi", "duplicate file"),
        ("Videos/0/0X000.avi", "duplicate file"),
    ]


def test_of_two_videos_of_one_name_the_first_is_read(echonet_copy):
    folder = echonet_copy.write()
    copy = folder / "Videos" / "old" / "0X000.avi"
    copy.parent.mkdir()
    copy.write_bytes(b"")
    (folder / "Videos" / "0X000.mp4").touch()
    (folder / "Videos" / ".DS_Store").touch()
    listing = echonet.listing(folder)
    assert listing.patients[0].files == ("Videos/0X000.avi",)
    assert rejected(listing) == [
        ("Videos/old/0X000.avi", "duplicate file"),
        ("Videos/0X000.mp4", "unknown file"),
    ]


def test_frames_strictly_between_the_phases(echonet_copy):
    video = read(echonet_copy.write(), "between")[2]
    assert video.frame_numbers == (6, 7, 8, 9, 10, 11)


def test_rows_that_cannot_be_used_are_named(echonet_copy):
    del echonet_copy.traced["0X001"]
    echonet_copy.video("0X002").unlink()
    echonet_copy.traced["0XFFF"] = echonet_copy.traced["0X000"]
    echonet_copy.files += [("0X000", "60.5", "TEST")]
    echonet_copy.files[3] = ("0X003", "sixty", "TEST")
    listing = echonet.listing(echonet_copy.write())
    assert [
        (patient.name, patient.details["ejection_fraction"])
        for patient in listing.patients
    ] == [("0X000", 60.5), ("0X003", pytest.approx(math.nan, nan_ok=True))]
    assert rejected(listing) == [
        ("0X001", "untraced"),
        ("0X002", "missing"),
        ("0X003", "bad number"),
        ("0X000", "duplicate row"),
        ("0XFFF", "no row"),
    ]


@pytest.mark.parametrize("text", ["inf", "nan", "-250", "540", "100.1", "9" * 400])
def test_an_impossible_ejection_fraction_is_told_and_unknown(echonet_copy, text):
    echonet_copy.files[0] = ("0X000", text, "TRAIN")
    folder = echonet_copy.write()
    assert rejected(echonet.listing(folder)) == [("0X000", "bad number")]
    diastole, *_ = read(folder)
    assert math.isnan(diastole.ejection_fraction)


@pytest.mark.parametrize("text", ["0", "100"])
def test_an_ejection_fraction_may_be_any_percentage(echonet_copy, text):
    echonet_copy.files[0] = ("0X000", text, "TRAIN")
    folder = echonet_copy.write()
    assert rejected(echonet.listing(folder)) == []
    assert read(folder)[0].ejection_fraction == float(text)


def test_a_patient_in_no_split_keeps_the_video_alone(echonet_copy):
    echonet_copy.files = [("0X000", "60.5", "")]
    echonet_copy.traced = {"0X000": echonet_copy.traced["0X000"]}
    folder = echonet_copy.write()
    assert ("0X000", "unlisted") in rejected(echonet.listing(folder))
    [video] = read(folder)
    assert isinstance(video, schema.UnlabelledVideo)


@pytest.mark.parametrize(
    ("tracing", "reason"),
    [
        ({12: [("x", 1, 2, 3)] * 21, 5: [(1, 1, 2, 3)] * 21}, "bad number"),
        ({12: [(1, 1, "1e18", 3)] * 21, 5: [(1, 1, 2, 3)] * 21}, "bad number"),
        ({12: [("nan", 1, 2, 3)] * 21, 5: [(1, 1, 2, 3)] * 21}, "bad number"),
        ({"No Systolic": [(1, 1, 2, 3)] * 21, 5: [(1, 1, 2, 3)] * 21}, "bad number"),
        ({12: [(0, 0, 0, 0), (1, 1, 2, 3)], 5: [(1, 1, 2, 3)] * 21}, "short tracing"),
        ({12: [(1, 1, 2, 3)] * 21}, "not two traced frames"),
    ],
)
def test_a_bad_tracing_is_a_reject(echonet_copy, tracing, reason):
    echonet_copy.traced["0X000"] = tracing
    assert reasons(echonet_copy.write()) == [reason]


def test_a_tracing_outside_the_frame_is_a_reject_of_its_frame(echonet_copy, trace):
    beyond = [tuple(number + 100 for number in row) for row in trace(4)]
    echonet_copy.traced["0X000"][5] = beyond
    assert reasons(echonet_copy.write()) == ["traced outside", "empty mask"]


def test_damaged_videos_are_rejects(echonet_copy, write_video):
    whole = echonet_copy.video("0X000").read_bytes()
    echonet_copy.video("0X000").write_bytes(whole[: len(whole) * 6 // 10])
    echonet_copy.video("0X001").write_bytes(b"")
    echonet_copy.video("0X002").write_bytes(b"no video at all " * 100)
    write_video(echonet_copy.video("0X003"), frames=9)
    assert reasons(echonet_copy.write()) == [
        "truncated video",
        "not a video",
        "not a video",
        "video too short",
    ]


def test_a_link_that_leads_nowhere_is_a_missing_video(echonet_copy):
    echonet_copy.video("0X000").unlink()
    echonet_copy.video("0X000").symlink_to("elsewhere.avi")
    assert reasons(echonet_copy.write()) == ["missing"]


def test_a_missing_column_is_named(echonet_copy):
    folder = echonet_copy.write()
    table = folder / "VolumeTracings.csv"
    table.write_text(table.read_text().replace("X2", "x two", 1))
    with pytest.raises(errors.InputError, match=r"VolumeTracings\.csv lacks .* X2;"):
        echonet.listing(folder)


def test_a_table_that_is_no_text_is_refused(echonet_copy):
    folder = echonet_copy.write()
    (folder / "FileList.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(errors.InputError, match=r"FileList\.csv is no CSV table"):
        echonet.listing(folder)


def test_other_folders_are_refused_with_a_hint(echonet_copy, camus_copy, tmp_path):
    echonet_copy.write()
    with pytest.raises(errors.InputError, match="looks like CAMUS"):
        echonet.listing(camus_copy.folder)
    with pytest.raises(errors.InputError, match=r"there is one in .*echonet"):
        echonet.listing(tmp_path)
    with pytest.raises(errors.InputError, match=r"no folder .*nowhere"):
        echonet.listing(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.InputError, match=r"no file below .*empty"):
        echonet.listing(tmp_path / "empty")
