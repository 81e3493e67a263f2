import functools
import json
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import config, errors
from echo_keras.models import resnet
from echo_keras.training import initial, learner, optimizers, origin, pretrain

TINY = config.Pretrain(
    size=16, width=2, batch=4, epochs=2, warmup_epochs=1, mixed_precision="off"
)
VIDEOS = 9


@pytest.fixture(scope="module")
def artefact(unlabelled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "encoder"
    return folder, pretrain.run(TINY, [unlabelled], folder)


def weights(folder):
    encoder = keras.models.load_model(folder / initial.ENCODER_FILE, compile=False)
    return encoder.get_weights()


def test_the_artefact_says_what_was_done(artefact, unlabelled):
    folder, summary = artefact
    assert json.loads((folder / pretrain.SUMMARY_FILE).read_text()) == summary
    assert config.load(config.Pretrain, folder / initial.RECIPE_FILE) == TINY
    assert summary["steps"] == 2 * (VIDEOS // 4)
    assert summary["videos"] == VIDEOS
    assert summary["frames"] == 3 * (1 + 2 + 3)
    (data,) = summary["data"]
    assert data["dataset"] == "echonet"
    assert data["source_fingerprint"] == "0123abcd"
    assert summary["code"].startswith("0.")
    for curve in ("loss", "accuracy", "spread", "alignment", "uniformity"):
        assert len(summary[curve]) == 2
        assert np.isfinite(summary[curve]).all()


def test_tensorboard_is_told_every_step_and_shown_the_views(artefact):
    (events,) = (artefact[0] / pretrain.LOGS).iterdir()
    steps = {}
    for event in tf.compat.v1.train.summary_iterator(str(events)):
        for value in event.summary.value:
            steps.setdefault(value.tag, []).append(event.step)
    assert steps.pop("views") == [0]
    assert set(steps) == {
        *("loss", "accuracy", "spread", "alignment", "uniformity"),
        *("learning_rate", "images_per_second"),
    }
    assert all(found == [1, 2, 3, 4] for found in steps.values())


def test_the_rate_rises_and_falls_with_the_true_number_of_steps(artefact):
    (events,) = (artefact[0] / pretrain.LOGS).iterdir()
    rates = [
        float(tf.make_ndarray(value.tensor))
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
        if value.tag == "learning_rate"
    ]
    highest = TINY.learning_rate
    assert rates == pytest.approx([0.0, highest / 2, highest, highest / 2])


def test_the_artefact_has_a_picture(artefact):
    picture = cv2.imread(str(artefact[0] / pretrain.PICTURE_FILE))
    assert picture.std() > 10


def test_the_encoder_has_learned(artefact):
    keras.utils.set_random_seed(TINY.seed)
    fresh = initial.encoder("unet", size=16, width=2).get_weights()
    assert all(
        np.abs(old - new).max() > 0 for old, new in zip(fresh, weights(artefact[0]))
    )


LOADED = """
import sys, keras
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    print([tuple(level.shape[1:]) for level in model.outputs])
assert "echo_keras" not in sys.modules
"""


def loaded_elsewhere(*paths):
    """Shapes of what models answer, loaded where this library is not."""
    command = [sys.executable, "-c", LOADED, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-len(paths) :]


def test_the_encoder_loads_where_this_library_is_not(artefact):
    shapes = [(16, 16, 2), (8, 8, 4), (4, 4, 8), (2, 2, 16), (1, 1, 16)]
    assert loaded_elsewhere(artefact[0] / initial.ENCODER_FILE) == [str(shapes)]


@pytest.mark.parametrize(
    "encoder", ["unet", "resnet50", "resnet18", "efficientnet_lite2"]
)
def test_byol_pretrains_every_encoder(unlabelled, tmp_path, monkeypatch, encoder):
    build = functools.partial(resnet.encoder, blocks=(1, 1, 1, 1))
    monkeypatch.setattr(resnet, "encoder", build)
    size = 32 if encoder == "efficientnet_lite2" else TINY.size
    recipe = config.replace(TINY, method="byol", encoder=encoder, size=size)
    summary = pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert np.isfinite(summary["loss"]).all()
    assert len(weights(tmp_path / "out")) > 40


@pytest.fixture(scope="module")
def dense(unlabelled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "dense"
    recipe = config.replace(TINY, contrast="dense", places=4, positives="video")
    return folder, pretrain.run(recipe, [unlabelled], folder)


def test_residual_encoders_and_decoders_load_there_too(dense, tmp_path):
    path = tmp_path / initial.ENCODER_FILE
    initial.encoder("resnet18", size=32, width=2).save(path)
    residual, decoder = loaded_elsewhere(path, dense[0] / initial.DECODER_FILE)
    shapes = [(16, 16, 2), (8, 8, 2), (4, 4, 4), (4, 4, 8), (4, 4, 16)]
    assert residual == str(shapes)
    assert decoder == "[(16, 16, 2)]"


def test_fine_tuning_begins_with_the_pretrained_decoder(dense):
    folder, summary = dense
    assert np.isfinite(summary["loss"]).all()
    recipe = config.Finetune(size=32, width=2, init=str(folder))
    network = initial.network(recipe)
    decoder = keras.models.load_model(folder / initial.DECODER_FILE, compile=False)
    taken = 0
    for layer in decoder.layers:
        own = network.get_layer(layer.name).get_weights() if layer.weights else []
        for found, expected in zip(own, layer.get_weights()):
            np.testing.assert_array_equal(found, expected)
            taken += 1
    assert taken == len(decoder.weights) == 40


def test_pretraining_may_begin_with_the_decoder_of_an_earlier_one(dense):
    folder, _ = dense
    recipe = config.replace(TINY, contrast="dense", init=str(folder))
    begun = learner.plain(recipe, learner.create(recipe, 10))
    for name, part in begun.items():
        earlier = keras.models.load_model(folder / name, compile=False)
        for found, expected in zip(part.get_weights(), earlier.get_weights()):
            np.testing.assert_array_equal(found, expected)


def test_an_encoder_tells_what_its_first_weights_were_made_from(
    artefact, unlabelled, tmp_path
):
    """So that the terms of those data follow it, and another run is told apart."""
    folder, earlier = artefact
    assert earlier["init"] == "random"
    recipe = config.replace(TINY, epochs=1, init=str(folder))
    summary = pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert summary["init"] == origin.weights(str(folder))
    assert summary["init"]["data"] == earlier["data"]
    assert summary["init"]["init"] == "random"


def test_places_of_two_chamber_views_are_not_compared(unlabelled, tmp_path):
    recipe = config.replace(TINY, contrast="dense", positives="patient")
    with pytest.raises(errors.InputError, match="chamber views; use positives video"):
        pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"init": "imagenet"}, "no ImageNet weights for the unet"),
        ({"init": "elsewhere"}, "there is no folder elsewhere; give"),
        ({"size": 50}, "use a multiple of 16, such as 48"),
    ],
)
def test_an_encoder_that_cannot_begin_is_refused_before_anything_is_read(
    tmp_path, values, sentence
):
    recipe = config.replace(TINY, **values)
    with pytest.raises(errors.InputError, match=sentence):
        pretrain.run(recipe, ["nowhere"], tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_step_may_take_several_batches(unlabelled, tmp_path):
    recipe = config.replace(TINY, accumulate=2)
    summary = pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert (summary["steps"], len(summary["loss"])) == (2, 2)


def test_the_encoder_is_kept_in_single_precision(unlabelled, tmp_path, capsys):
    recipe = config.replace(TINY, mixed_precision="bfloat16")
    summary = pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert "multiplying in bfloat16: as asked" in capsys.readouterr().err
    assert summary["precision"] == "bfloat16"
    path = tmp_path / "out" / initial.ENCODER_FILE
    encoder = keras.models.load_model(path, compile=False)
    assert {layer.compute_dtype for layer in encoder.layers} == {"float32"}


def test_what_xla_cannot_do_is_refused(unlabelled, tmp_path):
    recipe = config.replace(TINY, jit=True)
    with pytest.raises(errors.InputError, match="over 2 replicas; leave --jit out"):
        pretrain.run(recipe, [unlabelled], tmp_path / "out", replicas=2)


def test_xla_that_makes_a_step_slower_is_told(unlabelled, tmp_path, capsys):
    recipe = config.replace(TINY, jit=True, batch=50)
    with pytest.raises(errors.InputError, match=r"^a batch of 50 is more than"):
        pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert "slower on a CPU" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "idle"),
    [
        ({"momentum": 0.9, "temperature": 0.2}, ["momentum"]),
        (
            {"method": "byol", "temperature": 0.2, "apart": 0.2},
            ["temperature", "apart"],
        ),
        ({"contrast": "dense", "places": 8, "apart": 0.2}, []),
    ],
)
def test_settings_without_effect_are_told(unlabelled, tmp_path, capsys, values, idle):
    recipe = config.replace(TINY, batch=50, **values)
    with pytest.raises(errors.InputError, match=r"^a batch of 50 is more than"):
        pretrain.run(recipe, [unlabelled], tmp_path / "out")
    said = capsys.readouterr().err
    assert [
        line.split()[1] for line in said.splitlines() if "no effect" in line
    ] == idle


