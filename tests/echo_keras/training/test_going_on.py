"""A fine-tuning that was killed goes on as if it had not been."""

import json

import keras
import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.models import heads
from echo_keras.training import (
    batches,
    callbacks,
    finetune,
    fitting,
    initial,
    length,
    work,
)

TINY = config.Finetune(
    size=32, width=2, batch=4, steps=8, checks=4, warmup_steps=2, mixed_precision="off"
)


class Killed(BaseException):
    """Nothing that is caught, as little as a kill."""


def run(recipe, records, output, *, seconds=0.0):
    return finetune.run(recipe, records, output, checkpoint_seconds=seconds)


@pytest.fixture
def kill(monkeypatch):
    """Function that runs as `run` does, and is killed behind so many checks."""
    saved = callbacks.CheckpointsOfChecks.on_epoch_end

    def begin(recipe, records, output, *, checks, **options):
        left = checks

        def save(self, epoch, logs):
            nonlocal left
            saved(self, epoch, logs)
            left -= 1
            if not left:
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(callbacks.CheckpointsOfChecks, "on_epoch_end", save)
            with pytest.raises(Killed):
                run(recipe, records, output, **options)

    return begin


def left_by(folder):
    """Weights, and all that the summary tells but times."""
    model = keras.models.load_model(folder / initial.MODEL_FILE)
    summary = json.loads((folder / finetune.SUMMARY_FILE).read_text())
    del summary["seconds"]
    return model.get_weights(), summary


@pytest.fixture
def killed_and_whole(tmp_path, kill, monkeypatch):
    """Function that gives what a run leaves, killed at checkpoints and not killed."""
    begun = []
    endless = batches.endless

    def watched(*rest, first):
        begun.append(first)
        return endless(*rest, first=first)

    def both(recipe, records, *, kills=2):
        run(recipe, records, tmp_path / "whole")
        monkeypatch.setattr(batches, "endless", watched)
        for _ in range(kills):
            kill(recipe, records, tmp_path / "killed", checks=1)
            assert not (tmp_path / "killed").exists()
        run(recipe, records, tmp_path / "killed")
        each = recipe.steps // recipe.checks
        assert begun == [number * each for number in range(kills + 1)]
        assert not (tmp_path / "killed.partial").exists()
        return left_by(tmp_path / "killed"), left_by(tmp_path / "whole")

    return both


def assert_same(one, other):
    assert one[1] == other[1]
    for got, wanted in zip(one[0], other[0]):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    "values",
    [
        {"optimizer": "madgrad", "epochs": 2},
        {"optimizer": "lamb", "augment": "strong"},
        {"optimizer": "lars", "mixed_precision": "float16"},
    ],
)
def test_kills_do_not_change_what_an_optimiser_does(records, killed_and_whole, values):
    recipe = config.replace(TINY, **values)
    assert_same(*killed_and_whole(recipe, records))


@pytest.mark.parametrize(
    "values",
    [
        {"freeze_steps": 3, "layer_decay": 0.5, "deep_supervision": True},
        {"average_decay": 0.0, "mixed_precision": "bfloat16"},
    ],
)
def test_kills_do_not_change_the_network(records, killed_and_whole, values):
    recipe = config.replace(TINY, **values)
    assert_same(*killed_and_whole(recipe, records, kills=1))


@pytest.mark.usefixtures("small_network")
def test_the_best_weights_may_come_from_before_a_kill(records, killed_and_whole):
    worse = {"learning_rate": 5.0, "schedule": "constant", "warmup_steps": 4}
    recipe = config.replace(TINY, keep="best", average_decay=0.0, **worse)
    killed, whole = killed_and_whole(recipe, records)
    assert killed[1]["kept_step"] == 2
    assert_same(killed, whole)


def test_first_statistics_stay_out_after_a_kill(records, killed_and_whole, monkeypatch):
    def network(recipe):
        frame = keras.Input((recipe.size, recipe.size, 1))
        norm = keras.layers.BatchNormalization(moving_mean_initializer="ones")
        logits = keras.layers.Conv2D(1, 3, padding="same")(norm(frame))
        return keras.Model(frame, heads.probabilities(logits))

    monkeypatch.setattr(initial, "network", network)
    recipe = config.replace(TINY, encoder="efficientnet_lite2")
    assert_same(*killed_and_whole(recipe, records))


@pytest.mark.usefixtures("small_network")
def test_a_student_goes_on_with_the_frames_that_teachers_label(
    half_labelled, tmp_path, killed_and_whole
):
    recipe = config.replace(TINY, fraction=0.5)
    run(recipe, half_labelled, tmp_path / "teacher")
    recipe = config.replace(recipe, teachers=(str(tmp_path / "teacher"),))
    assert_same(*killed_and_whole(recipe, half_labelled))


@pytest.mark.usefixtures("small_network")
def test_steps_that_were_taken_are_not_taken_again(records, tmp_path, kill, capsys):
    kill(TINY, records, tmp_path / "model", checks=3)
    capsys.readouterr()
    seen = run(TINY, records, tmp_path / "model")
    shown = capsys.readouterr().err
    assert "finetune 8/8 steps" in shown
    assert "finetune 6/8 steps" not in shown
    assert seen["step"] == [2, 4, 6, 8]
    assert len(seen["validation_dice"]) == 4


