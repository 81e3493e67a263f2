import csv
import json

import cv2
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from echo_keras import errors
from echo_keras.metrics import clinical
from echo_keras.study import predict

PERIOD, RATE = 20, 40.0


@pytest.fixture(scope="module")
def still(ventricle, tmp_path_factory):
    """An image of a ventricle."""
    path = tmp_path_factory.mktemp("files") / "still.png"
    cv2.imwrite(str(path), 250 * ventricle(1.0).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def written(still, beating_video, bright, tmp_path_factory):
    """Folder of what is written of the image and the video, and the lines told."""
    output, said = tmp_path_factory.mktemp("output"), []
    paths = [still, beating_video]
    predict.run(paths, bright, output, say=said.append, complain=said.append)
    return output, said


def test_an_image_gives_its_mask_and_an_overlay(written, ventricle):
    output, said = written
    drawn = cv2.imread(str(output / "still.mask.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(drawn, 255 * ventricle(1.0))
    picture = cv2.imread(str(output / "still.overlay.png"))
    assert picture.shape == (predict.SMALLEST_HEIGHT, predict.SMALLEST_HEIGHT, 3)
    orange = (picture.astype(int) - (40, 160, 255)).__abs__().max(axis=2) < 40
    assert orange.sum() > 500
    assert said[0].startswith(f"still: area {ventricle(1.0).sum()} px, confidence 0.90")


def test_the_area_of_an_image_has_the_unit_that_its_file_tells(
    bright, ventricle, tmp_path
):
    image = sitk.GetImageFromArray(250 * ventricle(1.0).astype(np.uint8))
    image.SetSpacing((1.5, 2.0))
    file, said = tmp_path / "p.nii.gz", []
    sitk.WriteImage(image, str(file))
    predict.run([file], bright, tmp_path, say=said.append, complain=said.append)
    area = ventricle(1.0).sum() * 2.0 * 1.5 / 100
    assert said[0].startswith(f"p: area {area:.1f} cm^2, confidence")


def test_a_sequence_gives_video_curve_and_ejection_fraction(written, ventricle):
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


def test_the_curve_has_a_line_for_each_frame(written, ventricle):
    output, _ = written
    lines = list(csv.DictReader((output / "beats.csv").open()))
    assert [int(line["frame"]) for line in lines] == list(range(50))
    assert float(lines[4]["seconds"]) == 4 / RATE
    assert float(lines[0]["area_px"]) == pytest.approx(ventricle(1.0).sum(), rel=0.03)
    assert int(lines[0]["area_high_px"]) == int(lines[0]["area_px"]) + 5
    assert lines[0]["area_low_px"] == lines[0]["area_px"]
    assert [line["phase"] for line in lines].count("ES") == 2


def test_bad_files_are_a_sentence_each_and_the_others_are_written(
    still, bright, tmp_path
):
    (tmp_path / "bad.png").write_bytes(b"no image")
    said, complaints = [], []
    paths = [tmp_path / "bad.png", tmp_path / "none.avi", still]
    told = {"say": said.append, "complain": complaints.append}
    with pytest.raises(errors.InputError, match="2 of 3 files gave no mask"):
        predict.run(paths, bright, tmp_path / "output", **told)
    assert [sentence.split()[0] for sentence in complaints] == ["cannot", "no"]
    assert len(said) == 1
    assert (tmp_path / "output" / "still.mask.png").exists()


def test_files_of_one_name_do_not_overwrite_each_other(still, bright, tmp_path):
    (tmp_path / "still.bmp").write_bytes(still.read_bytes())
    complaints = []
    told = {"say": lambda line: None, "complain": complaints.append}
    with pytest.raises(errors.InputError, match="1 of 2"):
        predict.run([still, tmp_path / "still.bmp"], bright, tmp_path / "o", **told)
    assert "would overwrite what" in complaints[0]
