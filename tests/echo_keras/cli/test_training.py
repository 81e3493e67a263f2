"""Options of training go before the recipe."""

import pathlib

import pytest

from echo_keras import config


def test_pretrain_takes_several_folders_and_lets_options_win(called, tmp_path, run):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 7\nbatch: 5")
    summary = {"loss": [4.0, 3.14159], "accuracy": [0.1, 0.25]}
    calls = called("echo_keras.training.pretrain", "run", summary)
    result = run(
        *("pretrain", "--data", "a", "--data", "b", "--output", "out", "--epochs", 9),
        *("--encoder", "resnet50", "--config", recipe, "--replicas", 2),
        *("--checkpoint-seconds", 60, "--positives", "video", "--contrast", "dense"),
    )
    assert result.output == "loss 3.142  accuracy 0.250  out\n"
    wanted = config.Pretrain(
        epochs=9, batch=5, encoder="resnet50", positives="video", contrast="dense"
    )
    folders = ("a", "b")
    options = {"kind": "mirrored", "replicas": 2, "checkpoint_seconds": 60}
    assert calls == [((wanted, folders, pathlib.Path("out")), options)]


def test_finetune_lets_options_win_over_the_recipe(called, tmp_path, run):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nbatch: 5\nseed: 1")
    patients = {"train": ["a", "b"], "validation": ["c"]}
    summary = {"patients": patients, "dice": 0.87654, "frames": {"validation": 2}}
    calls = called("echo_keras.training.finetune", "run", summary)
    result = run(
        *("finetune", "--data", "in", "--output", "out", "--config", recipe),
        *("--fraction", 0.05, "--subset-seed", 3, "--network", "deeplabv3"),
        *("--init", "imagenet", "--steps", 9, "--seed", 0),
        *("--fraction-by", "image", "--validation", "full", "--structures", "all"),
        *("--teacher", "other", "--teacher", "third", "--mixed-precision", "off"),
    )
    assert result.output == (
        "labelled patients: 2 to train, 1 to validate  validation dice 0.877 of 2 "
        "frames  out\n"
    )
    wanted = config.Finetune(
        steps=9,
        batch=5,
        seed=0,
        fraction=0.05,
        subset_seed=3,
        network="deeplabv3",
        init="imagenet",
        fraction_by="image",
        validation="full",
        structures="all",
        teachers=("other", "third"),
        mixed_precision="off",
    )
    assert calls == [((wanted, "in", pathlib.Path("out")), {})]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), ("hearts", "{folder}/first.yaml", "runs/one")),
        (("--teacher", "second.yaml"), ("second.yaml",)),
    ],
)
def test_recipes_of_teachers_are_named_from_where_they_are_named(
    called, tmp_path, options, wanted, run
):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("teachers: [hearts, first.yaml, runs/one]\n")
    patients = {"train": ["a"], "validation": ["b"]}
    summary = {"patients": patients, "dice": 0.9, "frames": {"validation": 2}}
    calls = called("echo_keras.training.rounds", "run", summary)
    run("finetune", "--data", "in", "--output", "out", "--config", recipe, *options)
    [((given, *_), _)] = calls
    assert given.teachers == tuple(word.format(folder=tmp_path) for word in wanted)


@pytest.mark.parametrize(
    ("option", "steps", "epochs"), [("--epochs", 7, 3), ("--steps", 3, 0)]
)
def test_finetune_counts_as_the_option_does(
    called, tmp_path, option, steps, epochs, run
):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nepochs: 5")
    summary = {"patients": {"train": ["a"], "validation": ["b"]}, "dice": 0.5}
    summary["frames"] = {"validation": 2}
    calls = called("echo_keras.training.finetune", "run", summary)
    words = ("--data", "a", "--output", "b", "--config", recipe, option, 3)
    assert run("finetune", *words).exit_code == 0
    ((arguments, _),) = calls
    assert (arguments[0].steps, arguments[0].epochs) == (steps, epochs)
