"""What a recipe of fine-tuning tells of its encoder and of its teachers."""

import pytest

from echo_keras import config


@pytest.mark.parametrize(
    ("network", "encoder", "name"),
    [
        ("unet", "resnet50", "unet"),
        ("unet", "efficientnet_lite2", "efficientnet_lite2"),
        ("deeplabv3", "resnet18", "resnet18"),
    ],
)
def test_the_unet_has_an_encoder_of_its_own_unless_it_grows_on_another(
    network, encoder, name
):
    recipe = config.Finetune(network=network, encoder=encoder)
    assert recipe.encoder_name == name


def test_recipes_of_teachers_lie_beside_the_file_that_names_them(tmp_path):
    recipe = config.Finetune(
        teachers=("first.yaml", "../second.yaml", "hearts", "runs/one")
    )
    found = config.beside(recipe, tmp_path / "recipe.yaml").teachers
    assert found == (
        f"{tmp_path}/first.yaml",
        f"{tmp_path}/../second.yaml",
        "hearts",
        "runs/one",
    )
