"""The summary's figures are those of all pixels and frames, taken another way."""

import json
import math

import numpy as np
import pytest

from echo_keras.data import schema, tfrecords
from echo_keras.study import inspection, summary


def summed_up(folder):
    manifest = tfrecords.manifest(folder)
    return summary.splits(manifest["counts"], *inspection.measure(folder, manifest))


def test_moments_are_those_of_all_pixels_together():
    random = np.random.default_rng(0)
    images = [random.integers(0, 90 * k, (5, 7 * k), np.uint8) for k in (1, 2)]
    histogram = sum(np.bincount(image.ravel(), minlength=256) for image in images)
    pixels = np.concatenate([image.ravel() for image in images]) / 255
    found = summary.moments(histogram)
    assert found["number"] == 105
    assert found["mean"] == pytest.approx(pixels.mean(), rel=1e-12)
    assert found["deviation"] == pytest.approx(pixels.std(), rel=1e-12)


def test_moments_of_a_billion_pixels_do_not_drift():
    histogram = np.zeros(256, np.int64)
    histogram[[100, 102]] = 10**9
    found = summary.moments(histogram)
    assert found["mean"] == 101 / 255
    assert found["deviation"] == 1 / 255


def test_the_summary_has_every_split_and_family(hearts, write_folder, tmp_path):
    found = summed_up(write_folder(tmp_path, hearts))
    assert list(found) == ["train", "validation", "test", "unlisted"]
    assert list(found["train"]["pixels"]) == ["labelled", "sequence", "unlabelled"]
    assert list(found["unlisted"]["pixels"]) == ["unlabelled"]
    images = (
        np.stack([r.image for r in hearts["test"] if hasattr(r, "image")][:2]) / 255
    )
    labelled = found["test"]["pixels"]["labelled"]
    assert labelled["number"] == images.size
    assert labelled["mean"] == pytest.approx(images.mean())
    assert labelled["deviation"] == pytest.approx(images.std())
    assert json.loads(json.dumps(found)) == found


def test_quartiles_are_over_patients_and_leave_the_unknown_out(
    heart, write_folder, tmp_path
):
    fractions = dict(zip("abcdef", (10.0, 20.0, 30.0, 40.0, 50.0, math.nan)))
    frames = [
        heart(patient, phase, ejection_fraction=fraction)
        for patient, fraction in fractions.items()
        for phase in schema.PHASES
    ]
    frames.append(heart("a", "ED", view="2CH", ejection_fraction=10.0))
    found = summed_up(write_folder(tmp_path, {"train": frames}))["train"]
    assert found["ejection_fraction"] == [20, 30, 40]
    assert found["height"] == [80, 80]


def test_areas_are_percent_or_square_centimetres(heart, write_folder, tmp_path):
    frame = heart("a", "ES")
    pixels = np.count_nonzero(frame.mask == 1)
    for name, spacing in (("unknown", (0.0, 0.0)), ("known", (0.5, 0.25))):
        folder = tmp_path / name
        folder.mkdir()
        frames = [heart("a", phase, spacing=spacing) for phase in schema.PHASES]
        found = summed_up(write_folder(folder, {"test": frames}))
        area = found["test"]["area"]["ES"]
        assert area["percent"] == pytest.approx([100 * pixels / 6400] * 3)
        _, rows = summary.table(found)
        cells = {row[0]: row[1] for row in rows}
        if name == "known":
            square = pixels * 0.125 / 100
            assert area["cm2"] == pytest.approx([square] * 3)
            assert cells["LV at ES (cm2)"] == "/".join([f"{square:.1f}"] * 3)
        else:
            assert area["cm2"] is None
            share = f"{100 * pixels / 6400:.1f}"
            assert cells["LV at ES (% of image)"] == "/".join([share] * 3)


def test_the_table_leaves_out_what_no_split_has(hearts, heart, write_folder, tmp_path):
    header, rows = summary.table(summed_up(write_folder(tmp_path, hearts)))
    assert header == ["", "train", "validation", "test", "unlisted"]
    cells = {row[0]: row[1:] for row in rows}
    assert cells["patients"] == ["2", "1", "1", "1"]
    assert cells["sequence frames"] == ["2", "1", "1", "0"]
    assert cells["unlabelled frames"] == ["4", "2", "2", "2"]
    assert cells["frame width"] == ["80-80"] * 4
    assert cells["EF (%)"] == ["58/58/58"] * 3 + [""]
    assert cells["labelled pixels"][3] == ""
    assert "good/medium/poor" not in cells
    (tmp_path / "graded").mkdir()
    graded = {"train": [heart(name, "ED", quality="poor") for name in "ab"]}
    _, rows = summary.table(summed_up(write_folder(tmp_path / "graded", graded)))
    assert ["good/medium/poor", "0/0/2"] in rows
