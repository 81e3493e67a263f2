"""The command line: parse, load a recipe, call one function, print one line."""

from echo_keras.cli import data, pipeline, serving, study, training
from echo_keras.cli.group import main

__all__ = ["data", "main", "pipeline", "serving", "study", "training"]
