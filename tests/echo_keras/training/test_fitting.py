"""The loss of the recipe is lowered, and Dice is that of the ventricle alone."""

import numpy as np
import pytest

from echo_keras import config
from echo_keras.losses import segmentation
from echo_keras.training import batches, fitting, initial, labels

TINY = config.Finetune(
    size=32, width=2, batch=4, steps=20, warmup_steps=2, mixed_precision="off"
)


def test_dice_counts_pixels_at_a_half_and_is_one_where_both_are_empty():
    truth = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], np.float32)
    probability = np.array(
        [[0.5, 0.49, 0.9, 0], [0.1, 0, 0, 0.49], [0.5, 0, 0, 0]], np.float32
    )
    shape = (3, 2, 2, 1)
    scores = fitting.dice(truth.reshape(shape), probability.reshape(shape))
    np.testing.assert_allclose(scores, [2 * 1 / 4, 1, 0])


def test_dice_of_four_structures_is_that_of_the_ventricle():
    # Two pixels of the ventricle, one found; of the others none counts.
    truth = np.array([1, 1, 0, 2, 3, 3]).reshape(1, 2, 3, 1)
    found = np.eye(4, dtype=np.float32)[[1, 2, 1, 1, 3, 0]].reshape(1, 2, 3, 4)
    np.testing.assert_allclose(fitting.dice(truth, found), [2 * 1 / (2 + 3)])
    unsure = np.where(found == 1, 0.49, 0.17).astype(np.float32)
    np.testing.assert_allclose(fitting.dice(truth, unsure), [0])


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("cross_entropy", segmentation.cross_entropy),
        ("dice", segmentation.soft_dice),
        ("both", segmentation.cross_entropy_and_dice),
        ("focal", segmentation.focal),
    ],
)
def test_the_loss_of_the_recipe_is_the_one_that_is_lowered(records, name, loss):
    recipe = config.replace(TINY, loss=name, steps=2)
    frames = {
        split: labels.load(recipe, records, split, patients=patients)
        for split, patients in (("train", [*"ab"]), ("validation", ["i"]))
    }
    model = initial.network(recipe)
    images, truth = next(iter(batches.endless(recipe, frames["train"])))
    wanted = np.mean(loss(truth, model(images)))
    found = fitting.fit(model, recipe, {**frames, "pseudo": None})
    assert found["loss"][0] == pytest.approx(wanted, rel=1e-5)
