"""How many steps a run takes."""

import pytest

from echo_keras import config
from echo_keras.training import length


@pytest.mark.parametrize(
    ("patients", "steps"),
    [(1, 300), (3, 300), (15, 500), (75, 1100), (300, 2200), (7465, 11100)],
)
def test_more_patients_take_more_steps_by_their_square_root(patients, steps):
    recipe = length.counted(config.Finetune(), patients=patients, frames=2 * patients)
    assert recipe == config.Finetune(steps=steps)


def test_steps_that_are_given_stay():
    recipe = config.Finetune(steps=7, batch=99)
    assert length.counted(recipe, patients=15, frames=30) == recipe


@pytest.mark.parametrize(
    ("values", "steps", "batch"),
    [
        ({"batch": 8}, 12, 8),
        ({"batch": 64}, 3, 30),
        ({"batch": 8, "teachers": ("a",)}, 24, 8),
        ({"batch": 64, "teachers": ("a",)}, 3, 64),
        ({"batch": 8, "steps": 7}, 12, 8),
    ],
)
def test_epochs_pass_over_the_frames_and_go_before_steps(values, steps, batch):
    recipe = config.Finetune(epochs=3, **values)
    found = length.counted(recipe, patients=15, frames=30)
    assert found == config.replace(recipe, epochs=0, steps=steps, batch=batch)
