"""A study is laid out in cells, each of them once, or refused in a sentence."""

import collections
import pathlib

import pytest

from echo_keras import config, errors
from echo_keras.study import plan


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "unet.yaml").write_text("steps: 70\n")
    (tmp_path / "deep.yaml").write_text("network: deeplabv3\nencoder: resnet18\n")
    (tmp_path / "simclr.yaml").write_text("epochs: 3\n")
    (tmp_path / "encoder").mkdir()
    return tmp_path


def study(**values):
    return config.load(config.Study, **values)


def test_every_comparison_has_its_subsets_and_seeds(folder):
    cells = plan.cells(
        study(
            recipes=["unet.yaml", "deep.yaml"],
            inits=["random", "encoder"],
            fractions=[0.05, 1],
            subsets=4,
            seeds=2,
        ),
        folder,
    )
    assert len({cell.name for cell in cells}) == len(cells) == 2 * 2 * (4 + 2)
    counts = collections.Counter((cell.arm, cell.fraction) for cell in cells)
    assert counts[("unet", "random"), 0.05] == 4
    assert counts[("deep", "encoder"), 1.0] == 2
    assert {cell.number for cell in cells[:8]} == {0}


def test_a_run_has_its_own_subset_and_seed_and_the_whole_has_one_subset():
    cells = plan.cells(study(fractions=[0.5, 1.0], subsets=3, seeds=3), None)
    drawn = {(c.fraction, c.recipe.subset_seed, c.recipe.seed) for c in cells}
    assert drawn == {
        *((0.5, number, number) for number in range(3)),
        *((1.0, 0, number) for number in range(3)),
    }


def test_settings_of_recipes_that_the_study_sets_itself_are_named(folder):
    (folder / "best.yaml").write_text("init: hearts\nseed: 7\nwidth: 8\n")
    recipes = ["unet.yaml", "best.yaml", "default"]
    told = list(plan.overruled(study(recipes=recipes), folder))
    assert told == [("best.yaml", ["init", "seed"])]


def test_lengths_that_the_study_chooses_are_told_and_networks_of_pretrainings(folder):
    (folder / "paper.yaml").write_text("epochs: 50\nsteps: 9\n")
    (folder / "wide.yaml").write_text("encoder: resnet50\nwidth: 64\nbatch: 8\n")
    options = {"recipes": ["paper.yaml"], "inits": ["random", "wide.yaml"]}
    network = ("wide.yaml", ["encoder", "width"])
    told = list(plan.overruled(study(**options), folder))
    assert told == [network]
    given = study(**options, fractions=[1.0], steps=[90])
    told = list(plan.overruled(given, folder))
    assert told == [("paper.yaml", ["steps", "epochs"]), network]


def test_the_recipe_is_passed_through_with_the_steps_of_its_fraction(folder):
    options = {"recipes": ["deep.yaml"], "fractions": [0.5, 1.0], "subsets": 1}
    own = plan.cells(study(**options), folder)
    given = plan.cells(study(**options, steps=[30, 90]), folder)
    assert {cell.recipe.steps for cell in own} == {config.Finetune.steps}
    assert {(c.fraction, c.recipe.steps) for c in given} == {(0.5, 30), (1.0, 90)}
    assert {cell.recipe.encoder for cell in own} == {"resnet18"}


def test_the_steps_of_the_study_take_the_place_of_epochs_too(folder):
    (folder / "paper.yaml").write_text("epochs: 50\n")
    options = {"recipes": ["paper.yaml"], "fractions": [1.0], "seeds": 1}
    [own] = plan.cells(study(**options), folder)
    [given] = plan.cells(study(**options, steps=[90]), folder)
    assert own.recipe.epochs == 50
    assert (given.recipe.steps, given.recipe.epochs) == (90, 0)


def test_a_pretraining_recipe_takes_on_the_encoder_of_each_network(folder):
    cells = plan.cells(
        study(recipes=["unet.yaml", "deep.yaml"], inits=["simclr.yaml"]), folder
    )
    kinds = {cell.recipe_name: cell.pretraining for cell in cells}
    assert (kinds["unet"].encoder, kinds["deep"].encoder) == ("unet", "resnet18")
    assert kinds["unet"].epochs == 3


def test_first_weights_are_found_beside_the_study(folder):
    [cell] = plan.cells(study(inits=["encoder"], fractions=[0.5], subsets=1), folder)
    assert cell.recipe.init == str(folder / "encoder")
    assert cell.name == "default-encoder-0.5-0"