def test_videos_that_offer_no_pair_are_counted(unlabelled, tmp_path):
    """Three of the nine videos have one frame."""
    recipe = config.replace(TINY, positives="video")
    summary = pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert (summary["videos"], summary["videos_left_out"]) == (VIDEOS, 3)
    assert (summary["pairs"], summary["steps"]) == (6, 2)


def test_the_same_recipe_gives_the_same_weights(artefact, unlabelled, tmp_path):
    pretrain.run(TINY, [unlabelled], tmp_path / "again")
    for first, second in zip(weights(artefact[0]), weights(tmp_path / "again")):
        np.testing.assert_array_equal(first, second)


def test_two_replicas_begin_at_the_same_loss(artefact, unlabelled, tmp_path):
    summary = pretrain.run(TINY, [unlabelled], tmp_path / "two", replicas=2)
    assert summary["replicas"] == 2
    assert summary["loss"][0] == pytest.approx(artefact[1]["loss"][0], abs=0.02)
    assert len(weights(tmp_path / "two")) == len(weights(artefact[0]))


@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_replicas_of_one_frame_each_compare_it_with_the_others(
    unlabelled, tmp_path, method
):
    recipe = config.replace(TINY, batch=2, epochs=1, warmup_epochs=0, method=method)
    losses = [
        pretrain.run(recipe, [unlabelled], tmp_path / str(count), replicas=count)[
            "loss"
        ]
        for count in (1, 2)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.2)


