"""Recipes: frozen dataclasses, read strictly from flat YAML."""

from echo_keras.config.finetune import (
    FIRST_WEIGHTS,
    HEARTS,
    HEARTS_FOLDER,
    Finetune,
)
from echo_keras.config.flat import load, replace, save
from echo_keras.config.pipeline import Pipeline
from echo_keras.config.pretrain import Pretrain
from echo_keras.config.study import Study

__all__ = [
    "FIRST_WEIGHTS",
    "HEARTS",
    "HEARTS_FOLDER",
    "Finetune",
    "Pipeline",
    "Pretrain",
    "Study",
    "load",
    "replace",
    "save",
]
