"""Commands of the TFX pipeline."""

import importlib.util

import pytest


@pytest.mark.parametrize("words", [("run",), ("runs",), ("lineage", "saved_models/1")])
def test_without_tfx_the_pipeline_says_what_to_install(monkeypatch, words, run):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = run(*words)
    assert result.exit_code == 2
    assert "needs TFX, which is not installed" in result.output
    assert "tools/setup.py .venv tfx" in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("words", [("--runner", "kubeflow"), ("--output", "a.yaml")])
def test_an_output_belongs_to_a_compiled_pipeline(words, run):
    result = run("run", *words)
    assert result.exit_code == 2
    assert "--output belongs to --runner kubeflow" in result.output
