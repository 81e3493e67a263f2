import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import augment

SIZE = 48
STILL = augment.Ranges()


def ventricles(batch=4):
    """Smooth bright ovals off the centre, in [0, 1]: `(batch, SIZE, SIZE, 1)`."""
    rows, columns = np.mgrid[:SIZE, :SIZE] / SIZE
    distance = ((rows - 0.45) / 0.28) ** 2 + ((columns - 0.55) / 0.18) ** 2
    oval = 1 / (1 + np.exp(12 * (distance - 1)))
    return tf.constant(np.tile(oval[None, ..., None], (batch, 1, 1, 1)), tf.float32)


def masks_of(images):
    return tf.cast(images > 0.5, tf.float32)


def numbered(batch=2):
    """Frames whose every pixel differs from its neighbours."""
    return tf.random.stateless_uniform((batch, SIZE, SIZE, 1), (1, 2))


def mapped(transform, x, y):
    """Where an output pixel is read from, by the plain matrix product."""
    matrix = np.append(transform, 1.0).reshape(3, 3)
    return (matrix @ [x, y, 1.0])[:2]


MOVES = {
    "rotation": math.radians(30),
    "scale": 0.3,
    "shift": 0.15,
    "shear": 0.15,
    "elastic": 0.06,
}


@pytest.mark.parametrize("names", [*zip(MOVES), tuple(MOVES)], ids="-".join)
@pytest.mark.parametrize("seed", range(5))
def test_frame_and_mask_move_together(names, seed):
    ranges = augment.Ranges(**{name: MOVES[name] for name in names})
    images = ventricles()
    moved, masks = augment.paired(
        images, masks_of(images), seed=(0, seed), ranges=ranges
    )
    assert np.any(masks != masks_of(images))
    seen = masks_of(moved)
    overlap = 2 * tf.reduce_sum(seen * masks, axis=(1, 2, 3))
    dice = overlap / tf.reduce_sum(seen + masks, axis=(1, 2, 3))
    assert np.all(dice > 0.95)


ALL = [augment.MILD, augment.STRONG]


@pytest.mark.parametrize("ranges", ALL, ids=["mild", "strong"])
def test_masks_keep_their_labels_and_frames_their_range(ranges):
    images = numbered(8)
    labels = tf.floor(images * 4)
    moved, masks = augment.paired(images, labels, seed=(0, 3), ranges=ranges)
    assert (moved.shape, moved.dtype) == (images.shape, tf.float32)
    assert (masks.shape, masks.dtype) == (images.shape, tf.float32)
    assert set(np.unique(masks)) == {0, 1, 2, 3}
    assert 0 <= moved.numpy().min() < moved.numpy().max() <= 1


@pytest.mark.parametrize("ranges", ALL, ids=["mild", "strong"])
def test_the_same_seed_gives_the_same_and_another_another(ranges):
    images = ventricles()
    first, again, other, step = (
        augment.paired(images, masks_of(images), seed=seed, ranges=ranges)
        for seed in ((0, 3), (0, 3), (1, 3), (0, 4))
    )
    for one, two in zip(first, again):
        np.testing.assert_array_equal(one, two)
    for changed in (other, step):
        assert np.abs(first[0] - changed[0]).max() > 0.1
        assert np.any(first[1] != changed[1])


@pytest.mark.parametrize("ranges", ALL, ids=["mild", "strong"])
def test_the_graph_gives_what_eager_execution_gives(ranges):
    images = ventricles()
    eager = augment.paired(images, masks_of(images), seed=(5, 6), ranges=ranges)
    graph = tf.function(augment.paired)(
        images, masks_of(images), seed=(5, 6), ranges=ranges
    )
    for one, two in zip(eager, graph):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_every_frame_of_a_batch_moves_its_own_way():
    images = ventricles(6)
    moved, masks = augment.paired(images, masks_of(images), seed=(0, 0))
    for one in range(6):
        for other in range(one):
            assert np.any(masks[one] != masks[other])
            assert np.abs(moved[one] - moved[other]).max() > 0.1


def test_nothing_changes_when_all_ranges_are_zero():
    images = numbered()
    moved, masks = augment.paired(
        images, tf.floor(images * 4), seed=(0, 1), ranges=STILL
    )
    np.testing.assert_allclose(moved, images, atol=1e-5)
    np.testing.assert_array_equal(masks, tf.floor(images * 4))


def test_a_pure_rotation_turns_about_the_centre():
    ranges = augment.Ranges(rotation=math.radians(30))
    centre = (SIZE - 1) / 2
    for transform in augment.affine(20, SIZE, (0, 1), ranges=ranges).numpy():
        np.testing.assert_allclose(mapped(transform, centre, centre), [centre] * 2)
        x, y = mapped(transform, centre + 10, centre) - centre
        assert math.hypot(x, y) == pytest.approx(10, rel=1e-5)
        angle = math.atan2(y, x)
        assert abs(angle) <= math.radians(30)
        turned = [-10 * math.sin(angle), 10 * math.cos(angle)]
        np.testing.assert_allclose(
            mapped(transform, centre, centre + 10) - centre, turned, atol=1e-4
        )


