import math

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.losses import contrastive


def projections(batch, dim, seed=0):
    return np.random.default_rng(seed).normal(size=(2, batch, dim)).astype(np.float32)


def same(patients):
    return np.equal.outer(patients, patients)


def written_out(views, candidates, temperature, offset, *, patients=None, ignored=None):
    """Eq. 1 of SimCLR, one view and one candidate at a time, in float64."""
    patients = np.arange(candidates.shape[1]) if patients is None else patients
    ignored = same(patients) if ignored is None else ignored

    def cosine(a, b):
        a, b = a.astype(np.float64), b.astype(np.float64)
        return a @ b / math.sqrt((a @ a) * (b @ b))

    loss = np.zeros(views.shape[:2])
    for view, frame in np.ndindex(loss.shape):
        others = 0.0
        for other, candidate in np.ndindex(candidates.shape[:2]):
            partner = (other, candidate) == (1 - view, offset + frame)
            if partner or not ignored[offset + frame, candidate]:
                similarity = cosine(views[view, frame], candidates[other, candidate])
                others += math.exp(similarity / temperature)
        partner = cosine(views[view, frame], candidates[1 - view, offset + frame])
        loss[view, frame] = math.log(others) - partner / temperature
    return loss


@pytest.mark.parametrize(("first", "last"), [(0, 6), (0, 2), (2, 5)])
def test_loss_is_equation_one_written_out(first, last):
    everyone = projections(6, 4)
    local = everyone[:, first:last]
    loss = contrastive.nt_xent(local, everyone, temperature=0.2, offset=first)
    expected = written_out(local, everyone, 0.2, first)
    np.testing.assert_allclose(loss, expected, atol=1e-5)


@pytest.mark.parametrize(("first", "last"), [(0, 6), (0, 3), (3, 6)])
def test_frames_of_the_same_patient_are_never_negatives(first, last):
    """The two chamber views of patients 4 and 7 stand in one batch, even in parts."""
    everyone, patients = projections(6, 4), [7, 4, 5, 7, 6, 4]
    local = everyone[:, first:last]
    loss = contrastive.nt_xent(
        local,
        everyone,
        temperature=0.2,
        offset=first,
        ignored=same(patients)[first:last],
    )
    expected = written_out(local, everyone, 0.2, first, patients=patients)
    np.testing.assert_allclose(loss, expected, atol=1e-5)
    plain = contrastive.nt_xent(local, everyone, temperature=0.2, offset=first)
    fewer = [patients.count(who) > 1 for who in patients[first:last]]
    np.testing.assert_array_equal((plain - loss).numpy() > 1e-3, [fewer, fewer])


