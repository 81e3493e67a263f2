"""Records of synthetic ventricles and an encoder as `echo-keras pretrain` leaves it."""

import keras
import numpy as np
import pytest

from echo_keras import config
from echo_keras.data import schema
from echo_keras.models import heads, unet
from echo_keras.training import initial

SPLITS = {"train": "abcdefgh", "validation": "ijkl", "test": "m"}
RADII = {"ED": 14, "ES": 9}


@pytest.fixture(scope="session")
def write_records(write_folder):
    """Function that writes a frame a phase of each patient into a folder of records."""

    def write(folder, splits=SPLITS, *, structure=1, surrounded=False, phases=RADII):
        kind = {"structure": structure, "surrounded": surrounded}
        frames = {
            split: [
                _frame(patient, phase, radius=RADII[phase], **kind)
                for patient in patients
                for phase in phases
            ]
            for split, patients in splits.items()
        }
        return write_folder(folder, frames)

    return write


@pytest.fixture(scope="session")
def records(write_records, tmp_path_factory):
    """Folder of records of eight, four and one patients."""
    return write_records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="session")
def surrounded(write_records, tmp_path_factory):
    """The same with a myocardium and an atrium."""
    return write_records(tmp_path_factory.mktemp("surrounded"), surrounded=True)


@pytest.fixture(scope="session")
def half_labelled(write_folder, tmp_path_factory):
    """Labelled records with a video of both frames of all, and of one unlisted."""
    both = {
        split: [
            [
                _frame(patient, phase, radius=radius, structure=1, surrounded=False)
                for phase, radius in RADII.items()
            ]
            for patient in patients
        ]
        for split, patients in {**SPLITS, "unlisted": "z"}.items()
    }
    videos = {split: [_video(*pair) for pair in pairs] for split, pairs in both.items()}
    labelled = {
        split: [frame for pair in pairs for frame in pair]
        for split, pairs in both.items()
        if split != "unlisted"
    }
    records = {split: [*labelled.get(split, ()), *videos[split]] for split in videos}
    return write_folder(tmp_path_factory.mktemp("half"), records)


@pytest.fixture(scope="session")
def write_videos(write_folder):
    """Function that writes unlabelled videos into a folder of records."""

    def write(folder, videos):
        folder.mkdir(parents=True)
        return write_folder(folder, {"train": videos})

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


@pytest.fixture(scope="session")
def assert_same():
    """Function that asserts that two networks, or layers, have the same weights."""

    def compare(own, theirs):
        assert len(own.weights) == len(theirs.weights)
        for weight, wanted in zip(own.get_weights(), theirs.get_weights()):
            np.testing.assert_array_equal(weight, wanted)

    return compare


@pytest.fixture
def small_network(monkeypatch):
    """One convolution in place of the network, as it is quick to trace."""

    def network(recipe):
        frame = keras.Input((recipe.size, recipe.size, 1))
        channels = 1 if recipe.structures == "lv" else 4
        logits = keras.layers.Conv2D(channels, 3, padding="same")(frame)
        return keras.Model(frame, heads.probabilities(logits))

    monkeypatch.setattr(initial, "network", network)


def _video(first, last):
    """Three frames, of which the middle one is black."""
    return schema.UnlabelledVideo(
        patient=first.patient,
        dataset=first.dataset,
        view=first.view,
        frames=(first.image, 0 * first.image, last.image),
        frame_numbers=(0, 1, 2),
    )


def _frame(patient, phase, *, radius, structure, surrounded):
    """Dark oval in bright speckle, in another place for each patient."""
    random = np.random.default_rng([ord(patient), radius])
    row, column = random.uniform(18, 26, size=2)
    rows, columns = np.ogrid[:44, :50]
    away = (rows - row) ** 2 + ((columns - column) * 1.3) ** 2
    inside = away < radius**2
    mask = structure * inside
    if surrounded:
        mask = np.select([inside, away < (radius + 3) ** 2, rows > 38], [1, 2, 3])
    speckle = random.integers(0, 80, size=inside.shape)
    return schema.LabelledFrame(
        patient=patient,
        dataset="echonet",
        view="4CH",
        phase=phase,
        frame=0,
        image=(speckle + 150 * ~inside).astype(np.uint8),
        mask=mask.astype(np.uint8),
    )
