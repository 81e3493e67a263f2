import math

import numpy as np
import pytest

from echo_keras.methods import dense

COUNT, APART = 3, 0.2
PATIENTS = np.arange(4, dtype=np.int32)
UPSIDE_DOWN = (1.0, -1.0)


@pytest.fixture(scope="module")
def frames():
    """Four frames of noise, the third of them black."""
    noise = np.random.default_rng(0).uniform(0, 255, (4, 1, 32, 32, 1))
    noise[2] = 0
    return noise.astype(np.uint8)


@pytest.fixture(scope="module")
def drawn(frames, turned):
    draw = dense.draw(turned, count=COUNT, apart=APART)
    return draw(frames, PATIENTS, seed=0, step=0)


def test_both_views_show_the_same_places(drawn):
    """The first view of every frame is upside down."""
    first, second = np.split(drawn.inputs[1], 2)
    assert first.shape == (4, COUNT, 2)
    np.testing.assert_allclose(first * UPSIDE_DOWN, second, atol=1e-6)


def test_places_of_a_black_frame_are_not_compared(drawn):
    np.testing.assert_array_equal(drawn.shown, np.repeat([1.0, 1.0, 0.0, 1.0], COUNT))
    assert drawn.ignored.numpy()[:, 2 * COUNT : 3 * COUNT].all()


def test_every_step_part_and_seed_has_places_of_its_own(frames, turned):
    draw = dense.draw(turned, count=COUNT, apart=APART)
    seen = [
        draw(frames, PATIENTS, seed=seed, step=step, part=part).inputs[1][0, 0, 0]
        for seed, step, part in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    ]
    assert len(set(map(float, seen))) == 4


def test_the_loss_is_the_written_out_one(build, frames, drawn, descent):
    """One place, one candidate at a time, in float64."""
    method = build("simclr", contrast="dense")
    vectors = np.split(method(drawn.inputs, training=True).numpy(), 2)
    places = np.split(drawn.inputs[1].numpy(), 2)[1].reshape(-1, 2)
    black = range(2 * COUNT, 3 * COUNT)
    losses = []
    for view, place in np.ndindex(2, 4 * COUNT):
        if place in black:
            continue
        partner = similarity(vectors[view][place], vectors[1 - view][place])
        total = math.exp(partner)
        for other, candidate in np.ndindex(2, 4 * COUNT):
            distance = math.dist(places[place], places[candidate])
            if candidate not in black and distance >= APART:
                total += math.exp(
                    similarity(vectors[view][place], vectors[other][candidate])
                )
        losses.append(math.log(total) - partner)
    method = build("simclr", contrast="dense")
    method.compile(descent())
    told = method.train_step((frames[:, None], PATIENTS[:, None]))
    assert float(told["loss"]) == pytest.approx(np.mean(losses), abs=1e-5)


def similarity(one, other, temperature=0.5):
    return one @ other / math.sqrt((one @ one) * (other @ other)) / temperature