def test_a_pure_shift_moves_every_pixel_alike():
    ranges = augment.Ranges(shift=0.1)
    transforms = augment.affine(20, SIZE, (0, 1), ranges=ranges).numpy()
    shifts = transforms[:, [2, 5]]
    np.testing.assert_allclose(transforms[:, [0, 1, 3, 4]], [[1, 0, 0, 1]] * 20)
    np.testing.assert_allclose(transforms[:, 6:], 0)
    assert 0.05 * SIZE < np.abs(shifts).max() <= 0.1 * SIZE
    assert len(np.unique(shifts)) == 40


def test_scale_is_as_often_in_as_out_and_within_its_range():
    ranges = augment.Ranges(scale=0.2)
    transforms = augment.affine(2000, SIZE, (0, 1), ranges=ranges).numpy()
    wide, high = 1 / transforms[:, 0], 1 / transforms[:, 4]
    assert 1 / 1.2 <= wide.min() < 0.84
    assert 1.19 < wide.max() <= 1.2 + 1e-5
    assert abs(np.log(wide).mean()) < 0.01
    # Height follows width but for a tenth either way.
    assert 1 / 1.1 - 1e-5 <= (high / wide).min() < (high / wide).max() <= 1.1 + 1e-5


def test_warping_reads_each_pixel_where_the_matrix_points():
    images = numbered(1)
    turn = np.array([0, -1, SIZE - 1, 1, 0, 0, 0, 0], np.float32)
    turned = augment.warp(images, turn[None], interpolation="NEAREST")
    for y, x in ((0, 0), (3, 7), (40, 11)):
        from_x, from_y = mapped(turn, x, y).astype(int)
        assert turned[0, y, x, 0] == images[0, from_y, from_x, 0]


def test_what_comes_from_outside_is_black():
    away = tf.constant([[1, 0, 10.0, 0, 1, 0, 0, 0]])
    for interpolation in ("NEAREST", "BILINEAR"):
        moved = augment.warp(
            tf.ones((1, SIZE, SIZE, 1)), away, interpolation=interpolation
        ).numpy()
        assert np.all(moved[:, :, : SIZE - 10] == 1)
        assert np.all(moved[:, :, SIZE - 10 :] == 0)


def test_black_and_the_order_of_greys_survive_gamma_and_gain():
    ranges = augment.Ranges(gamma=0.5, gain=0.2)
    ramp = tf.reshape(tf.linspace(0.0, 0.8, SIZE * SIZE), (1, SIZE, SIZE, 1))
    varied = augment.intensity(
        tf.tile(ramp, (9, 1, 1, 1)), (0, 1), ranges=ranges
    ).numpy()
    assert np.all(varied[:, 0, 0] == 0)
    assert np.all(np.diff(varied.reshape(9, -1)) >= 0)
    assert np.abs(varied - ramp).max(axis=(1, 2, 3)).min() > 1e-3


def test_noise_grows_with_the_grey_level_as_speckle_does():
    ranges = augment.Ranges(noise=0.08)
    flat = tf.concat([tf.fill((16, SIZE, SIZE, 1), grey) for grey in (0.2, 0.4)], 2)
    noisy = augment.intensity(flat, (0, 1), ranges=ranges).numpy()
    dark, bright = noisy[:, :, :SIZE], noisy[:, :, SIZE:]
    ratio = bright.std(axis=(1, 2, 3)) / dark.std(axis=(1, 2, 3))
    np.testing.assert_allclose(ratio, 2, rtol=0.1)
    assert np.all(dark.std(axis=(1, 2, 3)) <= 0.2 * 2 * 0.08 * 1.1)


@pytest.mark.parametrize("ranges", ALL, ids=["mild", "strong"])
def test_a_known_size_stays_known_in_the_graph(ranges):
    images, masks = ventricles(), tf.round(ventricles())
    batches = tf.data.Dataset.from_tensor_slices((images, masks)).batch(2)
    moved = batches.map(lambda *pair: augment.paired(*pair, seed=(0, 1), ranges=ranges))
    for spec in moved.element_spec:
        assert spec.shape.as_list() == [None, SIZE, SIZE, 1]


def test_gamma_is_a_power_and_keeps_black_and_white():
    levels = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, 16, 16, 1)
    exponents = np.array([0.6, 1.0, 1.7], np.float32).reshape(3, 1, 1, 1)
    images = np.repeat(levels, 3, axis=0)
    raised = augment.gamma(images, exponents).numpy()
    np.testing.assert_allclose(raised, images**exponents, atol=1e-6)
    assert (raised[:, 0, 0] == 0).all()
    assert (raised[:, -1, -1] == 1).all()


@pytest.mark.parametrize("name", ["gamma", "gain", "noise", "blur", "gain_over_depth"])
def test_what_alters_grey_values_leaves_the_mask_in_its_place(name):
    ranges = augment.Ranges(**{name: 0.2})
    images = ventricles()
    altered, masks = augment.paired(
        images, masks_of(images), seed=(0, 1), ranges=ranges
    )
    np.testing.assert_array_equal(masks, masks_of(images))
    assert np.abs(altered - images).max() > 0.01


def test_a_shadow_leaves_the_mask_in_its_place():
    images = ventricles(20)
    ranges = augment.Ranges(shadow=1.0)
    altered, masks = augment.paired(
        images, masks_of(images), seed=(0, 1), ranges=ranges
    )
    np.testing.assert_array_equal(masks, masks_of(images))
    assert np.all(altered <= images + 1e-5)
    assert np.abs(altered - images).max() > 0.3
