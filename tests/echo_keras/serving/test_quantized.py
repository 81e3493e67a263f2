import os

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import export, quantized


def test_what_the_converter_tells_is_hidden_and_nothing_after_it(capfd):
    with quantized._hushed():
        os.write(2, b"for developers")
    os.write(2, b"for users")
    assert capfd.readouterr().err == "for users"


@pytest.fixture(scope="module")
def copy(tuned, write_folder, disc, tmp_path_factory):
    """Folder of a quantized copy and what was told of it."""
    folder = tmp_path_factory.mktemp("quantized")
    frames = {
        split: [disc(patient, "ED", height=40, radius=10 + number)]
        for number, (split, patient) in enumerate((("train", "a"), ("validation", "b")))
    }
    records = write_folder(folder, frames, dataset="camus")
    model, recipe = export.load_keras(tuned)
    return folder, quantized.write(model, recipe, records, folder / quantized.FILE)


def test_the_copy_is_smaller_and_loses_little(copy):
    folder, told = copy
    assert (folder / told["file"]).stat().st_size == told["bytes"]
    assert (told["images"], told["patients"]) == (1, 1)
    assert told["dice"] > 0.7
    assert told["dice_loss"] == pytest.approx(told["dice"] - told["dice_quantized"])
    assert abs(told["dice_loss"]) < 0.05


def test_the_copy_holds_weights_of_eight_bits_and_takes_floats(copy):
    folder, _ = copy
    interpreter = tf.lite.Interpreter(str(folder / quantized.FILE))
    [taken] = interpreter.get_input_details()
    assert (taken["dtype"], taken["shape"].tolist()) == (np.float32, [1, 32, 32, 1])
    types = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    assert np.int8 in types
