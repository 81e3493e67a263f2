import numpy as np
import pytest

from echo_keras.metrics import overlap

EMPTY = [[0, 0], [0, 0]]
LEFT = [[1, 0], [1, 0]]
TOP = [[1, 1], [0, 0]]
FULL = [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("truth", "prediction", "dice", "iou"),
    [
        (LEFT, LEFT, 1, 1),
        (LEFT, TOP, 2 / 4, 1 / 3),
        (LEFT, FULL, 4 / 6, 2 / 4),
        (LEFT, EMPTY, 0, 0),
        (EMPTY, EMPTY, 1, 1),
    ],
)
def test_scores_of_two_by_two_masks_counted_by_hand(truth, prediction, dice, iou):
    assert overlap.dice(truth, prediction) == pytest.approx(dice)
    assert overlap.iou(truth, prediction) == pytest.approx(iou)


def test_a_batch_is_scored_image_by_image():
    scores = overlap.dice([LEFT, LEFT, EMPTY], [LEFT, TOP, EMPTY])
    np.testing.assert_allclose(scores, [1, 0.5, 1])


def test_iou_and_dice_tell_the_same():
    random = np.random.default_rng(0)
    truth, prediction = random.integers(2, size=(2, 20, 8, 8))
    dice, iou = overlap.dice(truth, prediction), overlap.iou(truth, prediction)
    np.testing.assert_allclose(dice, 2 * iou / (1 + iou))
