"""The command line, and functions that note how it calls them."""

import importlib

import pytest
from click import testing

from echo_keras import cli


@pytest.fixture
def run():
    """Function that runs a command of some words and returns what click has of it."""

    def invoked(*arguments):
        return testing.CliRunner().invoke(cli.main, [str(word) for word in arguments])

    return invoked


@pytest.fixture
def called(monkeypatch):
    """Put a function in place of another; it notes how it is called."""

    def replace(module, name, returns):
        calls = []

        def noted(*arguments, **options):
            calls.append((arguments, options))
            return returns

        monkeypatch.setattr(importlib.import_module(module), name, noted)
        return calls

    return replace
