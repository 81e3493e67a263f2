import keras
import numpy as np
import pytest

from echo_keras.errors import InputError
from echo_keras.training import callbacks


def line_model(rate=0.1):
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def test_progress_counts_the_steps_of_all_epochs(capsys):
    x = np.ones((6, 1), np.float32)
    shown = callbacks.Progress("fit", 6)
    line_model().fit(x, x, batch_size=2, epochs=2, verbose=0, callbacks=[shown])
    assert "fit 6/6 steps" in capsys.readouterr().err


def test_a_finite_loss_runs_to_the_end():
    x = np.ones((6, 1), np.float32)
    guard = callbacks.StopAtBrokenLoss()
    history = line_model().fit(x, x, epochs=3, verbose=0, callbacks=[guard])
    assert len(history.history["loss"]) == 3


def test_a_broken_loss_stops_the_run_and_names_the_steps():
    x = np.ones((8, 1), np.float32)
    x[5] = np.nan
    guard = callbacks.StopAtBrokenLoss()
    with pytest.raises(InputError, match="between steps 2 and 3"):
        line_model().fit(
            x, x, batch_size=2, shuffle=False, verbose=0, callbacks=[guard]
        )


def test_the_bar_is_closed_before_the_loss_is_reported_broken(capsys):
    x = np.full((2, 1), np.nan, np.float32)
    shown = callbacks.Progress("fit", 1)
    with pytest.raises(InputError, match="between steps 0 and 1"):
        line_model().fit(
            x, x, verbose=0, callbacks=[shown, callbacks.StopAtBrokenLoss()]
        )
    assert "fit 1/1 steps" in capsys.readouterr().err
