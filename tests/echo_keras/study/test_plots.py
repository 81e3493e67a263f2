"""Plots are pictures in which what is plotted can be seen."""

import cv2
import numpy as np
import pytest

from echo_keras.study import plots

BLUE, ORANGE = ((138, 180, 248), (246, 165, 60))


def pixels(png):
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(int)


def places(picture, colour):
    """Rows and columns of the pixels of one colour."""
    return np.nonzero((abs(picture - colour) < 12).all(axis=-1))


def point(patients, value):
    ends = {"low": value - 0.01, "high": value + 0.01, "runs": [value]}
    return {"patients": patients, "share": f"{patients} %", "value": value, **ends}


def test_the_better_line_lies_above_and_more_labels_to_the_right():
    lines = {
        "good": [point(15, 0.93), point(300, 0.95)],
        "poor": [point(15, 0.80), point(300, 0.82)],
    }
    picture = pixels(plots.efficiency(lines, y_label="Dice", title="curve"))
    left = picture[:, : picture.shape[1] // 3]
    good, poor = (np.median(places(left, colour)[0]) for colour in (BLUE, ORANGE))
    assert good < poor - 100
    columns = places(picture, BLUE)[1]
    assert columns.max() - columns.min() > picture.shape[1] // 2


def test_single_runs_stay_by_the_interval_they_belong_to():
    line = {"line": [point(15, 0.93)]}
    picture = pixels(plots.efficiency(line, y_label="Dice", title="curve"))
    middle = np.array_split(picture, 3)[1]  # without the legend
    bluish = middle[..., 2] - middle[..., 0] > 40  # dots let the ground through
    columns = np.nonzero(bluish)[1]
    assert 10 < columns.max() - columns.min() < picture.shape[1] // 20


def test_many_names_stand_beside_the_plot_and_not_upon_it():
    dots = {str(number): [0.9] * 10 for number in range(8)}
    few, many = (
        pixels(plots.cases(given, y_label="Dice", title="cases"))
        for given in ({"0": dots["0"]}, dots)
    )
    assert many.shape[1] > few.shape[1] + 200
    # names are light, and so is no dot; ticks and their numbers are cut off
    lit = (many > 200).all(axis=-1)[40:-80, 100:]
    assert lit.any()
    assert np.nonzero(lit)[1].min() > few.shape[1] - 100


def test_what_has_the_colour_of_another_has_another_mark():
    alone = {"0": [0.9] * 10}
    seventh = {"0": [], **{str(number): [] for number in range(1, 6)}, "6": [0.9] * 10}
    dots, crosses = (
        len(places(pixels(plots.cases(given, y_label="Dice", title="")), BLUE)[0])
        for given in (alone, seventh)
    )
    assert crosses > 1.3 * dots


@pytest.mark.parametrize("panels", [1, 3])
def test_every_panel_has_its_dots_and_the_lines_of_bias_and_limits(panels):
    measured, reference = [40.0, 52.0, 66.0], [50.0, 60.0, 70.0]
    pairs = {str(number): (measured, reference) for number in range(panels)}
    picture = pixels(plots.differences(pairs, unit="EF", title="agreement"))
    for part in np.array_split(picture[:, 60:], panels, axis=1):
        assert len(places(part, BLUE)[0]) > 20
        orange = part[..., 0] - part[..., 2] > 60  # thin lines are blended
        rows = np.flatnonzero(orange.sum(axis=1) > 30)
        assert (np.diff(rows) > 10).sum() == 2


def test_a_gallery_holds_every_picture():
    rows = {
        "first": [(np.full((40, 60, 3), 255, np.uint8), "white")],
        "second": [(np.full((40, 60, 3), (200, 30, 30), np.uint8), "red")] * 2,
    }
    picture = pixels(plots.gallery(rows, title="pictures"))
    white, red = (
        len(places(picture, colour)[0]) for colour in ((255,) * 3, (200, 30, 30))
    )
    assert red == pytest.approx(2 * white, rel=0.1)
