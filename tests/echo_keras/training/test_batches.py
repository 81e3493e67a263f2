import numpy as np
import pytest

from echo_keras import config
from echo_keras.training import batches, labels

TINY = config.Finetune(size=32, batch=4)


@pytest.fixture(scope="module")
def frames(records):
    return labels.load(TINY, records, "train", patients=["a", "b"])


@pytest.mark.parametrize("level", ["mild", "strong"])
def test_batches_are_augmented_anew_and_the_same_for_the_same_seed(frames, level):
    recipe = config.replace(TINY, batch=2, augment=level)
    runs = [[*batches.endless(recipe, frames).take(3)] for _ in range(2)]
    for one, two in zip(*runs):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])
    means = {float(np.mean(images)) for images, _ in runs[0]}
    assert len(means) == 3


def test_without_augmentation_every_pass_shows_the_frames_themselves(frames):
    images, masks = frames
    recipe = config.replace(TINY, augment="none")
    for seen, truth in batches.endless(recipe, frames).take(3):
        order = np.argsort(seen.numpy().sum(axis=(1, 2, 3)))
        expected = np.argsort(images.sum(axis=(1, 2, 3)))
        np.testing.assert_array_equal(seen.numpy()[order], images[expected])
        np.testing.assert_array_equal(truth.numpy()[order], masks[expected])


def test_a_batch_may_be_larger_than_the_frames(frames):
    recipe = config.replace(TINY, batch=10)
    images, truth = next(iter(batches.endless(recipe, frames)))
    assert images.shape == truth.shape == (10, 32, 32, 1)


@pytest.mark.parametrize(
    ("batch", "share", "labelled"),
    [(16, 0.5, 8), (16, 0.25, 12), (16, 0.01, 15), (16, 0.99, 1), (2, 0.9, 1)],
)
def test_pseudo_labelled_frames_have_their_share_of_each_batch(
    frames, batch, share, labelled
):
    recipe = config.replace(
        TINY, batch=batch, teachers=("a teacher",), pseudo_share=share, augment="none"
    )
    assert batches.labelled_count(recipe) == labelled
    pseudo = (np.ones((3, 32, 32, 1), np.float32), np.ones((3, 32, 32, 1), np.uint8))
    for images, truth in batches.endless(recipe, frames, pseudo).take(3):
        assert len(images) == batch
        white = np.all(images.numpy() == 1, axis=(1, 2, 3))
        np.testing.assert_array_equal(white, np.arange(batch) >= labelled)
        np.testing.assert_array_equal(np.all(truth.numpy() == 1, (1, 2, 3)), white)


def test_validation_comes_once_and_in_order(frames):
    seen = [*batches.whole(frames, 3)]
    assert [len(images) for images, _ in seen] == [3, 1]
    for part, whole in zip(zip(*seen), frames):
        np.testing.assert_array_equal(np.concatenate(part), whole)
