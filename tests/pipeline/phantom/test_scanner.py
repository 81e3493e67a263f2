"""Patients are imaged well enough to see the heart, and as well as graded."""

import numpy as np
import pytest

from pipeline.phantom import heart as anatomy
from pipeline.phantom import scanner


@pytest.fixture(scope="module")
def drawn():
    """Pairs of a heart and the scanner that was set for it."""
    random = np.random.default_rng(0)
    hearts = [anatomy.draw(random) for _ in range(600)]
    return [(heart, scanner.draw(heart, random)) for heart in hearts]


def test_grades_come_in_camus_shares():
    random = np.random.default_rng(0)
    heart = anatomy.draw(random)
    grades = [scanner.draw(heart, random).grade for _ in range(600)]
    shares = [grades.count(grade) / 600 for grade in scanner.GRADES]
    assert shares == pytest.approx([0.43, 0.43, 0.14], abs=0.06)


def test_the_depth_leaves_room_below_the_mitral_plane(drawn):
    for heart, settings in drawn:
        base = heart.apex[1] + heart.length
        assert base / settings.depth < 0.85
        assert 110 <= settings.depth <= 185


def test_muscle_is_grey_and_blood_and_noise_are_darker(drawn):
    for _, settings in drawn:
        assert 0 < settings.gain < settings.dynamic_range
        assert settings.blood <= -8
        assert settings.noise <= -11


def test_shadows_lie_in_the_sector_and_take_something(drawn):
    shadows = [
        (abs(angle) / settings.half_angle, first / settings.depth, loss)
        for _, settings in drawn
        for angle, _, first, loss in settings.shadows
    ]
    aside, first, loss = np.transpose(shadows)
    assert aside.max() < 1
    assert first.max() < 0.6
    assert loss.min() >= 5
    assert max(len(settings.shadows) for _, settings in drawn) == 3


@pytest.mark.parametrize(
    "worse", ["blood", "noise", "haze", "haze_depth", "lateral_loss"]
)
def test_a_worse_grade_is_a_worse_picture(drawn, worse):
    levels = [
        [getattr(settings, worse) for _, settings in drawn if settings.grade == grade]
        for grade in scanner.GRADES
    ]
    good, medium, poor = map(np.mean, levels)
    assert good < medium < poor
