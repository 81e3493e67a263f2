"""Phantom videos and tables are as EchoNet-Dynamic's."""

import csv
import itertools

import cv2
import numpy as np
import pytest
from skimage import draw

from echo_keras import errors
from pipeline import phantom
from pipeline.phantom import camus, echonet, scanner
from pipeline.phantom import heart as anatomy

FRAMES = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("echonet") / "data"
    phantom.write("echonet", 5, 3, output, frames=FRAMES)
    return output


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def area(rows):
    """Area of the polygon that the data set's own convention makes of a tracing."""
    points = np.array(
        [[float(row[k]) for k in ("X1", "Y1", "X2", "Y2")] for row in rows]
    )
    x = np.concatenate([points[1:, 0], points[:0:-1, 2]])
    y = np.concatenate([points[1:, 1], points[:0:-1, 3]])
    return len(draw.polygon(np.rint(y), np.rint(x), (112, 112))[0])


def test_the_file_list_has_the_data_sets_columns(folder):
    rows = table(folder / "FileList.csv")
    header = "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split"
    assert ",".join(rows[0]) == header
    assert {row["Split"] for row in rows} == {"TRAIN", "VAL", "TEST"}
    for row in rows:
        diastolic, systolic = float(row["EDV"]), float(row["ESV"])
        expected = 100 * (diastolic - systolic) / diastolic
        assert float(row["EF"]) == pytest.approx(expected, abs=1e-9)
        assert row["FileName"].startswith("0X")
        assert 15 <= len(row["FileName"]) <= 18


def test_videos_are_motion_jpeg_of_112_pixels(folder):
    for row in table(folder / "FileList.csv"):
        path = folder / "Videos" / f"{row['FileName']}.avi"
        assert path.read_bytes()[:4] == b"RIFF"
        assert b"MJPG" in path.read_bytes()[:256]
        video = cv2.VideoCapture(str(path))
        assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(float(row["FPS"]), abs=0.01)
        frames = [video.read() for _ in range(FRAMES + 1)]
        assert [whole for whole, _ in frames] == [True] * FRAMES + [False]
        assert int(row["NumberOfFrames"]) == FRAMES
        assert all(frame.shape == (112, 112, 3) for _, frame in frames[:-1])


def test_each_tracing_is_an_axis_and_twenty_perpendicular_chords(folder):
    rows = table(folder / "VolumeTracings.csv")
    assert ",".join(rows[0]) == "FileName,X1,Y1,X2,Y2,Frame"
    groups = itertools.groupby(rows, key=lambda row: (row["FileName"], row["Frame"]))
    sizes = []
    for (name, frame), group in groups:
        assert name.endswith(".avi")
        assert 0 <= int(frame) < FRAMES
        lines = np.array([[float(v) for v in list(row.values())[1:5]] for row in group])
        steps = lines[:, 2:] - lines[:, :2]
        np.testing.assert_allclose(steps[1:] @ steps[0], 0, atol=1e-2)
        assert (steps[1:, 0] > 0).all()
        sizes.append(len(lines))
    assert sizes == [21] * 10


def test_tracings_give_the_volumes_of_the_file_list(folder):
    rows = table(folder / "VolumeTracings.csv")
    for patient in table(folder / "FileList.csv"):
        own = [r for r in rows if r["FileName"] == f"{patient['FileName']}.avi"]
        lines = np.array([[float(v) for v in list(row.values())[1:5]] for row in own])
        long = np.hypot(*(lines[:, 2:] - lines[:, :2]).T).reshape(2, 21)
        volumes = sorted((long[:, 1:] ** 2).sum(axis=1) * long[:, 0])
        fraction = 100 * (1 - volumes[0] / volumes[1])
        assert fraction == pytest.approx(float(patient["EF"]), abs=0.01)
        assert area(own[:21]) > area(own[21:])


def test_the_traced_polygon_is_the_drawn_cavity():
    for index in range(6):
        random = np.random.default_rng(index)
        heart = anatomy.draw(random)
        sector = echonet.place(scanner.draw(heart, random), random)
        for time in (0, heart.systole):
            keys = ("X1", "Y1", "X2", "Y2")
            lines = echonet.tracing(heart, sector, time)
            traced = area([dict(zip(keys, line)) for line in lines])
            drawn = (camus.mask(heart, sector, time) == anatomy.CAVITY).sum()
            assert traced == pytest.approx(drawn, rel=0.08)


def test_too_short_a_video_is_refused(tmp_path):
    with pytest.raises(errors.InputError, match="ask for at least"):
        phantom.write("echonet", 1, 0, tmp_path / "out", frames=5)
    assert list(tmp_path.iterdir()) == []