@pytest.mark.usefixtures("small_network")
def test_a_run_of_epochs_goes_on_whatever_its_steps_were_by_default(
    records, tmp_path, kill
):
    recipe = config.replace(TINY, epochs=2)
    kill(recipe, records, tmp_path / "model", checks=1)
    told = tmp_path / "model.partial" / work.IDENTITY_FILE
    told.write_text(json.dumps({**json.loads(told.read_text()), "steps": 500}))
    assert run(recipe, records, tmp_path / "model")["steps"] == 8


@pytest.mark.usefixtures("small_network")
def test_a_run_of_open_length_goes_on_if_it_is_as_long_as_then(
    records, tmp_path, kill, monkeypatch
):
    monkeypatch.setattr(length, "LEAST", 8)
    monkeypatch.setattr(length, "STEPS", 8)
    recipe = config.replace(TINY, steps=0)
    kill(recipe, records, tmp_path / "model", checks=1)
    monkeypatch.setattr(length, "LEAST", 12)
    with pytest.raises(errors.NothingToGoOnFromError, match="with steps 8, not 12;"):
        run(recipe, records, tmp_path / "model")
    monkeypatch.setattr(length, "LEAST", 8)
    assert run(recipe, records, tmp_path / "model")["steps"] == 8


@pytest.mark.usefixtures("small_network")
def test_checkpoints_keep_their_distance(records, tmp_path, kill):
    kill(TINY, records, tmp_path / "model", checks=3, seconds=3600.0)
    assert not (tmp_path / "model.partial" / work.CHECKPOINTS).exists()


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"learning_rate": 1e-4},
            "learning_rate 0.002, not 0.0001; repeat the",
        ),
        ({"mixed_precision": "bfloat16"}, "mixed_precision off, not bfloat16"),
        ({"init": "hearts"}, "begun with other init; repeat"),
        ({"teachers": ("hearts",)}, "begun with other teachers; repeat"),
    ],
)
def test_another_run_is_refused_while_a_checkpoint_lies_there(
    half_labelled, tmp_path, kill, values, sentence
):
    kill(TINY, half_labelled, tmp_path / "model", checks=2)
    with pytest.raises(errors.NothingToGoOnFromError, match=sentence):
        run(config.replace(TINY, **values), half_labelled, tmp_path / "model")
    assert (tmp_path / "model.partial" / work.CHECKPOINTS / "checkpoint").is_file()


@pytest.mark.usefixtures("small_network")
def test_first_weights_and_teachers_may_have_moved(half_labelled, tmp_path, kill):
    begun = config.replace(TINY, fraction=0.5)
    run(begun, half_labelled, tmp_path / "before")
    for place in ("before", "after"):
        folder = str(tmp_path / place)
        recipe = config.replace(begun, init=folder, teachers=(folder,))
        kill(recipe, half_labelled, tmp_path / "model", checks=1)
        if place == "before":
            (tmp_path / "before").rename(tmp_path / "after")
    assert (tmp_path / "model.partial").exists()


@pytest.mark.usefixtures("small_network")
def test_a_run_that_is_stopped_before_a_checkpoint_leaves_nothing(
    records, tmp_path, monkeypatch
):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        run(TINY, records, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_deeplab_is_saved_whole(records, tmp_path, kill, capsys):
    values = {"network": "deeplabv3", "encoder": "resnet18", "width": 4}
    recipe = config.replace(TINY, steps=2, checks=2, **values)
    run(recipe, records, tmp_path / "whole")
    kill(recipe, records, tmp_path / "killed", checks=2)
    capsys.readouterr()
    run(recipe, records, tmp_path / "killed")
    assert "loss" not in capsys.readouterr().err  # no step, so that no dropout differs
    assert_same(left_by(tmp_path / "killed"), left_by(tmp_path / "whole"))


@pytest.mark.usefixtures("small_network")
def test_what_training_gave_outlives_a_failure_while_saving(
    records, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as full:
        full.setattr(config, "save", _fail)
        with pytest.raises(errors.InputError, match="disk is full; make room"):
            run(TINY, records, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    capsys.readouterr()
    run(TINY, records, tmp_path / "model")
    assert "loss" not in capsys.readouterr().err  # no step was taken
    run(TINY, records, tmp_path / "whole")
    assert_same(left_by(tmp_path / "model"), left_by(tmp_path / "whole"))


@pytest.mark.usefixtures("small_network")
def test_a_loss_that_breaks_after_a_checkpoint_leaves_it(
    records, tmp_path, monkeypatch, kill
):
    kill(TINY, records, tmp_path / "model", checks=2)
    saved = sorted((tmp_path / "model.partial" / work.CHECKPOINTS).glob("*.index"))
    broken = {"both": lambda truth, seen: seen[:, 0, 0, 0] / 0}
    monkeypatch.setattr(fitting, "LOSSES", broken)
    sentence = r"between steps 4 and 5; .* remove .*model\.partial, if it is there, to"
    with pytest.raises(errors.InputError, match=sentence):
        run(TINY, records, tmp_path / "model")
    kept = sorted((tmp_path / "model.partial" / work.CHECKPOINTS).glob("*.index"))
    assert kept == saved


def _fail(recipe, path):
    raise OSError("the disk is full")
