import numpy as np
import pytest
import tensorflow as tf

from echo_keras.data import places, views

SIZE = 64
IDENTITY = [[1.0, 0, 0], [0, 1, 0]]
BOTH = pytest.mark.parametrize("view", [views.paper, views.echo])


def bright(batch):
    return tf.ones((batch, SIZE, SIZE, 1))


def same_maps(batch):
    return tf.tile(tf.constant(IDENTITY)[None, None], (2, batch, 1, 1))


def blob(place):
    """Frame that is black but for a soft spot at a place."""
    pixel = np.asarray(place) * SIZE + (SIZE - 1) / 2
    rows, columns = np.mgrid[:SIZE, :SIZE]
    squares = (columns - pixel[0]) ** 2 + (rows - pixel[1]) ** 2
    return np.exp(-squares / (2 * 2.0**2)).astype(np.float32)[..., None]


def centre(image):
    """Place of the centre of mass of the brighter half of the grey values."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    weights = np.maximum(image[..., 0] - (image.max() + image.min()) / 2, 0)
    pixel = [np.average(axis, weights=weights) for axis in (columns, rows)]
    return (np.array(pixel) - (SIZE - 1) / 2) / SIZE


@BOTH
def test_a_landmark_is_found_where_both_views_show_it(view):
    """The spot moves with the frame, its brightness does not, and the map follows."""
    place, batch = np.array([0.08, -0.05], np.float32), 24
    frames = tf.constant(np.stack([blob(place)] * batch))
    followed = 0
    for seed in ((0, 1), (0, 2)):
        seen, maps = view(frames, seed)
        expected = places.found(tf.tile(place[None, None], (batch, 1, 1)), maps)[:, 0]
        for image, there in zip(seen.numpy(), expected.numpy()):
            # Whole spots alone have their middle at the landmark.
            if np.abs(there).max() < 0.3 and image.max() > 0.1:
                np.testing.assert_allclose(centre(image), there, atol=0.02)
                followed += 1
    assert followed > batch


def test_a_place_found_in_a_view_leads_back_to_the_frame():
    _, maps = views.echo(bright(5), (3, 4))
    wanted = np.random.default_rng(0).uniform(-0.5, 0.5, (5, 7, 2)).astype(np.float32)
    found = places.found(wanted, maps)
    back = tf.einsum("bij,bnj->bni", maps[..., :2], found) + maps[:, None, :, 2]
    np.testing.assert_allclose(back, wanted, atol=1e-5)


def test_both_views_show_every_place():
    maps = tf.stack([views.echo(bright(6), (0, side))[1] for side in (0, 1)])
    frame, seen, shown = places.shared(bright(6), maps, (1, 2), count=9)
    assert (frame.shape, seen.shape) == ((6, 9, 2), (2, 6, 9, 2))
    assert np.all(shown)
    assert np.abs(seen).max() < 0.5
    np.testing.assert_allclose(seen, places.found(frame, maps), atol=1e-6)


def test_views_of_different_corners_share_no_place():
    sides = [[[0.25, 0, shift], [0, 0.25, shift]] for shift in (-0.3, 0.3)]
    maps = tf.constant(sides, tf.float32)[:, None]
    _, _, shown = places.shared(bright(1), maps, (1, 2), count=4)
    assert not np.any(shown)


def test_no_place_is_drawn_where_the_frame_is_black():
    frames = np.zeros((3, SIZE, SIZE, 1), np.float32)
    frames[:, :, SIZE // 2 :] = 0.5
    frame, _, shown = places.shared(frames, same_maps(3), (1, 2), count=16)
    assert np.all(shown)
    assert np.min(frame[..., 0]) >= 0
    *_, shown = places.shared(0 * frames, same_maps(3), (1, 2), count=16)
    assert not np.any(shown)


def test_places_do_not_depend_on_how_the_batch_is_split():
    _, maps = views.echo(bright(4), (0, 1))
    maps = tf.stack([maps, maps])
    whole = places.shared(bright(4), maps, (1, 2), count=5)
    options = {"count": 5, "first": 2, "rows": 4}
    part = places.shared(bright(2), maps[:, 2:], (1, 2), **options)
    for found, expected in zip(part[::2], whole[::2]):
        np.testing.assert_array_equal(found, expected[2:])
    np.testing.assert_allclose(part[1], whole[1][:, 2:], atol=1e-6)


def test_places_within_the_distance_are_near():
    one, others = tf.constant([[0.0, 0]]), tf.constant([[0.0, 0], [0.06, 0.08], [0, 1]])
    assert places.near(one, others, apart=0.11).numpy().tolist() == [
        [True, True, False]
    ]
    assert places.near(one, others, apart=0.09).numpy().tolist() == [
        [True, False, False]
    ]
