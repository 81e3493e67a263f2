"""What the repository promises about itself."""

import dataclasses
import json
import pathlib
import re
import shlex
import shutil
import subprocess

import click
import pytest
import yaml

from echo_keras import cli, config
from echo_keras.study import plan

ROOT = pathlib.Path(__file__).parents[1]
STUDIES = sorted((ROOT / "configs").glob("study-*.yaml"))
RECIPES = sorted({*(ROOT / "configs").glob("*.yaml")} - {*STUDIES})
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    block
    for path in TEXTS
    for block in re.findall(r"^```\w*\n(.*?)^```$", path.read_text(), re.S | re.M)
]
COMMANDS = re.findall(r"^(?:echo-keras|make) [a-z-]+", "\n".join(BLOCKS), re.M)
# Two spaces set a command apart from what it does.
LINES = re.findall(
    r"^echo-keras (\S.*?)(?:  .*)?$", re.sub(r"\\\n\s*", "", "\n".join(BLOCKS)), re.M
)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_loads_and_names_its_source(path):
    text = path.read_text()
    assert text.startswith("# ")
    kind = next(
        kind
        for kind in (config.Pretrain, config.Finetune, config.Pipeline)
        if set(yaml.safe_load(text)) <= {one.name for one in dataclasses.fields(kind)}
    )
    assert config.load(kind, path) != kind()


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_what_a_recipe_begins_with_is_made_by_another(path):
    first = yaml.safe_load(path.read_text()).get("init", "random")
    if first not in ("random", "imagenet", "hearts"):
        folder, name = pathlib.PurePath(first).parts
        assert folder == "runs"
        assert path.with_name(f"{name}.yaml") in RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_who_teaches_a_recipe_is_a_recipe_too(path):
    for word in yaml.safe_load(path.read_text()).get("teachers", ()):
        if word != "hearts":
            assert path.with_name(word) in RECIPES
            config.load(config.Finetune, path.with_name(word))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_and_all_that_it_names_loads_and_names_its_source(path, tmp_path):
    configs = shutil.copytree(path.parent, tmp_path / "configs")
    study = config.load(config.Study, path)
    for word in study.inits:
        if word.startswith("../runs/"):  # which the recipe of that name makes
            assert path.with_name(f"{pathlib.PurePath(word).name}.yaml") in RECIPES
            (configs / word).mkdir(parents=True)
    cells = plan.cells(study, configs)
    left_out = sum(len(pair.split()) == 2 for pair in study.without)
    arms = len(study.recipes) * len(study.inits) - left_out
    assert len({cell.arm for cell in cells}) == arms
    named = [path.parent / word for word in (*study.recipes, *study.inits)]
    for file in (path, *(file for file in named if file.suffix == ".yaml")):
        assert file.read_text().startswith("# ")


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_command_of_the_texts_exists(command):
    program, word = command.split()
    if program == "make":
        assert re.search(rf"^{word}:", (ROOT / "Makefile").read_text(), re.M)
    else:
        assert f'"{word}"' in _commands()


def test_lines_after_a_block_of_another_language_are_looked_at():
    assert any("--output runs/again --scores" in line for line in LINES)


@pytest.mark.parametrize("line", sorted(set(LINES)))
def test_every_option_and_recipe_of_the_texts_exists(line):
    word, *given = [word for word in shlex.split(line) if word != "..."]
    # A command keeps the words for help of the first context that it meets.
    main = click.Context(cli.main, **cli.main.context_settings)
    command = cli.main.get_command(main, word)
    command.make_parser(click.Context(command, parent=main)).parse_args(given)
    recipes = [word for word in given if word.startswith("configs/")]
    assert all((ROOT / recipe).is_file() for recipe in recipes)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_every_link_and_picture_of_the_texts_is_there(path):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (path.parent / link).exists()] == []


def test_the_lock_pins_with_hashes_and_names_no_registry():
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9][^\s]*==\S+.*?(?=^\S|\Z)", lock, re.M | re.S)
    assert len(pins) > 100
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in lock
    assert "--index" not in lock


def test_nothing_of_a_data_set_or_a_model_of_patients_is_committed():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    forbidden = {".gz", ".mhd", ".raw", ".avi", ".keras", ".h5", ".pb", ".tfrecord"}
    found = [name for name in listed if pathlib.Path(name).suffix in forbidden]
    assert found == ["echo_keras/hearts/model.keras"]
    facts = json.loads((ROOT / "echo_keras/hearts/finetune.json").read_text())
    assert (facts["dataset"], facts["init"]) == ("synthetic hearts", "random")


def _commands():
    from echo_keras import cli

    return {f'"{name}"' for name in cli.main.commands}
