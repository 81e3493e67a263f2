"""Recipes: frozen dataclasses, read strictly from flat YAML."""

from echo_keras.config.finetune import Finetune
from echo_keras.config.flat import load, replace, save
from echo_keras.config.pretrain import Pretrain

__all__ = ["Finetune", "Pretrain", "load", "replace", "save"]
