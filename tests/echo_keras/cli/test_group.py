"""Help, mistakes and interruptions look alike in every command."""

import importlib
import subprocess
import sys

import pytest

from echo_keras import config, errors

COMMANDS = [
    "phantom",
    "build-tfrecords",
    "inspect",
    "pretrain",
    "finetune",
    "export",
    "serve",
    "deploy",
    "evaluate",
    "predict",
    "view",
    "demo",
    "compare",
    "run",
    "runs",
    "lineage",
    "study",
]
HEAVY = ("tensorflow", "keras", "apache_beam", "numpy", "cv2", "matplotlib", "rich")


def test_help_lists_every_command_and_imports_nothing_heavy(run):
    script = (
        "import sys\n"
        "from echo_keras import cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in shown
    assert shown.endswith("heavy: []\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, run):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"{command} [OPTIONS]" in result.output
    assert run(command, "-h").output == result.output


def test_a_users_mistake_is_one_line_on_standard_error(tmp_path, run):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: [1,\n  2")
    command = [sys.executable, "-m", "echo_keras.cli", "finetune"]
    command += ["--data", "nowhere", "--output", "model", "--config", str(recipe)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: cannot read recipe {recipe}: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_a_missing_source_is_told_without_what_libraries_warn_of(tmp_path, run):
    command = [sys.executable, "-m", "echo_keras.cli", "build-tfrecords"]
    command += ["--dataset", "camus", "--source", "nowhere", "--output", "records"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "Error: no folder nowhere; is the path right?\n"


@pytest.mark.parametrize(("command", "goes_on"), [("study", True), ("export", False)])
def test_ctrl_c_says_whether_the_command_goes_on(
    monkeypatch, tmp_path, command, goes_on, run
):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    for module, name in (("study.labels", "run"), ("serving.export", "export")):
        module = importlib.import_module(f"echo_keras.{module}")
        monkeypatch.setattr(module, name, interrupt)
    options = {"study": ["--data", "records", "--config", "study.yaml"]}
    options["export"] = ["--model", "model"]
    result = run(command, *options[command], "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert ("the same command goes on" in result.stderr) == goes_on
    assert "Aborted!" in result.stderr


def test_a_bug_keeps_its_traceback(monkeypatch, run):
    def fail(*arguments, **options):
        raise KeyError("a bug")

    monkeypatch.setattr(config, "load", fail)
    result = run("finetune", "--data", "records", "--output", "model")
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["finetune", "--epochs", 1, "--steps", 2, "--data", "a", "--output", "b"],
            "--epochs and --steps exclude each other",
        ),
        (
            ["evaluate", "--data", "a", "--output", "b", "--url", "u", "--model", "m"],
            "give either --url or --model",
        ),
        (["evaluate", "--data", "a", "--output", "b"], "give either --url or --model"),
        (["predict", "a.png"], "give either --url or --model"),
        (["predict", "--model", "m"], "Missing argument 'FILE...'"),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "0"], "--fraction"),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "1.5"], "0<x<=1"),
        (
            ["finetune", "--data", "a", "--output", "b", "--fraction", "5%"],
            "5 % is 0.05",
        ),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "nan"], "fraction"),
        (["finetune", "--data", "a", "--output", "b", "--network", "vnet"], "'vnet'"),
        (["finetune", "--data", "a", "--output", "b", "--steps", "0"], "--steps"),
        (["finetune", "--data", "a", "--output", "b", "--seed", "-1"], "seed"),
        (["finetune", "--output", "b"], "Missing option '--data'"),
        (["pretrain", "--output", "b"], "Missing option '--data'"),
        (["pretrain", "--data", "a", "--output", "b", "--method", "moco"], "'moco'"),
        (["pretrain", "--data", "a", "--output", "b", "--replicas", "0"], "--replicas"),
        (["serve", "--models", "a", "--port", "65536"], "--port"),
        (["serve", "--models", "a", "--label", "lv=1"], "such as lv/stable=3"),
        (["serve", "--models", "a", "--model-version", "lv"], "such as lv/3"),
        (["serve", "--models", "a", "--model-version", "lv/3"], "need each other"),
        (["serve", "--models", "a", "--version-policy", "specific"], "each other"),
        (["serve", "--models", "a", "--timeout", "0"], "--timeout"),
        (["phantom", "--layout", "mri", "--patients", 1, "--output", "a"], "'mri'"),
        (["phantom", "--layout", "camus", "--patients", 0, "--output", "a"], "1"),
        (["phantom", "--layout", "camus", "--release", "2020"], "'2020'"),
        (
            ["build-tfrecords", "--dataset", "x", "--source", "a", "--output", "b"],
            "'x'",
        ),
        (["demo", "--fast"], "--fast"),
        (["dream"], "No such command 'dream'"),
    ],
)
def test_options_that_cannot_be_meant_end_with_two(arguments, sentence, run):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_an_input_error_from_a_command_ends_with_two(monkeypatch, run):
    from echo_keras.serving import export

    def refuse(*arguments, **options):
        raise errors.InputError("no model in\n  here")

    monkeypatch.setattr(export, "export", refuse)
    result = run("export", "--model", "here", "--output", "there")
    assert result.exit_code == 2
    assert result.output == "Error: no model in here\n"
