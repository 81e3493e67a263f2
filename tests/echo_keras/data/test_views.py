import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import augment, views

MANY = 2000
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


STEP = """
import sys
import tensorflow as tf
from echo_keras.data import views

seen = tf.Variable(tf.zeros((4, 32, 32, 1)))

@tf.function
def step(frames, seed):
    seen.assign(getattr(views, sys.argv[1])(frames, seed)[0])

step(tf.ones((4, 32, 32, 1)), tf.constant([1, 2]))
tf.print("taken")
"""


@BOTH
def test_tensorflow_optimises_a_step_that_makes_views(view):
    command = [sys.executable, "-c", STEP, view.__name__]
    told = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=told)
    assert "taken" in done.stderr
    # Where its rewriting fails, TensorFlow runs the step as it is, and slower.
    assert "optimization failure" not in done.stderr


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


def test_half_of_the_papers_views_are_mirrored_and_half_are_blurred(monkeypatch):
    widths = []

    def kept(images, sigma, *, radius):
        widths.append(sigma.numpy())
        return images

    monkeypatch.setattr(views, "blur", kept)
    _, maps = views.paper(np.zeros((MANY, 4, 4, 1), np.float32), SEED)
    assert np.mean(maps[:, 0, 0] < 0) == pytest.approx(0.5, abs=0.05)
    (widths,) = widths
    assert np.mean(widths > 0) == pytest.approx(0.5, abs=0.05)
    blurred = widths[widths > 0]
    assert (blurred.min(), blurred.max()) == pytest.approx((0.1, 2.0), abs=0.05)


def test_four_fifths_of_the_papers_views_change_in_brightness():
    grey = np.full((MANY, 4, 4, 1), 0.5, np.float32)
    draw, own = views._draws(grey, SEED, first=0, rows=None)
    factors = views._jitter(grey, draw, own, strength=0.8).numpy()[:, 0, 0, 0] / 0.5
    changed = factors[np.abs(factors - 1.0) > 1e-4]
    assert len(changed) / MANY == pytest.approx(0.8, abs=0.05)
    assert (changed.min(), changed.max()) == pytest.approx((0.2, 1.8), abs=0.05)
    assert changed.mean() == pytest.approx(1.0, abs=0.05)


def test_the_papers_contrast_moves_about_the_mean():
    halves = np.full((MANY, 4, 4, 1), 0.45, np.float32)
    halves[:, :2] = 0.55
    draw, own = views._draws(halves, SEED, first=0, rows=None)
    jittered = views._jitter(halves, draw, own, strength=0.8).numpy()
    upper, lower = jittered[:, 0, 0, 0], jittered[:, 3, 0, 0]
    whole = upper < 1.0  # beyond which brightness clips
    factors = (upper - lower)[whole] / (upper + lower)[whole] / 0.1
    assert (factors.min(), factors.max()) == pytest.approx((0.2, 1.8), abs=0.1)


@pytest.mark.parametrize(
    ("name", "neutral"),
    [
        ("_haze", tf.zeros_like),
        ("_speckle", tf.zeros_like),
        ("_shadow", tf.ones_like),
        ("_gain_over_depth", tf.ones_like),
    ],
)
def test_every_change_reaches_the_views_made_for_ultrasound(monkeypatch, name, neutral):
    whole, _ = views.echo(frames(16), SEED)
    change = getattr(views, name)
    monkeypatch.setattr(views, name, lambda *a, **k: neutral(change(*a, **k)))
    without, _ = views.echo(frames(16), SEED)
    assert np.abs(whole - without).max() > 0.05


def test_a_narrow_dynamic_range_blackens_what_is_dark():
    dark, _ = views.echo(np.full((64, 16, 16, 1), 0.05, np.float32), SEED)
    black = np.max(dark, axis=(1, 2, 3)) == 0.0
    assert 0.2 < black.mean() < 0.5


def test_gain_over_depth_is_one_factor_a_row():
    images = np.ones((64, 32, 32, 1), np.float32)
    draw, _ = views._draws(images, SEED, first=0, rows=None)
    gains = views._gain_over_depth(images, draw)
    assert gains.shape == (64, 32, 1, 1)
    assert (np.min(gains), np.max(gains)) == pytest.approx((0.7, 1.3), abs=0.02)
    assert np.ptp(gains, axis=1).min() > 0.01


def test_a_shadow_is_a_ray_from_the_probe():
    size = 64
    images = np.ones((16, size, size, 1), np.float32)
    draw, own = views._draws(images, SEED, first=0, rows=None)
    factors = views._shadow(images, draw, own, chance=1.0).numpy()[..., 0]
    place = (np.arange(size) + 0.5) / size
    for factor in factors:
        darkest = [place[np.argmin(factor[row])] for row in (20, 30)]
        turned = (np.array(darkest) - 0.5) / place[[20, 30]]
        assert turned[0] == pytest.approx(turned[1], abs=0.05)
        assert factor[30].min() < 0.75
        assert factor[30].max() > 0.99


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
