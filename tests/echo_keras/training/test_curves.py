import pytest
import tensorflow as tf

from echo_keras.training import curves


def test_an_epoch_ends_with_the_means_of_its_steps():
    told = curves.Curves(2)
    assert told.add({"loss": 1.0, "spread": 0.5}, 0.25) is None
    assert told.add({"loss": 4.0, "spread": 0.7}, 0.5) == {"loss": 2.5, "spread": 0.6}
    told.add({"loss": 7.0, "spread": 0.7}, 1.0)
    assert told.epochs == {"loss": [2.5], "spread": [0.6]}
    assert (told.step, told.seconds) == (3, 1.75)


def test_curves_go_on_from_a_checkpoint_in_the_middle_of_an_epoch(tmp_path):
    told, again = curves.Curves(3), curves.Curves(3)
    for value in (0.1, 0.2, 0.3, 0.4):
        told.add({"loss": value}, 0.1)
    path = tf.train.Checkpoint(curves=told).save(str(tmp_path / "ckpt"))
    tf.train.Checkpoint(curves=again).restore(path)
    for one in (told, again):
        one.add({"loss": 0.5}, 0.1)
        one.add({"loss": 0.6}, 0.1)
    assert again.epochs == told.epochs
    assert again.epochs["loss"] == pytest.approx([0.2, 0.5])
    assert (again.step, again.seconds) == (told.step, told.seconds)