def test_a_batch_of_one_patient_has_nothing_to_confuse():
    views = projections(4, 3)
    loss = contrastive.nt_xent(views, views, temperature=0.05, ignored=same([3] * 4))
    np.testing.assert_allclose(loss, np.zeros((2, 4)), atol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_collapsed_views_cost_the_log_of_the_candidates(batch):
    same = tf.ones((2, batch, 4))
    loss = contrastive.nt_xent(same, same, temperature=0.5)
    expected = np.full((2, batch), np.log(2 * batch - 1))
    np.testing.assert_allclose(loss, expected, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_orthogonal_frames_have_a_closed_form(temperature):
    views = np.stack([np.eye(5, dtype=np.float32)] * 2)
    loss = contrastive.nt_xent(views, views, temperature=temperature)
    expected = math.log1p(8 * math.exp(-1 / temperature))
    np.testing.assert_allclose(loss, np.full((2, 5), expected), atol=1e-5)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_finite_at_a_low_temperature(dtype):
    views = tf.cast(projections(8, 4), dtype)
    with tf.GradientTape() as tape:
        tape.watch(views)
        loss = contrastive.nt_xent(views, views, temperature=0.05)
    assert loss.dtype == tf.float32
    assert np.isfinite(loss).all()
    assert np.isfinite(tf.cast(tape.gradient(loss, views), tf.float32)).all()
    rounded = tf.cast(views, tf.float32).numpy()
    np.testing.assert_allclose(
        loss, written_out(rounded, rounded, 0.05, 0), rtol=1e-4, atol=1e-4
    )


def test_the_length_of_a_projection_does_not_matter():
    views = projections(4, 3)
    short = contrastive.nt_xent(views, views, temperature=0.1)
    long = contrastive.nt_xent(100 * views, views, temperature=0.1)
    np.testing.assert_allclose(short, long, atol=1e-4)


def test_a_lone_frame_has_nothing_to_confuse():
    views = projections(1, 3)
    loss = contrastive.nt_xent(views, views, temperature=0.1)
    np.testing.assert_allclose(loss, np.zeros((2, 1)), atol=1e-6)


def test_accuracy_counts_the_views_nearest_to_their_partner():
    first = np.eye(3, dtype=np.float32)
    second = first[[0, 2, 1]]
    swapped = np.stack([first, second])
    share = float(contrastive.accuracy(swapped, swapped))
    assert share == pytest.approx(1 / 3)
    paired = np.stack([first, first])
    assert float(contrastive.accuracy(paired[:, 1:], paired, offset=1)) == 1


def test_another_frame_of_the_patient_does_not_count_as_a_mistake():
    frames = np.tile(np.eye(2, dtype=np.float32)[[0, 0, 1]], (2, 1, 1))
    assert float(contrastive.accuracy(frames, frames)) < 1
    ignored = same([1, 1, 2])
    assert float(contrastive.accuracy(frames, frames, ignored=ignored)) == 1


def test_views_that_do_not_count_leave_the_accuracy_to_the_others():
    first = np.eye(3, dtype=np.float32)
    swapped = np.stack([first, first[[0, 2, 1]]])
    weights = np.array([3, 0, 0], np.float32)
    assert float(contrastive.accuracy(swapped, swapped, weights=weights)) == 1


@pytest.mark.parametrize(("first", "last"), [(0, 8), (0, 3), (3, 8)])
def test_places_near_each_other_are_no_negatives(first, last):
    """Unlike being of a patient: a may be near to b, and b to c, but a not to c."""
    everyone, line = projections(8, 4), np.arange(8)
    ignored = np.abs(line[:, None] - line) < 2
    loss = contrastive.nt_xent(
        everyone[:, first:last],
        everyone,
        temperature=0.2,
        offset=first,
        ignored=ignored[first:last],
    )
    expected = written_out(
        everyone[:, first:last], everyone, 0.2, first, ignored=ignored
    )
    np.testing.assert_allclose(loss, expected, atol=1e-5)


@pytest.mark.parametrize(("angle", "expected"), [(0, 0), (90, 4), (180, 8)])
def test_regression_is_two_less_twice_the_cosine_both_ways(angle, expected):
    x, y = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    first, second = [[1.0, 0.0]], [[3 * x, 3 * y]]
    loss = contrastive.regression(
        tf.constant([first, second]), tf.constant([first, second])
    )
    np.testing.assert_allclose(loss, [expected], atol=1e-6)


def test_regression_compares_each_view_with_the_other_ones_target():
    """Predictions equal to the targets of the other view cost nothing."""
    targets = projections(3, 4)
    loss = contrastive.regression(targets[::-1], targets)
    np.testing.assert_allclose(loss, np.zeros(3), atol=1e-5)


def test_spread_is_zero_when_collapsed_and_one_on_the_sphere():
    collapsed = float(contrastive.spread(tf.ones((2, 64, 16))))
    assert collapsed == pytest.approx(0, abs=1e-6)
    wide = float(contrastive.spread(projections(4096, 16)))
    assert wide == pytest.approx(1, abs=0.02)


def test_alignment_is_the_squared_distance_of_the_pairs():
    first = tf.constant([[1.0, 0.0], [0.0, 5.0]])
    second = tf.constant([[0.0, 2.0], [0.0, 1.0]])
    assert float(contrastive.alignment(tf.stack([first, second]))) == pytest.approx(1)


def test_uniformity_is_the_log_of_the_mean_potential_written_out():
    views = projections(5, 3)
    units = views / np.linalg.norm(views, axis=-1, keepdims=True)
    potentials = [
        math.exp(-2 * np.sum((units[side, i] - units[side, j]) ** 2))
        for side in range(2)
        for i in range(5)
        for j in range(5)
        if i != j
    ]
    found = float(contrastive.uniformity(views))
    assert found == pytest.approx(math.log(np.mean(potentials)), abs=1e-5)


def test_uniformity_is_zero_when_collapsed_and_minus_eight_at_the_poles():
    assert float(contrastive.uniformity(tf.ones((2, 8, 4)))) == pytest.approx(0)
    poles = tf.constant([[[1.0], [-1.0]]] * 2)
    assert float(contrastive.uniformity(poles)) == pytest.approx(-8)
