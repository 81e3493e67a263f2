import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import augment, views

SEED = (3, 4)
BOTH = pytest.mark.parametrize("view", [views.paper, views.echo])


def frames(batch, size=32):
    """Smooth grey blobs within a sector below the middle of the upper edge."""
    noise = np.random.default_rng(0).uniform(size=(batch, 8, 8, 1))
    smooth = tf.image.resize(noise, (size, size), method="bicubic")
    rows, columns = np.mgrid[:size, :size] / size
    sector = np.abs(columns - 0.5) < 0.1 + 0.6 * rows
    return tf.clip_by_value(tf.cast(smooth, tf.float32), 0, 1) * sector[..., None]


@BOTH
def test_a_view_is_a_frame_again(view):
    result, maps = view(frames(8), SEED)
    assert result.shape == (8, 32, 32, 1)
    assert result.dtype == tf.float32
    assert maps.shape == (8, 2, 3)
    assert result.numpy().min() >= 0
    assert 0.3 < result.numpy().max() <= 1


@BOTH
def test_the_same_seed_gives_the_same_views_in_and_out_of_a_graph(view):
    images = frames(4)
    expected, _ = view(images, SEED)
    np.testing.assert_array_equal(view(images, SEED)[0], expected)
    traced, _ = tf.function(view)(images, SEED)
    np.testing.assert_allclose(traced, expected, atol=1e-5)


@BOTH
def test_two_seeds_and_two_frames_give_different_views(view):
    same = tf.repeat(frames(1), 4, axis=0)
    one, other = (view(same, (0, seed))[0].numpy() for seed in (1, 2))
    assert np.abs(one - other).mean(axis=(1, 2, 3)).min() > 0.01
    assert np.abs(one[0] - one[1]).mean() > 0.01


@BOTH
def test_a_view_does_not_depend_on_how_the_batch_is_split(view):
    images = frames(6)
    whole, _ = view(images, SEED)
    parts = [
        view(images[first : first + 2], SEED, first=first, rows=6)[0]
        for first in (0, 2, 4)
    ]
    np.testing.assert_allclose(tf.concat(parts, axis=0), whole, atol=1e-6)


def cropped(random, area, aspect):
    """Sides of a crop as torchvision's RandomResizedCrop draws it of a square."""
    for _ in range(10):
        share = random.uniform(*area)
        ratio = np.exp(random.uniform(-np.log(aspect), np.log(aspect)))
        across, down = np.sqrt(share * ratio), np.sqrt(share / ratio)
        if max(across, down) <= 1:
            return across, down
    return 1, 1


def test_the_crops_of_the_paper_are_distributed_as_torchvisions():
    random = np.random.default_rng(0)
    sides = np.array([cropped(random, (0.08, 1), 4 / 3) for _ in range(20_000)])
    _, maps = views.paper(tf.zeros((20_000, 2, 2, 1)), SEED)
    found = np.abs(np.stack([maps[:, 0, 0], maps[:, 1, 1]], axis=1))
    ranks = np.linspace(0, 1, 21)
    for measure in (np.prod, np.min, np.max):
        expected = np.quantile(measure(sides, axis=1), ranks)
        np.testing.assert_allclose(
            np.quantile(measure(found, axis=1), ranks), expected, atol=0.015
        )
    shifts = np.abs(np.stack([maps[:, 0, 2], maps[:, 1, 2]], axis=1))
    assert (shifts <= (1 - found) / 2 + 1e-6).all()


def test_a_crop_that_never_fits_is_the_whole():
    draw, _ = views._draws(frames(3), SEED, first=0, rows=None)
    for side, shift in views._box(draw, area=(1.5, 2.0), aspect=1.2):
        np.testing.assert_array_equal(side, np.ones(3))
        np.testing.assert_array_equal(shift, np.zeros(3))


def test_a_blur_without_width_leaves_the_frame_as_it_is():
    images = frames(2)
    np.testing.assert_allclose(
        views.blur(images, tf.zeros(2), radius=5), images, atol=1e-6
    )


def test_a_blurred_point_is_a_gaussian():
    point = np.zeros((1, 31, 31, 1), np.float32)
    point[0, 15, 15] = 1
    rows, columns = np.mgrid[-15:16, -15:16]
    gaussian = np.exp(-(rows**2 + columns**2) / (2 * 1.5**2))
    expected = gaussian / gaussian.sum()
    found = views.blur(point, tf.constant([1.5]), radius=11)[0, ..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_haze_fills_the_dark_between_tissue_most_near_the_probe():
    stripes = np.zeros((8, 32, 32, 1), np.float32)
    stripes[:, :, 8:24:2] = 1
    draw, own = views._draws(stripes, SEED, first=0, rows=None)
    added = views._haze(stripes, draw, own, chance=1.0).numpy()
    dark = added[:, :, 13, 0]
    assert (np.diff(dark, axis=1) < 0).all()
    assert dark[:, 0].min() > 0.1
    assert dark[:, -1].max() < 0.1 * dark[:, 0].max()
    assert added[:, :, :4].max() == 0
    assert added.max() < 0.9


def test_there_is_no_haze_where_none_is_drawn_and_none_without_tissue():
    draw, own = views._draws(frames(4), SEED, first=0, rows=None)
    assert views._haze(frames(4), draw, own, chance=0.0).numpy().max() == 0
    assert (
        views._haze(tf.zeros((4, 32, 32, 1)), draw, own, chance=1.0).numpy().max() == 0
    )


def test_the_probe_stays_where_a_turn_and_a_scaling_find_it(monkeypatch):
    """Without a crop, the upper edge's middle is the fixed point of the geometry."""
    monkeypatch.setattr(views, "_box", lambda draw, **_: [(1.0, 0.0), (1.0, 0.0)])
    size = 33
    images = np.zeros((16, size, size, 1), np.float32)
    images[:, :3, 15:18] = 1
    draw, _ = views._draws(images, SEED, first=0, rows=None)
    transforms = views._to_pixels(views._about_the_probe(draw), images)
    moved = augment.warp(images, transforms, interpolation="BILINEAR").numpy()
    assert moved[:, 1, 16].min() > 0.9
    assert moved[:, 6:].max() == 0
