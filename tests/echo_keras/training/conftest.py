"""Records of synthetic ventricles and an encoder as `echo-keras pretrain` leaves it."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras import config
from echo_keras.data import schema, tfrecords
from echo_keras.models import unet
from echo_keras.training import initial

SPLITS = {"train": "abcdefgh", "validation": "ijkl", "test": "m"}


@pytest.fixture(scope="session")
def write_records():
    """Function that writes two frames a patient into a folder of records."""

    def write(folder, splits=SPLITS, *, structure=1):
        shards = [
            _shard(folder, split, patients, structure=structure)
            for split, patients in splits.items()
        ]
        counts = {
            split: {"labelled_frames": 2 * len(patients), "unlabelled_videos": 0}
            for split, patients in splits.items()
        }
        manifest = {
            "format": 1,
            "dataset": "echonet",
            "source_fingerprint": "0123abcd",
            "counts": counts,
            "shards": shards,
        }
        (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
        return folder

    return write


@pytest.fixture(scope="session")
def records(write_records, tmp_path_factory):
    """Folder of records of eight, four and one patients."""
    return write_records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="session")
def write_videos():
    """Function that writes unlabelled videos into a folder of records."""

    def write(folder, videos):
        file = "unlabelled/echonet-train.tfrecord-00000-of-00001"
        (folder / "unlabelled").mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / file)) as writer:
            for video in videos:
                writer.write(schema.encode(video))
        shard = {
            "file": file,
            "family": "unlabelled",
            "split": "train",
            "bytes": (folder / file).stat().st_size,
            "patients": sorted({video.patient for video in videos}),
        }
        counts = {"labelled_frames": 0, "unlabelled_videos": len(videos)}
        manifest = {
            "format": 1,
            "dataset": "echonet",
            "source_fingerprint": "0123abcd",
            "counts": {"train": counts},
            "shards": [shard],
        }
        (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
        return folder

    return write


@pytest.fixture(scope="session")
def noise():
    """Function that makes a video of noise."""

    def video(patient, frames, *, dataset="echonet", view="4CH"):
        random = np.random.default_rng([*f"{dataset}{patient}{view}".encode()])
        return schema.UnlabelledVideo(
            patient=patient,
            dataset=dataset,
            view=view,
            frames=tuple(random.integers(0, 256, (frames, 20, 24), np.uint8)),
            frame_numbers=tuple(range(frames)),
        )

    return video


@pytest.fixture(scope="session")
def unlabelled(write_videos, noise, tmp_path_factory):
    """Folder of records of nine videos of one to three frames, none labelled."""
    videos = [noise(who, 1 + number % 3) for number, who in enumerate("abcdefghi")]
    return write_videos(tmp_path_factory.mktemp("runs") / "unlabelled", videos)


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory):
    """Folder with a UNet encoder of width 2 whose every weight is out of the usual."""
    folder = tmp_path_factory.mktemp("pretrained")
    encoder = unet.encoder(32, width=2)
    random = np.random.default_rng(0)
    encoder.set_weights(
        [random.uniform(0.1, 0.2, weight.shape) for weight in encoder.weights]
    )
    keras.Model(encoder.inputs, encoder.outputs, name="unet").save(
        folder / initial.ENCODER_FILE
    )
    config.save(config.Pretrain(size=32, width=2), folder / initial.RECIPE_FILE)
    return folder


def _shard(folder, split, patients, *, structure):
    file = f"labelled/echonet-{split}.tfrecord-00000-of-00001"
    (folder / "labelled").mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / file)) as writer:
        for patient in patients:
            for phase, radius in (("ED", 14), ("ES", 9)):
                frame = _frame(patient, phase, radius=radius, structure=structure)
                writer.write(schema.encode(frame))
    return {
        "file": file,
        "family": "labelled",
        "split": split,
        "bytes": (folder / file).stat().st_size,
        "patients": sorted(patients),
    }


def _frame(patient, phase, *, radius, structure):
    """Dark oval in bright speckle, in another place for each patient."""
    random = np.random.default_rng([ord(patient), radius])
    row, column = random.uniform(18, 26, size=2)
    rows, columns = np.ogrid[:44, :50]
    inside = (rows - row) ** 2 + ((columns - column) * 1.3) ** 2 < radius**2
    speckle = random.integers(0, 80, size=inside.shape)
    return schema.LabelledFrame(
        patient=patient,
        dataset="echonet",
        view="4CH",
        phase=phase,
        frame=0,
        image=(speckle + 150 * ~inside).astype(np.uint8),
        mask=(structure * inside).astype(np.uint8),
    )
