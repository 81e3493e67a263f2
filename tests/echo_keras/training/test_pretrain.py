import functools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import config, errors
from echo_keras.data import schema, tfrecords
from echo_keras.models import resnet
from echo_keras.training import initial, optimizers, pretrain

TINY = config.Pretrain(size=16, width=2, batch=4, epochs=2, warmup_epochs=1)
PATIENTS = "abcdefghi"


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Folder of records of nine videos of one to three frames, none labelled."""
    folder = tmp_path_factory.mktemp("videos")
    file = "unlabelled/echonet-train.tfrecord-00000-of-00001"
    (folder / "unlabelled").mkdir()
    with tf.io.TFRecordWriter(str(folder / file)) as writer:
        for number, patient in enumerate(PATIENTS):
            writer.write(schema.encode(video(patient, frames=1 + number % 3)))
    shard = {
        "file": file,
        "family": "unlabelled",
        "split": "train",
        "bytes": (folder / file).stat().st_size,
        "patients": list(PATIENTS),
    }
    counts = {"labelled_frames": 0, "unlabelled_videos": len(PATIENTS)}
    manifest = {
        "format": 1,
        "dataset": "echonet",
        "source_fingerprint": "0123abcd",
        "counts": {"train": counts},
        "shards": [shard],
    }
    (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
    return folder


def video(patient, *, frames):
    random = np.random.default_rng(ord(patient))
    return schema.UnlabelledVideo(
        patient=patient,
        dataset="echonet",
        view="4CH",
        frames=tuple(random.integers(0, 256, (frames, 20, 24), np.uint8)),
        frame_numbers=tuple(range(frames)),
    )


@pytest.fixture(scope="module")
def artefact(videos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "encoder"
    return folder, pretrain.run(TINY, [videos], folder)


def weights(folder):
    encoder = keras.models.load_model(folder / initial.ENCODER_FILE, compile=False)
    return encoder.get_weights()


def test_the_artefact_says_what_was_done(artefact, videos):
    folder, summary = artefact
    assert json.loads((folder / pretrain.SUMMARY_FILE).read_text()) == summary
    assert config.load(config.Pretrain, folder / initial.RECIPE_FILE) == TINY
    assert summary["steps"] == 2 * (len(PATIENTS) // 4)
    assert summary["videos"] == 9
    assert summary["frames"] == 3 * (1 + 2 + 3)
    assert summary["data"] == [{"dataset": "echonet", "source_fingerprint": "0123abcd"}]
    for curve in ("loss", "accuracy", "spread"):
        assert len(summary[curve]) == 2
        assert np.isfinite(summary[curve]).all()


def test_the_encoder_has_learned(artefact):
    keras.utils.set_random_seed(TINY.seed)
    fresh = initial.encoder("unet", size=16, width=2).get_weights()
    assert all(
        np.abs(old - new).max() > 0 for old, new in zip(fresh, weights(artefact[0]))
    )


def test_the_encoder_loads_where_this_library_is_not(artefact):
    script = (
        "import sys, keras\n"
        "encoder = keras.models.load_model(sys.argv[1])\n"
        "print([tuple(level.shape[1:]) for level in encoder.outputs])\n"
        "assert 'echo_keras' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, artefact[0] / initial.ENCODER_FILE],
        capture_output=True,
        text=True,
        check=True,
    )
    shapes = [(16, 16, 2), (8, 8, 4), (4, 4, 8), (2, 2, 16), (1, 1, 16)]
    assert done.stdout.splitlines()[-1] == str(shapes)


@pytest.mark.parametrize(
    ("recipe", "hidden", "projection"),
    [
        (config.Pretrain(method="simclr", width=2), 16, 128),
        (config.Pretrain(method="byol", width=2), 128, 8),
        (config.Pretrain(method="simclr", width=2, hidden=6, projection=5), 6, 5),
        (config.Pretrain(method="byol", width=2, hidden=6, projection=5), 6, 5),
    ],
)
def test_heads_scale_with_the_width_unless_the_recipe_says(recipe, hidden, projection):
    model = pretrain._method(recipe, 10, synchronized=False)
    shapes = {
        layer.name: layer.kernel.shape[-1]
        for head in model._flatten_layers()
        for layer in getattr(head, "layers", ())
        if isinstance(layer, keras.layers.Dense)
    }
    assert shapes["projection_hidden"] == hidden
    assert shapes["projection_out"] == projection


@pytest.mark.parametrize("encoder", ["unet", "resnet50"])
def test_byol_pretrains_every_encoder(videos, tmp_path, monkeypatch, encoder):
    build = functools.partial(resnet.encoder, blocks=(1, 1, 1, 1))
    monkeypatch.setattr(resnet, "encoder", build)
    recipe = config.replace(TINY, method="byol", encoder=encoder)
    summary = pretrain.run(recipe, [videos], tmp_path / "out")
    assert np.isfinite(summary["loss"]).all()
    assert len(weights(tmp_path / "out")) > 40


def test_the_same_recipe_gives_the_same_weights(artefact, videos, tmp_path):
    pretrain.run(TINY, [videos], tmp_path / "again")
    for first, second in zip(weights(artefact[0]), weights(tmp_path / "again")):
        np.testing.assert_array_equal(first, second)


def test_two_replicas_begin_at_the_same_loss(artefact, videos, tmp_path):
    summary = pretrain.run(TINY, [videos], tmp_path / "two", replicas=2)
    assert summary["replicas"] == 2
    assert summary["loss"][0] == pytest.approx(artefact[1]["loss"][0], abs=0.02)
    assert len(weights(tmp_path / "two")) == len(weights(artefact[0]))


def test_an_epoch_shows_one_frame_of_every_video():
    counts = [1, 5, 3, 8]
    steps = list(pretrain.order(counts, epochs=3, batch=2, seed=0))
    assert len(steps) == 6
    for first, second in zip(steps[::2], steps[1::2]):
        drawn = np.concatenate([first, second])
        assert sorted(drawn[:, 0]) == [0, 1, 2, 3]
        assert (drawn[:, 1] < np.array(counts)[drawn[:, 0]]).all()


def test_epochs_draw_other_frames_in_another_order():
    steps = list(pretrain.order([50] * 8, epochs=2, batch=8, seed=0))
    assert (steps[0][:, 0] != steps[1][:, 0]).any()
    first, second = (step[np.argsort(step[:, 0]), 1] for step in steps)
    assert (first != second).any()


def test_every_frame_of_a_video_is_drawn_in_time():
    steps = pretrain.order([4, 4], epochs=64, batch=2, seed=0)
    assert {(v, f) for step in steps for v, f in step} == {
        (video, frame) for video in range(2) for frame in range(4)
    }


def test_a_batch_larger_than_the_data_is_refused(videos, tmp_path):
    recipe = config.replace(TINY, batch=10)
    with pytest.raises(errors.InputError, match="more than the 9 unlabelled videos"):
        pretrain.run(recipe, [videos], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("batch", "replicas"), [(3, 2), (2, 2), (1, 1)])
def test_a_batch_that_replicas_cannot_share_is_refused(
    videos, tmp_path, batch, replicas
):
    recipe = config.replace(TINY, batch=batch)
    with pytest.raises(errors.InputError, match="choose a multiple of the replicas"):
        pretrain.run(recipe, [videos], tmp_path / "out", replicas=replicas)


def test_records_without_unlabelled_videos_are_refused(records, tmp_path):
    with pytest.raises(errors.InputError, match="no unlabelled video in the splits"):
        pretrain.run(TINY, [records], tmp_path / "out")


def test_what_is_there_is_not_written_over(videos, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(errors.InputError, match="exists and is not empty"):
        pretrain.run(TINY, [videos], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_broken_loss_leaves_nothing_behind(videos, tmp_path, monkeypatch):
    def rate(self, step):
        return tf.where(step < 1, 1e-3, np.nan)

    monkeypatch.setattr(optimizers.WarmupCosine, "__call__", rate)
    with pytest.raises(errors.InputError, match="a number between steps 2 and 3"):
        pretrain.run(TINY, [videos], tmp_path / "out")
    assert not list(tmp_path.iterdir())
