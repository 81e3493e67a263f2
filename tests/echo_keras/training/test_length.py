"""How many steps a run takes."""

import pytest

from echo_keras import config
from echo_keras.training import length


@pytest.mark.parametrize(
    ("patients", "steps"), [(1, 300), (3, 300), (15, 500), (75, 1000), (300, 2000)]
)
def test_as_many_patients_as_in_the_study_take_as_many_steps(patients, steps):
    recipe = config.Finetune(batch=8)
    assert length.by_patients(recipe, patients) == config.replace(recipe, steps=steps)


def test_more_patients_take_more_steps_and_fewer_for_each():
    counts = (15, 75, 300, 7465)
    steps = [length.by_patients(config.Finetune(), count).steps for count in counts]
    assert steps == sorted(steps)
    each = [own / count for own, count in zip(steps, counts)]
    assert each == sorted(each, reverse=True)


@pytest.mark.parametrize("values", [{"steps": 7}, {"epochs": 7}])
def test_a_length_that_is_given_stays(values):
    recipe = config.Finetune(**values)
    assert length.by_patients(recipe, 15) == recipe


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
    found = length.by_frames(recipe, 30)
    assert found == config.replace(recipe, epochs=0, steps=steps, batch=batch)


def test_steps_do_not_ask_for_frames():
    recipe = config.Finetune(steps=7, batch=99)
    assert length.by_frames(recipe, 30) == recipe
