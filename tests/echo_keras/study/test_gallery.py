"""The sheet of a scored split shows best, median and worst of each phase."""

import functools
import itertools

import cv2
import numpy as np
import pytest

from echo_keras.serving import evaluate
from echo_keras.study import gallery, pictures, plots

TAKEN_AWAY = {"a": 12, "b": 0, "c": 30, "d": 6, "e": 20}
"""Rows that the model misses at the top of the ventricle of each patient."""


@pytest.fixture
def records(heart, write_folder, tmp_path):
    frames = [
        heart(patient, phase, spacing=(0.5, 1.0))
        for patient in TAKEN_AWAY
        for phase in ("ED", "ES")
    ]
    return write_folder(tmp_path / "records", {"test": frames})


@pytest.fixture
def scored(records, heart):
    """Scores and the masks that were kept."""
    missed = itertools.chain.from_iterable((n, n) for n in TAKEN_AWAY.values())
    phases = itertools.cycle(("ED", "ES"))

    def segment(images):
        answers = []
        for _ in images:
            mask = 255 * (heart("x", next(phases)).mask == 1).astype(np.uint8)
            top = np.flatnonzero(mask.any(axis=1))[0]
            mask[: top + next(missed)] = 0
            png = cv2.imencode(".png", mask)[1].tobytes()
            answers.append({"mask_png_bytes": png, "probability_mean": 0.5})
        return answers

    masks = {}
    see = functools.partial(pictures.keep, masks)
    return evaluate.scores(records, "test", segment, see=see), masks


def test_each_phase_has_its_best_median_and_worst_case(
    records, scored, tmp_path, monkeypatch
):
    seen = {}

    def drawn(rows, *, title):
        seen.update(rows)
        return b"a picture"

    monkeypatch.setattr(plots, "gallery", drawn)
    gallery.write(*scored, records, tmp_path / "scores.json")
    assert (tmp_path / "scores.cases.png").read_bytes() == b"a picture"
    assert [*seen] == ["ED, 5 images", "ES, 5 images"]
    for row, theirs in seen.items():
        told = [caption.partition(" 4CH")[0] for _, caption in theirs]
        assert told == ["best: b", "median: a", "worst: c"]
        assert all(f" {row[:2]}\nDice " in caption for _, caption in theirs)
        for number, (picture, _) in enumerate(theirs):
            assert picture.shape[1] == 2 * picture.shape[0]  # pixels twice as wide
            green = (picture == pictures.TRUTH).all(axis=-1)
            orange = (picture == pictures.PREDICTION).all(axis=-1)
            assert orange.any()
            # What is drawn last hides what it agrees with.
            assert green.sum() < 60 if number == 0 else green.sum() > 60


def test_the_sheet_is_a_picture_beside_the_scores(records, scored, tmp_path):
    gallery.write(*scored, records, tmp_path / "of_all.json")
    page = cv2.imread(str(tmp_path / "of_all.cases.png"))
    height, width, _ = page.shape
    assert width > height > 300
    assert len(np.unique(page.reshape(-1, 3), axis=0)) > 100


def test_masks_are_kept_as_they_are(records, heart):
    mask = heart("a", "ED").mask == 1
    masks = {}
    case = evaluate.Case({"position": 7}, mask, mask, mask, ())
    pictures.keep(masks, case)
    decoded = cv2.imdecode(masks["7"], cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(decoded, mask)
