"""Open files are segmented in the background, the newest few of them."""

import threading
import time

import cv2
import numpy as np
import pytest

from echo_keras.study import sequences
from echo_keras.viewer import desk

URL = "http://127.0.0.1:1/v1/models/lv"


def ends(outline):
    """Least and largest x and y of an outline."""
    x, y = np.array(outline).reshape(-1, 2).T
    return [x.min(), x.max(), y.min(), y.max()]


def test_a_hole_has_an_outline_of_its_own():
    mask = np.zeros((64, 80), bool)
    mask[10:50, 20:60] = True
    [whole] = desk.outlines(mask)
    mask[20:40, 30:50] = False
    inner, outer = sorted(map(ends, desk.outlines(mask)), reverse=True)
    np.testing.assert_allclose(ends(whole), [20, 60, 10, 50], atol=0.2)
    np.testing.assert_allclose(outer, [20, 60, 10, 50], atol=0.2)
    np.testing.assert_allclose(inner, [30, 50, 20, 40], atol=0.2)


def test_a_lone_pixel_is_smoothed_away_and_nothing_has_no_outline():
    mask = np.zeros((64, 64), bool)
    assert desk.outlines(mask) == []
    mask[30, 30] = True
    assert desk.outlines(mask) == []


def test_a_page_is_told_size_rate_and_unit_before_anything_is_segmented():
    frames = np.zeros((5, 30, 40), np.uint8)
    study = desk.Study(sequences.Sequence("a", frames, (0.5, 2.0), 25.0))
    assert desk.opened(study) == {
        "name": "a",
        "frames": 5,
        "width": 40,
        "height": 30,
        "rate": 25.0,
        "area_scale": 0.01,
        "area_unit": "cm^2",
    }


@pytest.mark.usefixtures("model")
def test_a_page_is_told_what_it_does_not_know_yet(beating):
    study = desk.Study(sequences.Sequence("a", beating))
    study.segment(URL)
    told = desk.progress(study, 47)
    assert [one["area"] for one in told["frames"]] == [
        np.count_nonzero(frame) for frame in beating[47:]
    ]
    assert told["error"] is None
    assert told["summary"]["frames"] == 50
    assert desk.progress(study, 50)["frames"] == []
    study.reading = None
    assert desk.progress(study, 0)["summary"] is None


def test_a_file_that_is_put_away_is_segmented_no_further(model, beating):
    opened, image = desk.Desk(URL), cv2.imencode(".png", beating[0])[1].tobytes()
    identifier, study = opened.open("first.png", image)
    assert opened.study(identifier) is study
    others = {opened.open(f"{number}.png", image)[0] for number in range(desk.KEPT)}
    assert len({identifier, *others}) == desk.KEPT + 1
    assert opened.study(identifier) is None
    assert study.closed.is_set()
    late = desk.Study(sequences.Sequence("a", beating))
    late.closed.set()
    late.segment(URL)
    assert (len(late.frames), late.reading) == (1, None)


def test_opening_does_not_wait_for_the_model(model, beating):
    goes_on, bright = threading.Event(), model.segment

    def slow(images):
        assert goes_on.wait(20)
        return bright(images)

    model.segment = slow
    image = cv2.imencode(".png", beating[0])[1].tobytes()
    _, study = desk.Desk(URL).open("a.png", image)
    assert (study.frames, study.reading) == ([], None)
    goes_on.set()
    while not (study.reading or study.error):
        time.sleep(0.001)
    assert (len(study.frames), study.error) == (1, None)


def test_a_bug_ends_the_waiting_of_the_page(model, beating):
    model.segment = lambda images: [{}]
    study = desk.Study(sequences.Sequence("a", beating[:1]))
    with pytest.raises(KeyError):
        study.segment(URL)
    assert study.error.startswith("the viewer failed at this file")
