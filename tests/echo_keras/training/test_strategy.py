import json
import subprocess
import sys
import types

import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.training import strategy


def test_one_replica_needs_no_strategy():
    created = strategy.create(1)
    assert created is tf.distribute.get_strategy()
    assert not strategy.is_on_the_cpu(created)


@pytest.mark.parametrize("replicas", [2, 4])
def test_the_cpu_is_cut_into_replicas_and_it_is_said(replicas, capsys):
    created = strategy.create(replicas)
    said = capsys.readouterr().err
    assert f"note: {replicas} replicas share the CPU, for want of GPUs" in said
    assert created.num_replicas_in_sync == replicas
    assert strategy.is_on_the_cpu(created)
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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "TF_CONFIG is not set; set it to such as"),
        ("{worker: a", r"TF_CONFIG is not JSON .*: '\{worker: a'; set it to such as"),
        ("[]", r"TF_CONFIG names no worker for this process: '\[\]'; set it"),
        ('{"cluster": {"worker": ["a:1"]}}', "names no worker for this process"),
        (
            '{"cluster": {"worker": ["a:1"], "chief": ["b:1"]}, '
            '"task": {"type": "worker", "index": 0}}',
            "names a chief, but here the first worker writes the output; list the",
        ),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "names no worker for this process",
        ),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
            "names no worker for this process",
        ),
        (
            '{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}',
            "names no worker for this process",
        ),
        (
            '{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}',
            "names no worker for this process",
        ),
    ],
)
def test_a_tf_config_that_names_no_worker_is_refused(monkeypatch, text, sentence):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(errors.InputError, match=sentence):
        strategy.create(kind="multi-worker")


def test_the_example_of_a_tf_config_is_one(monkeypatch):
    """It is accepted, and refused only as TensorFlow runs here already."""
    tf.constant(1)
    monkeypatch.setenv("TF_CONFIG", json.dumps(strategy.EXAMPLE))
    with pytest.raises(errors.InputError, match="start a fresh process and join them"):
        strategy.create(kind="multi-worker")


def test_a_port_that_is_taken_is_named(monkeypatch):
    def taken():
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server")

    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", taken)
    monkeypatch.setenv("TF_CONFIG", json.dumps(strategy.EXAMPLE))
    with pytest.raises(errors.InputError, match=r"listen at host-a:4000 .* gRPC serv"):
        strategy.create(kind="multi-worker")


def test_workers_are_not_cut_into_replicas():
    with pytest.raises(errors.InputError, match="--replicas is for --strategy mirr"):
        strategy.create(2, kind="multi-worker")


def test_the_end_of_another_worker_is_told_with_the_remedy():
    workers = types.SimpleNamespace(cluster_resolver="TF_CONFIG")
    with (
        pytest.raises(errors.InputError, match="another worker has stopped; start all"),
        strategy.together(workers),
    ):
        raise tf.errors.UnavailableError(None, None, "Connection reset by peer")


def test_alone_no_other_worker_is_blamed():
    with (
        pytest.raises(tf.errors.UnavailableError),
        strategy.together(tf.distribute.get_strategy()),
    ):
        raise tf.errors.UnavailableError(None, None, "Socket closed")