def test_what_cannot_be_is_left_out_by_name(folder):
    cells = plan.cells(
        study(
            recipes=["unet.yaml", "deep.yaml"],
            inits=["random", "imagenet"],
            without=["unet imagenet"],
        ),
        folder,
    )
    assert {cell.arm for cell in cells} == {
        ("unet", "random"),
        ("deep", "random"),
        ("deep", "imagenet"),
    }


def test_a_recipe_whose_teacher_is_a_recipe_is_no_study(folder):
    (folder / "few.yaml").write_text("teachers: [hearts, deep.yaml]\n")
    with pytest.raises(errors.InputError, match=r"few\.yaml is taught by the recipe"):
        plan.cells(study(recipes=["few.yaml"]), folder)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"recipes": ["vnet.yaml"]}, r"cannot read recipe .*vnet\.yaml"),
        ({"inits": ["magic"]}, r"no first weights .*magic; give random, imagenet"),
        ({"inits": ["byol.yaml"]}, r"cannot read recipe .*byol\.yaml"),
        ({"fractions": [5]}, r"fractions holds 5; give shares in \(0, 1\]"),
        ({"fractions": [0]}, r"fractions\[0\] is 0\.0; it must be above 0"),
        ({"fractions": ["few"]}, r"fractions\[0\] is 'few'; it must be a number"),
        ({"fractions": []}, r"fractions is \[\]; give each one once"),
        ({"fractions": [1, 1]}, r"fractions is \[1\.0, 1\.0\]; give each one once"),
        ({"fractions": 0.5}, r"fractions is 0\.5; give a list of numbers"),
        ({"steps": [1, 2, 3]}, "steps has 3 numbers and fractions 2"),
        ({"runs": [1]}, "runs has 1 numbers and fractions 2"),
        ({"without": ["unet random"]}, "without holds 'unet random'; give a recipe"),
        ({"without": ["default random"]}, "leaves out all of its cells"),
        ({"without": ["default random 0.3"]}, "and perhaps one of 0.05, 1"),
        ({"without": ["default"]}, "without holds 'default'; give a recipe"),
        ({"recipes": ["unet.yaml", "./unet.yaml"]}, "two recipes are called 'unet'"),
        ({"split": "train"}, "split is 'train'; choose one of validation, test"),
        (
            {"networks": ["unet"]},
            "unknown key 'networks'; a Study recipe has fractions",
        ),
    ],
)
def test_a_study_that_cannot_be_meant_is_refused(folder, values, sentence):
    with pytest.raises(errors.InputError, match=sentence):
        plan.cells(study(**values), folder)


def test_two_runs_of_one_name_are_refused(tmp_path):
    for name in ("unet", "unet-wide", "far", "wide-far"):
        (tmp_path / f"{name}.yaml").write_text("")
    values = {
        "recipes": ["unet.yaml", "unet-wide.yaml"],
        "inits": ["far.yaml", "wide-far.yaml"],
        "fractions": [0.5],
        "subsets": 1,
    }
    with pytest.raises(
        errors.InputError, match=r"would be called unet-wide-far-0\.5-0"
    ):
        plan.cells(study(**values), tmp_path)


def test_each_fraction_may_have_its_own_number_of_runs():
    cells = plan.cells(study(fractions=[0.5, 1.0], runs=[3, 2], subsets=9), None)
    assert collections.Counter(c.fraction for c in cells) == {0.5: 3, 1.0: 2}


def test_weights_are_named_whatever_folder_they_stand_in(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "encoder").mkdir()
    options = {"inits": ["encoder"], "fractions": [0.5], "subsets": 1}
    here, there = (plan.cells(study(**options), at)[0] for at in (folder, elsewhere))
    assert here.recipe.init != there.recipe.init
    assert here.identity == there.identity


def test_a_folder_named_as_a_word_is_no_word(tmp_path, monkeypatch):
    (tmp_path / "hearts").mkdir()
    monkeypatch.chdir(tmp_path)
    options = {"inits": ["./hearts"], "fractions": [0.5], "subsets": 1}
    [cell] = plan.cells(study(**options), pathlib.Path())
    assert cell.recipe.init == str(tmp_path / "hearts")


def test_an_arm_may_be_left_out_at_one_fraction(folder):
    options = {"recipes": ["unet.yaml", "deep.yaml"], "fractions": [0.5, 1.0]}
    cells = plan.cells(study(**options, without=["deep random 1"]), folder)
    left = {(cell.recipe_name, cell.fraction) for cell in cells}
    assert left == {("unet", 0.5), ("unet", 1.0), ("deep", 0.5)}
