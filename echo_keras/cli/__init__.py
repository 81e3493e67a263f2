"""The command line: parse, load a recipe, call one function, print one line."""

from echo_keras.cli import data, serving, study, training
from echo_keras.cli.group import main

__all__ = ["data", "main", "serving", "study", "training"]
