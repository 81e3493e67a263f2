import keras
import numpy as np
import pytest

from echo_keras.data import schema
from echo_keras.serving import catalog, export, server

SIZE = 32


@pytest.fixture(scope="session")
def tuned(tmp_path_factory):
    """Folder of a fine-tuned model: a small network that follows the brightness."""
    keras.utils.set_random_seed(0)
    frame = keras.Input((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(4, 3, padding="same")(frame)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(1, 3, padding="same")(keras.layers.ReLU()(x))
    x = keras.layers.Add()([x, keras.layers.Rescaling(8.0, offset=-4.0)(frame)])
    folder = tmp_path_factory.mktemp("tuned")
    keras.Model(frame, keras.layers.Activation("sigmoid")(x)).save(
        folder / export.MODEL
    )
    (folder / export.RECIPE).write_text(f"network: unet\nsize: {SIZE}\n")
    return folder


@pytest.fixture(scope="session")
def models_dir(tuned, tmp_path_factory):
    """Folder of models with the fine-tuned one exported as `lv/1`."""
    folder = tmp_path_factory.mktemp("models")
    export.export(tuned, folder / "lv")
    return folder


@pytest.fixture(scope="session")
def models(models_dir):
    return catalog.load(models_dir)


@pytest.fixture(scope="session")
def url(models):
    """URL of the exported model on a running server."""
    with server.start(models, "127.0.0.1", 0) as running:
        yield server.urls(running, models)[0]


@pytest.fixture(scope="session")
def records(write_folder, tmp_path_factory):
    """Folder of records: ED and ES of three patients, bright discs of many sizes."""
    frames = [
        _disc(patient, phase, height=40 + 7 * number, radius=radius)
        for number, patient in enumerate("abc")
        for phase, radius in (("ED", 14), ("ES", 9 + number))
    ]
    folder = tmp_path_factory.mktemp("records")
    return write_folder(folder, {"test": frames}, dataset="camus")


@pytest.fixture(scope="session")
def disc():
    """Function that draws a labelled frame: a bright disc in dark noise."""
    return _disc


def _disc(patient, phase, *, height, radius):
    random = np.random.default_rng(height + radius)
    rows, columns = np.ogrid[:height, :50]
    inside = (rows - height / 2) ** 2 + (columns - 25) ** 2 < radius**2
    noise = random.integers(0, 120, size=inside.shape)
    return schema.LabelledFrame(
        patient=patient,
        dataset="camus",
        view="4CH",
        phase=phase,
        frame=0,
        image=(noise + 120 * inside).astype(np.uint8),
        mask=inside.astype(np.uint8),
    )
