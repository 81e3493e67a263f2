import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.errors import InputError
from echo_keras.training import board, curves, optimizers

STEPS = 6


def fit(folder, told):
    """Fit a line and show what the curves are told."""
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    rate = optimizers.WarmupCosine(0.1, STEPS)
    model.compile(keras.optimizers.legacy.SGD(rate), "mse")
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: told.add(logs, 0.1)
    )
    shown = board.Board(folder, told, np.zeros((2, 1, 8, 8, 1)), images=2)
    x = np.ones((2 * STEPS, 1), np.float32)
    model.fit(x, x, batch_size=2, verbose=0, callbacks=[note, shown])


@pytest.mark.parametrize("what", ["image", "scalar"])
def test_no_space_for_events_stops_the_run_and_is_told(tmp_path, monkeypatch, what):
    def full(*_):
        raise tf.errors.ResourceExhaustedError(
            None, None, "{{function_node Flush}} v2; No space left\n\tFailed [Op:Flush]"
        )

    monkeypatch.setattr(tf.summary, what, full)
    told = curves.Curves(1)
    with pytest.raises(InputError, match=r"cannot write to .*: v2; No space left; m"):
        fit(tmp_path, told)
    assert told.step == 1


def test_a_folder_that_cannot_be_made_stops_the_run_and_is_told(tmp_path):
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write to .*logs: .*; make room"):
        fit(tmp_path / "logs", curves.Curves(1))


def test_with_space_the_run_goes_to_its_end(tmp_path):
    told = curves.Curves(1)
    fit(tmp_path, told)
    assert told.step == STEPS
