"""Who teaches whom in a study is read from its words, or refused in a sentence."""

import pytest

from echo_keras import config, errors
from echo_keras.study import plan


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "unet.yaml").write_text("steps: 70\n")
    (tmp_path / "deep.yaml").write_text("network: deeplabv3\nencoder: resnet18\n")
    (tmp_path / "encoder").mkdir()
    return tmp_path


def study(**values):
    return config.load(config.Study, **values)


def test_a_student_has_the_teacher_of_its_own_weights_labels_and_run(folder):
    values = {"recipes": ["unet.yaml", "deep.yaml"], "inits": ["random", "encoder"]}
    cells = plan.cells(study(**values, teachers=["deep unet"]), folder)
    assert {cell.teachers for cell in cells if cell.recipe_name == "unet"} == {()}
    taught = [cell for cell in cells if cell.recipe_name == "deep"]
    assert len(taught) == 2 * (5 + 3)
    for cell in taught:
        assert cell.teachers == (cell.name.replace("deep", "unet", 1),)
        assert cell.identity["teachers"] == [*cell.teachers]


def test_a_student_may_have_several_teachers(folder):
    (folder / "student.yaml").write_text("size: 32\n")
    recipes = ["unet.yaml", "deep.yaml", "student.yaml"]
    options = {"recipes": recipes, "teachers": ["student unet deep"], "subsets": 1}
    cells = plan.cells(study(**options, fractions=[0.5]), folder)
    assert cells[-1].teachers == ("unet-random-0.5-0", "deep-random-0.5-0")


def test_a_teacher_may_have_other_first_weights(folder):
    values = {
        "recipes": ["unet.yaml", "deep.yaml"],
        "inits": ["random", "encoder"],
        "teachers": ["deep unet unet/encoder"],
        "without": ["deep encoder"],
    }
    cells = plan.cells(study(**values, fractions=[0.5], subsets=1), folder)
    assert cells[-1].name == "deep-random-0.5-0"
    assert cells[-1].teachers == ("unet-random-0.5-0", "unet-encoder-0.5-0")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"teachers": ["deep unet/"]}, "with their first weights as in unet/random"),
        (
            {"teachers": ["deep unet unet/encoder"], "inits": ["random", "encoder"]},
            "unet encoder would teach deep encoder twice; leave out `deep encoder`",
        ),
        ({"teachers": ["deep unet/magic"]}, "with their first weights as in unet/ran"),
        (
            {
                "teachers": ["deep unet/encoder"],
                "inits": ["random", "encoder"],
                "without": ["unet encoder 1"],
            },
            "deep random has no teacher at 1, since unet encoder is left out",
        ),
        ({"teachers": ["deep"]}, "teachers holds 'deep'; give a recipe and those"),
        ({"teachers": ["deep vnet"]}, "by name, all of unet, deep"),
        ({"teachers": ["unet deep"]}, "but deep does not stand before unet"),
        ({"teachers": ["deep unet unet"]}, "but names deep or a teacher of it twice"),
        ({"teachers": ["deep unet", "deep unet"]}, "or a teacher of it twice; write"),
        (
            {"teachers": ["deep unet"], "without": ["unet random 1"]},
            "deep random has no teacher at 1, since unet random is left out",
        ),
        (
            {"teachers": ["deep unet"], "without": ["unet random"]},
            "deep random has no teacher at 0.05, since unet random is left out",
        ),
        (
            {"teachers": ["deep unet"], "keep_models": False},
            "removes the networks that are to teach; set keep_models: true",
        ),
    ],
)
def test_teachers_that_cannot_be_had_are_refused(folder, values, sentence):
    values = {"recipes": ["unet.yaml", "deep.yaml"], **values}
    with pytest.raises(errors.InputError, match=sentence):
        plan.cells(study(**values), folder)
