import csv
import json

import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.metrics import clinical
from echo_keras.study import predict, reading, sequences

PERIOD, RATE = 20, 40.0


def ventricle(scale):
    """Half an ellipse, apex up, of 40 by 20 pixels at scale 1."""
    rows, columns = np.indices((64, 64))
    down, across = (rows - 56) / scale, (columns - 32) / scale
    return (rows < 56) & ((down / 40) ** 2 + (across / 14) ** 2 < 1)


def beating(frames=50):
    turn = 2 * np.pi * np.arange(frames) / PERIOD
    return [ventricle(0.85 + 0.15 * np.cos(angle)) for angle in turn]


def bright(images):
    """A model: what is bright is ventricle."""
    answers = []
    for image in images:
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
        mask = (pixels > 127).astype(np.uint8)
        answers.append(
            {
                "mask_png_bytes": cv2.imencode(".png", 255 * mask)[1].tobytes(),
                "area": int(mask.sum()),
                "area_high": int(mask.sum()) + 5,
                "probability_mean": 0.9,
            }
        )
    return answers


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Folder of an image, a video of beats, and what cannot be read."""
    folder = tmp_path_factory.mktemp("files")
    masks = beating()
    cv2.imwrite(str(folder / "still.png"), 255 * masks[0].astype(np.uint8))
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    video = cv2.VideoWriter(str(folder / "beats.avi"), codec, RATE, (64, 64))
    for mask in masks:
        video.write(np.repeat(255 * mask[..., None].astype(np.uint8), 3, axis=2))
    video.release()
    (folder / "bad.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def written(files, tmp_path_factory):
    """Folder of what is written of the image and the video, and the lines told."""
    output, said = tmp_path_factory.mktemp("output"), []
    paths = [files / "still.png", files / "beats.avi"]
    predict.run(paths, bright, output, say=said.append, complain=said.append)
    return output, said


def test_an_image_gives_its_mask_and_an_overlay(written):
    output, said = written
    drawn = cv2.imread(str(output / "still.mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(drawn, 255 * ventricle(1.0))
    picture = cv2.imread(str(output / "still.overlay.png"))
    assert picture.shape == (predict.SMALLEST_HEIGHT, predict.SMALLEST_HEIGHT, 3)
    orange = (picture.astype(int) - (40, 160, 255)).__abs__().max(axis=2) < 40
    assert orange.sum() > 500
    assert said[0].startswith(f"still: area {ventricle(1.0).sum()} px, confidence 0.90")


def test_a_sequence_gives_video_curve_and_ejection_fraction(written):
    output, said = written
    names = sorted(path.name for path in output.iterdir() if "beats" in path.name)
    assert names == ["beats.csv", "beats.json", "beats.overlay.avi", "beats.png"]
    video = cv2.VideoCapture(str(output / "beats.overlay.avi"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 50
    assert video.get(cv2.CAP_PROP_FPS) == RATE
    told = json.loads((output / "beats.json").read_text())
    volumes = [clinical.volume(clinical.disks(ventricle(s))) for s in (1.0, 0.7)]
    expected = clinical.ejection_fraction(*volumes)
    assert told["ejection_fraction"] == pytest.approx(expected, abs=3)
    assert told["heart_rate"] == pytest.approx(60 * RATE / PERIOD, rel=0.1)
    marks = [(b["ED"]["frame"], b["ES"]["frame"]) for b in told["beats"]]
    np.testing.assert_allclose(marks, [(0, 10), (20, 30)], atol=1)
    assert f"EF {told['ejection_fraction']:.0f} % (2 beats" in said[1]


def test_the_curve_has_a_line_for_each_frame(written):
    output, _ = written
    lines = list(csv.DictReader((output / "beats.csv").open()))
    assert [int(line["frame"]) for line in lines] == list(range(50))
    assert float(lines[4]["seconds"]) == 4 / RATE
    assert float(lines[0]["area_px"]) == pytest.approx(ventricle(1.0).sum(), rel=0.03)
    assert int(lines[0]["area_high_px"]) == int(lines[0]["area_px"]) + 5
    assert lines[0]["area_low_px"] == lines[0]["area_px"]
    assert [line["phase"] for line in lines].count("ES") == 2


def test_with_the_size_of_a_pixel_areas_and_volumes_have_units():
    frames = np.stack([255 * mask.astype(np.uint8) for mask in beating()])
    sequence = sequences.Sequence("p", frames, spacing=(2.0, 1.5))
    found = reading.read(sequence, list(reading.segmented(sequence, bright)))
    told = reading.summary(found)
    assert (told["area_unit"], told["volume_unit"]) == ("cm^2", "ml")
    diastole = told["beats"][0]["ED"]
    area = ventricle(1.0).sum() * 2.0 * 1.5 / 100
    assert diastole["area"] == pytest.approx(area, rel=0.02)
    volume = clinical.volume(clinical.disks(ventricle(1.0), (2.0, 1.5))) / 1000
    assert diastole["volume"] == pytest.approx(volume, rel=0.02)
    assert told["heart_rate"] is None
    assert reading.table(found).splitlines()[0].split(",")[5] == "volume_mm3"


def test_bad_files_are_a_sentence_each_and_the_others_are_written(files, tmp_path):
    said, complaints = [], []
    paths = [files / "bad.png", files / "none.avi", files / "still.png"]
    with pytest.raises(errors.InputError, match="2 of 3 files gave no mask"):
        predict.run(
            paths, bright, tmp_path, say=said.append, complain=complaints.append
        )
    assert [sentence.split()[0] for sentence in complaints] == ["cannot", "no"]
    assert len(said) == 1
    assert (tmp_path / "still.mask.png").exists()


def test_files_of_one_name_do_not_overwrite_each_other(files, tmp_path):
    (tmp_path / "still.bmp").write_bytes((files / "still.png").read_bytes())
    complaints = []
    with pytest.raises(errors.InputError, match="1 of 2"):
        predict.run(
            [files / "still.png", tmp_path / "still.bmp"],
            bright,
            tmp_path / "output",
            say=lambda line: None,
            complain=complaints.append,
        )
    assert "would overwrite what" in complaints[0]


def test_a_mask_of_another_size_is_refused(files):
    sequence = sequences.read(files / "still.png")

    def halved(images):
        answer = bright(images)[0]
        smaller = cv2.imencode(".png", np.zeros((32, 64), np.uint8))[1].tobytes()
        return [{**answer, "mask_png_bytes": smaller}]

    with pytest.raises(errors.InputError, match=r"mask of \(32, 64\) pixels"):
        list(reading.segmented(sequence, halved))


def test_a_still_sequence_has_no_beat():
    frames = np.stack([255 * ventricle(1.0).astype(np.uint8)] * 4)
    sequence = sequences.Sequence("still", frames)
    found = reading.read(sequence, list(reading.segmented(sequence, bright)))
    assert reading.summary(found)["ejection_fraction"] is None
    assert not reading.phases(found)
