import subprocess
import sys

import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.training import strategy


def test_one_replica_needs_no_strategy():
    assert strategy.create(1) is tf.distribute.get_strategy()


@pytest.mark.parametrize("replicas", [2, 4])
def test_the_cpu_is_cut_into_replicas(replicas):
    created = strategy.create(replicas)
    assert created.num_replicas_in_sync == replicas
    doubled = created.run(
        lambda: tf.distribute.get_replica_context().all_reduce("SUM", tf.constant(1))
    )
    assert [int(part) for part in doubled.values] == [replicas] * replicas


def test_no_replica_at_all_is_refused():
    with pytest.raises(errors.InputError, match="0 replicas; give 1 or more"):
        strategy.create(0)


def test_a_running_tensorflow_is_refused():
    tf.constant(1)
    with pytest.raises(errors.InputError, match="once TensorFlow runs"):
        strategy.create(5)


def test_a_fresh_process_is_cut_on_demand():
    script = (
        "from echo_keras.training import strategy\n"
        "print(strategy.create(3).num_replicas_in_sync)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "3"
