"""Recipes: frozen dataclasses, read strictly from flat YAML."""

from echo_keras.config.finetune import (
    FIRST_WEIGHTS,
    HEARTS,
    HEARTS_FOLDER,
    OF_UNETS,
    RECIPE_SUFFIX,
    Finetune,
    beside,
    is_recipe,
)
from echo_keras.config.flat import load, replace, save
from echo_keras.config.pipeline import Pipeline
from echo_keras.config.pretrain import Pretrain
from echo_keras.config.study import Study

__all__ = [
    "FIRST_WEIGHTS",
    "HEARTS",
    "HEARTS_FOLDER",
    "OF_UNETS",
    "RECIPE_SUFFIX",
    "Finetune",
    "Pipeline",
    "Pretrain",
    "Study",
    "beside",
    "is_recipe",
    "load",
    "replace",
    "save",
]
