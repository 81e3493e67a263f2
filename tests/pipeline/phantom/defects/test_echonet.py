"""What the job need not report is spoilt all the same."""

import csv

import cv2
import numpy as np
import pytest

from pipeline import phantom
from pipeline.phantom.defects import echonet, planting
from pipeline.sources import mjpeg


@pytest.fixture
def folder(tmp_path):
    phantom.write("echonet", 1, 3, tmp_path / "data", frames=40)
    return tmp_path / "data"


def plant(folder, defect):
    planting.plant(folder, [defect], echonet, seed=0)


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def traced(folder):
    rows = table(folder, "VolumeTracings.csv")
    return list(dict.fromkeys(int(row["Frame"]) for row in rows))


def video(folder):
    [path] = (folder / "Videos").glob("*.avi")
    source = cv2.VideoCapture(str(path))
    count = int(source.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = [source.read()[1] for _ in range(count)]
    return np.stack(frames).astype(int), source.get(cv2.CAP_PROP_FPS)


def test_a_tracing_moves_to_frame_zero_with_its_video(folder):
    first, second = traced(folder)
    assert first > 0
    before, rate = video(folder)
    plant(folder, "frame-zero")
    after, same_rate = video(folder)
    assert traced(folder) == [0, second - first]
    assert same_rate == rate
    assert np.abs(after - before[first:]).mean() < 2
    assert np.abs(after[0] - before[0]).mean() > 4
    [row] = table(folder, "FileList.csv")
    assert int(row["NumberOfFrames"]) == len(after) == 40 - first


def test_a_short_video_ends_before_its_last_traced_frame(folder):
    plant(folder, "short-video")
    frames, _ = video(folder)
    assert len(frames) == max(traced(folder))


def jpegs(folder):
    [path] = (folder / "Videos").glob("*.avi")
    promised, images = mjpeg.images(path.read_bytes())
    assert promised == len(images) == 40
    return [bytes(image) for image in images]


def test_a_kilobyte_of_the_first_traced_frame_is_lost_between_its_ends(folder):
    before = jpegs(folder)
    plant(folder, "damaged-frame")
    after = jpegs(folder)
    changed = [n for n in range(40) if before[n] != after[n]]
    assert changed == [min(traced(folder))]
    old, new = before[changed[0]], after[changed[0]]
    assert new.count(bytes(1000)) == 1
    assert old.count(bytes(64)) == 0
    start = new.index(bytes(1000))
    assert b"\xff\xda" in new[:start]
    assert new[:start] == old[:start]
    assert new[-600:] == old[-600:]


def test_systole_comes_first_in_the_table(folder):
    diastole, systole = traced(folder)
    plant(folder, "systole-first")
    assert traced(folder) == [systole, diastole]


def test_names_have_an_ending_in_the_wrong_table(folder):
    [name] = echonet.patients(folder)
    plant(folder, "traced-without-avi")
    plant(folder, "listed-with-avi")
    assert [row["FileName"] for row in table(folder, "FileList.csv")] == [f"{name}.avi"]
    rows = table(folder, "VolumeTracings.csv")
    assert {row["FileName"] for row in rows} == {name}


def test_tables_come_from_windows(folder):
    for name in ("windows-paths", "windows-text"):
        plant(folder, name)
    for name in ("FileList.csv", "VolumeTracings.csv"):
        content = (folder / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbfFileName,")
        lines = content.split(b"\r\n")
        assert b"\n" not in b"".join(lines)
        assert all(line.startswith(b"C:\\EchoNet\\Videos\\0X") for line in lines[1:-1])


def test_a_folder_holds_itself(folder):
    plant(folder, "folder-loop")
    assert (folder / "Videos" / "again" / "Videos").samefile(folder / "Videos")
