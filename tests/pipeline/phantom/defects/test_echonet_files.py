"""Rows and frames change where they are named, and nothing else does."""

import csv

import cv2
import numpy as np
import pytest

from pipeline.phantom import echonet
from pipeline.phantom.defects import echonet_files
from pipeline.sources import mjpeg

TRACED = {"0XB": (0, 5), "0XA": (4, 2), "0XC": (1, 3)}
NAMES = tuple(TRACED)
FRAMES, RATE = 6, 40


def picture(number):
    """A slope whose mean level tells the frame's number."""
    slope = np.add.outer(np.arange(echonet.SIZE), np.arange(echonet.SIZE)) // 4
    return np.repeat(np.uint8(slope + 20 * number)[..., None], 3, axis=2)


@pytest.fixture
def folder(tmp_path):
    """A copy of three patients, whose second tracing may be of the earlier frame."""
    (tmp_path / "Videos").mkdir()
    files = [(name, 60, "TRAIN") for name in NAMES]
    echonet.write_table(tmp_path / "FileList.csv", ("FileName", "EF", "Split"), files)
    tracings = [
        (f"{name}.avi", place, frame)
        for name in NAMES
        for frame in TRACED[name]
        for place in range(21)
    ]
    header = ("FileName", "X1", "Frame")
    echonet.write_table(tmp_path / "VolumeTracings.csv", header, tracings)
    for name in NAMES:
        path = tmp_path / echonet_files.video(name)
        echonet.write_video(path, map(picture, range(FRAMES)), RATE)
    return tmp_path


def rows(folder, table):
    with (folder / table).open(newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def images(folder, name):
    content = (folder / echonet_files.video(name)).read_bytes()
    return [bytes(image) for image in mjpeg.images(content)[1]]


def test_patients_keep_the_lists_order_and_frames_count_up(folder):
    assert echonet_files.patients(folder) == [*NAMES]
    assert echonet_files.traced(folder, "0XA") == [2, 4]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_rows_take_a_patients_place_in_the_table(folder, count):
    header, first, own, last = rows(folder, "FileList.csv")
    echonet_files.replace(
        folder,
        echonet_files.FILES,
        "0XA",
        lambda given: echonet_files.given(given * count, EF="low"),
    )
    changed = (own[0], "low", own[2])
    expected = [header, first, *[changed] * count, last]
    assert rows(folder, "FileList.csv") == expected
    assert b"\r" not in (folder / "FileList.csv").read_bytes()


def test_both_tracings_are_handed_over_in_the_tables_order(folder):
    before = rows(folder, "VolumeTracings.csv")
    seen = []

    def swap(first, second):
        seen.extend(
            {(row["FileName"], row["Frame"]) for row in tracing}
            for tracing in (first, second)
        )
        return [*second, *first]

    echonet_files.retrace(folder, "0XA", swap)
    assert seen == [{("0XA.avi", "4")}, {("0XA.avi", "2")}]
    own = 1 + 42
    expected = [
        *before[:own],
        *before[own + 21 : own + 42],
        *before[own : own + 21],
        *before[own + 42 :],
    ]
    assert rows(folder, "VolumeTracings.csv") == expected


def test_values_are_given_to_copies_of_the_rows():
    before = [{"EF": "60", "Split": "VAL"}, {"EF": "50", "Split": "TEST"}]
    after = echonet_files.given(before, EF="x")
    assert after == [{"EF": "x", "Split": "VAL"}, {"EF": "x", "Split": "TEST"}]
    assert [row["EF"] for row in before] == ["60", "50"]


def test_a_cut_video_has_the_frames_of_the_slice_at_the_same_rate(folder):
    assert echonet_files.cut(folder, "0XA", slice(1, None, 2)) == 3
    levels = [
        cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE).mean()
        for image in images(folder, "0XA")
    ]
    expected = [picture(number).mean() for number in (1, 3, 5)]
    np.testing.assert_allclose(levels, expected, atol=2)
    video = cv2.VideoCapture(str(folder / echonet_files.video("0XA")))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(RATE)
    assert len(images(folder, "0XB")) == FRAMES


@pytest.mark.parametrize("number", [0, 3, FRAMES - 1])
def test_zeros_cost_one_frame_no_more_than_its_half(folder, number):
    before = images(folder, "0XA")
    echonet_files.blot(folder, "0XA", number)
    after = images(folder, "0XA")
    assert len(after) == FRAMES
    assert [n for n in range(FRAMES) if before[n] != after[n]] == [number]
    assert [n for n in range(FRAMES) if mjpeg.is_damaged(after[n])] == [number]
    changed = np.not_equal(
        *(np.frombuffer(i[number], np.uint8) for i in (before, after))
    )
    first, last = np.flatnonzero(changed)[[0, -1]]
    quarter = len(changed) // 4
    assert quarter <= first + 1
    assert last <= len(changed) - quarter
