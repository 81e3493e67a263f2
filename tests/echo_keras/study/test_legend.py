"""A reader of the report learns what each name stands for."""

import pytest

from echo_keras import config
from echo_keras.study import legend, plan


@pytest.fixture
def names(tmp_path):
    """Function from the values of a study to its dict of names."""
    (tmp_path / "unet.yaml").write_text("size: 64\nwidth: 8\nbatch: 12\n")
    (tmp_path / "deep.yaml").write_text(
        "network: deeplabv3\nencoder: resnet18\naugment: none\nepochs: 50\n"
        "fraction_by: image\n"
    )
    (tmp_path / "dense.yaml").write_text("contrast: dense\nsize: 32\nepochs: 3\n")
    (tmp_path / "encoder").mkdir()

    def told(**values):
        return dict(
            legend.rows(plan.cells(config.load(config.Study, **values), tmp_path))
        )

    return told


def test_a_recipe_tells_its_network_and_how_long_it_is_trained(names, tmp_path):
    lite = "encoder: efficientnet_lite2\nwidth: 32\nsteps: 70\n"
    (tmp_path / "lite.yaml").write_text(lite)
    found = names(recipes=["unet.yaml", "deep.yaml", "lite.yaml"])
    assert found["unet"] == (
        "UNet, 8 channels wide at first, frames of 64x64 pixels, as many steps as its "
        "patients call for, batches of 12, mild augmentation"
    )
    assert found["deep"].startswith("DeepLabV3 on resnet18, 16 channels wide")
    assert "50 epochs" in found["deep"]
    assert found["lite"].startswith("UNet on efficientnet_lite2, 32 channels wide")
    assert "70 steps" in found["lite"]
    assert "augmentation" not in found["deep"]
    assert found["deep"].endswith("labels drawn by image, so from more patients")


def test_a_recipe_of_all_structures_says_so(names, tmp_path):
    (tmp_path / "four.yaml").write_text("structures: all\n")
    found = names(recipes=["unet.yaml", "four.yaml"])
    assert "outlines the myocardium and the left atrium too" in found["four"]
    assert "atrium" not in found["unet"]


def test_the_steps_of_all_fractions_are_told(names):
    found = names(recipes=["unet.yaml"], fractions=[0.1, 0.5, 1], steps=[30, 60, 90])
    assert "30 to 90 steps" in found["unet"]


def test_a_student_names_its_teacher(names):
    found = names(recipes=["unet.yaml", "deep.yaml"], teachers=["deep unet"])
    assert "learns from masks that the network of unet gives" in found["deep"]
    assert "learns" not in found["unet"]


def test_a_student_names_all_of_its_teachers(names, tmp_path):
    (tmp_path / "student.yaml").write_text("size: 32\n")
    recipes = ["unet.yaml", "deep.yaml", "student.yaml"]
    found = names(recipes=recipes, teachers=["student unet deep"])
    assert "the mean of the networks of unet and deep gives" in found["student"]


def test_a_student_names_the_teachers_of_its_recipe_too(names, tmp_path):
    (tmp_path / "student.yaml").write_text("size: 32\nteachers: [hearts]\n")
    found = names(recipes=["unet.yaml", "student.yaml"])
    assert "the network of hearts gives" in found["student"]
    found = names(recipes=["unet.yaml", "student.yaml"], teachers=["student unet"])
    assert "the mean of the networks of hearts and unet gives" in found["student"]


def test_teachers_in_folders_of_one_name_are_told_apart(names, tmp_path):
    (tmp_path / "student.yaml").write_text("teachers: [a/model, b/model]\n")
    found = names(recipes=["student.yaml"])
    assert "the mean of the networks of a/model and b/model" in found["student"]
    (tmp_path / "student.yaml").write_text("teachers: [a/model, b/other]\n")
    found = names(recipes=["student.yaml"])
    assert "the mean of the networks of model and other" in found["student"]


def test_a_student_names_the_first_weights_of_its_teachers_where_they_are_others(names):
    found = names(
        recipes=["unet.yaml", "deep.yaml"],
        inits=["dense.yaml", "random", "encoder"],
        teachers=["deep unet unet/dense"],
        without=["deep dense"],
    )
    assert "the networks of unet and unet from dense gives the pat" in found["deep"]


def test_first_weights_tell_where_they_come_from(names):
    found = names(inits=["random", "dense.yaml", "encoder"])
    assert found["from random"] == "random weights"
    assert found["from dense"] == (
        "an encoder that SimCLR has pretrained without labels on places in frames, of "
        "32x32 pixels, for 3 epochs"
    )
    assert found["from encoder"] == "weights in encoder"


def test_names_of_the_same_words_tell_in_what_they_differ(names, tmp_path):
    (tmp_path / "probe.yaml").write_text(
        "size: 64\nwidth: 8\nbatch: 12\nfreeze_steps: 9\n"
    )
    (tmp_path / "fast.yaml").write_text("learning_rate: 3.0e-3\n")
    (tmp_path / "plain.yaml").write_text("")
    found = names(
        recipes=["unet.yaml", "probe.yaml"], inits=["plain.yaml", "fast.yaml"]
    )
    assert found["unet"].endswith(", mild augmentation, freeze_steps 0")
    assert found["probe"].endswith(", mild augmentation, freeze_steps 9")
    assert found["from plain"].endswith("epochs, learning_rate 0.001")
    assert found["from fast"].endswith("epochs, learning_rate 0.003")


def test_a_pretraining_tells_what_it_goes_on_from(names, tmp_path):
    (tmp_path / "more.yaml").write_text("init: hearts\n")
    told = names(inits=["more.yaml"])["from more"]
    assert told.endswith(
        "on from the network that the package has trained on synthetic hearts"
    )
