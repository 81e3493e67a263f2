"""The sheet shows flagged frames first, then hearts of every size, with outlines."""

import cv2
import numpy as np
import pytest

from echo_keras.data import tfrecords
from echo_keras.study import inspection, plots, rules, sheet


def measured(folder):
    frames, _ = inspection.measure(folder, tfrecords.manifest(folder))
    return frames, rules.apply(frames)


@pytest.fixture
def many(heart, video, write_folder, tmp_path):
    """Folder of twenty hearts of growing size and three videos without labels."""
    frames = []
    for number in range(20):
        spacing = (0.3 + 0.01 * number,) * 2
        patient = f"p{number * 7 % 20:02d}"
        frames += [heart(patient, phase, spacing=spacing) for phase in ("ED", "ES")]
    videos = [video(name) for name in "zyx"]
    return write_folder(tmp_path, {"train": frames, "unlisted": videos})


def test_hearts_are_chosen_from_the_smallest_to_the_largest(many):
    sections = sheet.choose(*measured(many))
    assert list(sections) == [
        "train: 8 of 20 views, small to large ventricles",
        "unlisted: 3 of 3 views, without labels",
    ]
    panels, videos = sections.values()
    areas = [panel.frames[0].square_centimetres for panel in panels]
    assert areas == sorted(areas)
    assert panels[0].title == "p00  4CH"
    assert panels[-1].title == "p13  4CH"  # the last of the twenty
    assert [frame.phase for frame in panels[0].frames] == ["ED", "ES"]
    assert panels[0].subtitle == "EF 58 %"
    assert [panel.title for panel in videos] == ["x  4CH", "y  4CH", "z  4CH"]
    assert [frame.number for frame in videos[0].frames] == [0, 1]
    assert videos[0].subtitle == ""


def test_flagged_frames_come_first_and_every_rule_has_its_place(
    hearts, heart, write_folder, tmp_path
):
    empty = np.zeros((80, 80), np.uint8)
    hearts["train"] += [heart(f"e{n}", "between", mask=empty) for n in range(6)]
    seen = hearts["test"][0].image
    hearts["train"] += [heart("z", "ED", image=seen, quality="poor"), heart("z", "ES")]
    sections = sheet.choose(*measured(write_folder(tmp_path, hearts)))
    heading, panels = next(iter(sections.items()))
    assert heading == "flagged: 5 of 7"
    assert [panel.title for panel in panels] == [
        *(f"empty ventricle: e{n} (train)" for n in range(4)),
        "pixels in two splits: d (test)",
    ]
    assert panels[-1].subtitle == "= z (train), equal frames 1"


def test_the_page_is_dark_and_shows_the_outlines(hearts, write_folder, tmp_path):
    folder = write_folder(tmp_path, hearts)
    sheet.write(tmp_path / "sheet.png", folder, *measured(folder))
    page = cv2.cvtColor(cv2.imread(str(tmp_path / "sheet.png")), cv2.COLOR_BGR2RGB)
    ground = tuple(int(plots.GROUND[i : i + 2], 16) for i in (1, 3, 5))
    assert tuple(page[0, 0]) == ground
    for _, colour in sheet.OUTLINES.values():
        near = np.abs(page.astype(int) - colour).max(axis=-1) < 40
        assert np.count_nonzero(near) > 200
    grey = page[80:].min(axis=-1) == page[80:].max(axis=-1)
    assert np.count_nonzero(grey & (page[80:, :, 0] > 60)) > 50_000


def test_frames_are_shown_in_their_true_proportions():
    image = np.full((100, 100), 200, np.uint8)
    mask = np.zeros_like(image)
    wide = sheet.tile(image, mask, spacing=(0.2, 0.4))
    tall = sheet.tile(image, None, spacing=(0.4, 0.2))
    square = sheet.tile(image, mask, spacing=(0.0, 0.0))
    for shown, ratio in ((wide, 2), (tall, 0.5), (square, 1)):
        rows, columns = np.nonzero(shown[..., 0] > 100)
        assert np.ptp(columns) / np.ptp(rows) == pytest.approx(ratio, rel=0.03)


@pytest.mark.parametrize("spacing", [(np.nan, 0.3), (0.3, np.inf), (-0.3, 0.3)])
def test_a_spacing_that_cannot_be_counts_as_unknown(spacing):
    image = np.random.default_rng(0).integers(0, 255, (40, 30), np.uint8)
    shown = sheet.tile(image, image % 4, spacing=spacing)
    expected = sheet.tile(image, image % 4, spacing=(0.0, 0.0))
    np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("shape", [(1000, 1), (1, 1000), (3000, 3), (3, 3000), (1, 1)])
@pytest.mark.parametrize("spacing", [(0.3, 0.3), (30.0, 0.3), (0.3, 30.0)])
def test_the_thinnest_frames_are_still_seen(shape, spacing):
    image, mask = np.full(shape, 200, np.uint8), np.zeros(shape, np.uint8)
    shown = sheet.tile(image, mask, spacing=spacing)
    assert shown.shape == (190, 208, 3)
    rows, columns = np.nonzero(shown[..., 0] > 100)
    assert np.ptp(columns) >= 206 or np.ptp(rows) >= 188
