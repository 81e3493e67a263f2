import math

import numpy as np
import tensorflow as tf

from echo_keras.data import artefacts

SIZE = 48


def grey(batch, level=0.5):
    return tf.fill((batch, SIZE, SIZE, 1), level)


def test_a_shadow_is_a_ray_from_the_probe():
    shadows = 0.5 - artefacts.shadow(grey(20), (0, 1), chance=1.0).numpy()[..., 0]
    place = (np.arange(SIZE) + 0.5) / SIZE
    angles = np.arctan2(place[None] - 0.5, place[:, None])
    for dark in shadows:
        assert 0.5 * 0.25 < dark.max() <= 0.5 * 0.9
        middle = angles[dark == dark.max()][0]
        assert abs(middle) < artefacts.HALF_SECTOR + 0.05
        far = np.abs(angles - middle) > 0.5
        assert dark[far].max() < 1e-3
        rows = slice(SIZE // 4, SIZE // 2)
        seen = np.average(angles[rows], axis=1, weights=dark[rows])
        np.testing.assert_allclose(seen, middle, atol=0.05)


def test_shadows_fall_on_the_share_of_frames_that_is_asked_for():
    shadowed = artefacts.shadow(grey(1000), (0, 1), chance=0.3).numpy()
    share = np.mean(shadowed.min(axis=(1, 2, 3)) < 0.45)
    # Five deviations of a thousand draws.
    assert abs(share - 0.3) < 5 * math.sqrt(0.3 * 0.7 / 1000)


def test_gain_over_depth_is_the_same_along_each_row_and_within_reach():
    gained = artefacts.gain_over_depth(grey(50), (0, 1), reach=0.3).numpy()
    assert np.ptp(gained, axis=2).max() < 1e-6
    gain = gained[:, :, 0, 0] / 0.5
    assert 0.7 <= gain.min() < 0.85
    assert 1.15 < gain.max() <= 1.3
    assert np.ptp(gain, axis=1).min() > 0.01
    white = artefacts.gain_over_depth(grey(50, 1.0), (0, 1), reach=0.3)
    assert white.numpy().max() == 1


def test_blur_spreads_a_point_and_keeps_flat_frames_flat():
    flat = artefacts.blur(grey(10), (0, 1), reach=0.05)
    np.testing.assert_allclose(flat, 0.5, rtol=1e-5)
    point = np.zeros((200, SIZE, SIZE, 1), np.float32)
    point[:, 24, 24] = 1
    blurred = artefacts.blur(tf.constant(point), (0, 1), reach=0.02).numpy()
    np.testing.assert_allclose(blurred.sum(axis=(1, 2, 3)), 1, rtol=1e-4)
    steps = np.arange(SIZE) - 24
    deviation = np.sqrt((blurred.sum(axis=(2, 3)) * steps**2).sum(axis=1))
    assert 0.015 * SIZE < deviation.max() <= 0.02 * SIZE * 1.01
    untouched = np.mean(blurred[:, 24, 24, 0] > 0.9999)
    assert 0.3 < untouched < 0.7
