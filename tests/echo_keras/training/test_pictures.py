import cv2
import numpy as np

from echo_keras.training import pictures


def pairs(count):
    levels = np.linspace(0.1, 0.9, 2 * count).reshape(2, count, 1, 1, 1)
    return np.ones((2, count, 8, 8, 1)) * levels


def test_the_two_views_of_a_pair_stand_side_by_side():
    views = pairs(3)
    picture = pictures.sheet(views, columns=2)
    assert picture.shape == (8 + 4 + 8, 2 * 16 + 4)
    for number, (row, column) in enumerate([(0, 0), (0, 20), (12, 0)]):
        for side in range(2):
            tile = picture[row : row + 8, column + 8 * side : column + 8 * side + 8]
            assert (tile == round(255 * views[side, number, 0, 0, 0])).all()
    assert (picture[12:, 20:] == 255).all()


def test_a_page_holds_curves_and_views(tmp_path):
    epochs = {name: [1.0, 0.5, 0.2] for name in pictures.LABELS}
    pictures.page(epochs, pairs(8), tmp_path / "page.png", title="a run")
    picture = cv2.imread(str(tmp_path / "page.png"))
    assert picture.shape == (800, 1200, 3)
    lines = (picture.astype(int).max(2) - picture.min(2)) > 50
    assert lines[:400].any()
    assert not lines[500:].any()
