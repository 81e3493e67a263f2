import pytest

from echo_keras import config
from echo_keras.training import settings

LITE = {"encoder": "efficientnet_lite2"}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, False),
        ({"init": "hearts"}, False),
        ({"init": "imagenet", "network": "deeplabv3"}, True),
        ({"init": "weights.h5", "network": "deeplabv3"}, True),
        ({**LITE}, True),
        ({**LITE, "init": "runs/encoder"}, False),
        ({**LITE, "init": "imagenet"}, True),
        ({"network": "deeplabv3", "encoder": "resnet18"}, False),
    ],
)
def test_first_batch_statistics_are_forgotten_where_they_mislead(values, wanted):
    recipe = config.replace(config.Finetune(), **values)
    assert settings.forgets(recipe) is wanted