def test_a_batch_larger_than_the_data_is_refused(unlabelled, tmp_path):
    recipe = config.replace(TINY, batch=5, accumulate=2)
    with pytest.raises(
        errors.InputError, match="2 times a batch of 5 is more than the 9"
    ):
        pretrain.run(recipe, [unlabelled], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("batch", "replicas", "sentence"),
    [
        (5, 2, "2 replicas the same number of frames; choose a multiple of the rep"),
        (1, 1, "no statistics, nor a frame to compare with; set batch: 2 or more"),
    ],
)
def test_a_batch_that_replicas_cannot_share_is_refused_before_anything_is_read(
    tmp_path, batch, replicas, sentence
):
    recipe = config.replace(TINY, batch=batch)
    with pytest.raises(errors.InputError, match=sentence):
        pretrain.run(recipe, ["nowhere"], tmp_path / "out", replicas=replicas)
    assert not list(tmp_path.iterdir())


def test_records_without_unlabelled_videos_are_refused(records, tmp_path):
    with pytest.raises(errors.InputError, match="no unlabelled video in the splits"):
        pretrain.run(TINY, [records], tmp_path / "out")


def test_what_is_there_is_not_written_over(unlabelled, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(errors.InputError, match="exists and is not empty"):
        pretrain.run(TINY, [unlabelled], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_that_could_not_write_its_end_only_writes_it_again(
    artefact, unlabelled, tmp_path, monkeypatch
):
    def full(recipe, path):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(config, "save", full)
        with pytest.raises(errors.InputError, match=r"No space .* repeat the command"):
            pretrain.run(TINY, [unlabelled], tmp_path / "out")
    monkeypatch.setattr(keras.Model, "fit", None)
    summary = pretrain.run(TINY, [unlabelled], tmp_path / "out")
    assert summary["loss"] == artefact[1]["loss"]
    for first, second in zip(weights(artefact[0]), weights(tmp_path / "out")):
        np.testing.assert_array_equal(first, second)


def test_a_broken_loss_leaves_nothing_behind(unlabelled, tmp_path, monkeypatch):
    def rate(self, step):
        return tf.where(step < 1, 1e-3, np.nan)

    monkeypatch.setattr(optimizers.WarmupCosine, "__call__", rate)
    with pytest.raises(errors.InputError, match="a number between steps 2 and 3"):
        pretrain.run(TINY, [unlabelled], tmp_path / "out")
    assert not list(tmp_path.iterdir())
