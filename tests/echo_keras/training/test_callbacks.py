import keras
import numpy as np
import pytest
import tensorflow as tf

from echo_keras.errors import InputError
from echo_keras.training import callbacks, curves


def line_model(rate=0.1):
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    model.compile(keras.optimizers.legacy.SGD(rate), "mse")
    model.optimizer._create_all_weights(model.trainable_variables)
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


def test_a_last_step_that_breaks_the_weights_is_told_by_the_validation():
    x = np.ones((2, 1), np.float32)
    model, guard = line_model(rate=np.inf), callbacks.StopAtBrokenLoss()
    with pytest.raises(InputError, match="between steps 0 and 1"):
        model.fit(x, x, validation_data=(x, x), verbose=0, callbacks=[guard])


def test_the_bar_is_closed_before_the_loss_is_reported_broken(capsys):
    x = np.full((2, 1), np.nan, np.float32)
    shown = callbacks.Progress("fit", 1)
    with pytest.raises(InputError, match="between steps 0 and 1"):
        line_model().fit(
            x, x, verbose=0, callbacks=[shown, callbacks.StopAtBrokenLoss()]
        )
    assert "fit 1/1 steps" in capsys.readouterr().err


def test_progress_of_a_run_that_goes_on_counts_what_was_done(capsys):
    x = np.ones((4, 1), np.float32)
    shown = callbacks.Progress("fit", 6, done=4)
    line_model().fit(x, x, batch_size=2, verbose=0, callbacks=[shown])
    assert "fit 6/6 steps" in capsys.readouterr().err


def test_a_loss_that_breaks_later_is_named_by_the_steps_of_the_whole_run():
    x = np.full((2, 1), np.nan, np.float32)
    guard = callbacks.StopAtBrokenLoss(done=40, also=", and rest")
    with pytest.raises(InputError, match=r"between steps 40 and 41.*, and rest$"):
        line_model().fit(x, x, verbose=0, callbacks=[guard])


@pytest.mark.parametrize(("spread", "warnings"), [(0.01, 1), (0.5, 0)])
def test_a_collapse_is_warned_about_once(capsys, spread, warnings):
    record = callbacks.Record(curves.Curves(2))
    record.on_train_begin()
    for step in range(6):
        record.on_train_batch_end(step, {"loss": 1.0, "spread": spread})
    said = capsys.readouterr().err
    assert said.count("it collapses") == said.count("by step 2 ") == warnings


def fit(folder, *, seconds=0.0, broken=False):
    """Three steps with checkpoints; the model, the curves and the checkpoints."""
    model, told = line_model(), curves.Curves(1)
    saver = callbacks.Checkpoints(folder, seconds=seconds, model=model, curves=told)
    x = np.full((6, 1), np.nan if broken else 1, np.float32)
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: told.add(logs, 0.1)
    )
    model.fit(x, x, batch_size=2, verbose=0, callbacks=[note, saver])
    return model, told, saver


def restored(folder):
    model, told = line_model(), curves.Curves(1)
    callbacks.Checkpoints(folder, seconds=0, model=model, curves=told).restore(folder)
    return model, told


@pytest.mark.parametrize("seconds", [0.0, 300.0])
def test_a_checkpoint_holds_weights_steps_and_curves(tmp_path, seconds):
    model, told, _ = fit(tmp_path, seconds=seconds)
    again, curve = restored(tmp_path)
    assert again.get_weights() == model.get_weights()
    assert again.optimizer.iterations == 3
    assert curve.epochs == told.epochs
    assert len(list(tmp_path.glob("*.index"))) == (1 if seconds else 2)


def test_without_a_checkpoint_nothing_is_restored(tmp_path):
    model, told = restored(tmp_path / "nowhere")
    assert (told.step, model.optimizer.iterations) == (0, 0)


def test_a_broken_loss_is_not_saved(tmp_path):
    fit(tmp_path, broken=True)
    assert not list(tmp_path.glob("*.index"))


def test_a_checkpoint_cut_off_while_written_is_never_the_newest(tmp_path):
    """What a kill in the middle leaves: parts of files, and no new name."""
    model, _, _ = fit(tmp_path)
    for part in tmp_path.glob("ckpt-3.*"):
        (tmp_path / part.name.replace("ckpt-3", "ckpt-4")).write_bytes(b"half")
    again, told = restored(tmp_path)
    assert told.step == 3
    assert again.get_weights() == model.get_weights()


@pytest.mark.parametrize("name", [b"", b"\x00\xff", b'model_checkpoint_path: "ckpt-9"'])
def test_a_checkpoint_of_a_damaged_name_is_not_silently_passed_over(tmp_path, name):
    fit(tmp_path)
    (tmp_path / "checkpoint").write_bytes(name)
    with pytest.raises(InputError, match=r"cannot read the checkpoint .*; remove the"):
        restored(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_damaged_checkpoint_is_named_whether_it_was_cut_or_not(tmp_path, share):
    fit(tmp_path)
    (data,) = tmp_path.glob("ckpt-3.data*")
    data.write_bytes(bytes(int(share * data.stat().st_size)))
    with pytest.raises(InputError, match=r"cannot read the checkpoint .*; remove the"):
        restored(tmp_path)


def test_no_space_for_a_checkpoint_is_told_and_the_one_before_kept(
    tmp_path, monkeypatch
):
    fit(tmp_path)

    def full(self):
        raise tf.errors.ResourceExhaustedError(
            None, None, "{{function_node SaveV2}} part-0; No space left [Op:SaveV2]"
        )

    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(InputError, match=r": part-0; No space left; make room there"):
        fit(tmp_path)
    assert restored(tmp_path)[1].step == 3


def test_the_weights_of_the_lowest_validation_loss_are_put_back():
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
    best = callbacks.KeepBest(model)
    best.set_model(model)
    for epoch, loss in enumerate([3.0, 1.0, float("nan"), 1.0, 2.0]):
        model.set_weights([np.full((1, 1), epoch), np.zeros(1)])
        best.on_epoch_end(epoch, {"val_loss": loss})
    best.on_train_end()
    assert model.get_weights()[0] == 1
