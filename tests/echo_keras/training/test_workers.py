"""Two processes that train together end where one does, even if one is killed."""

import json
import os
import random
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from echo_keras.training import initial, work

LONG = 60
SCRIPT = """
import sys
import keras
from echo_keras import config
from echo_keras.training import initial, pretrain

def small(name, *, size, width, synchronized=False):
    frame = keras.Input((size, size, 1))
    # Without a kink, at which rounding would choose the slope where frames are black.
    features = keras.layers.Conv2D(width, 3, strides=2, activation="softplus")(frame)
    norm = keras.layers.BatchNormalization(synchronized=synchronized)
    return keras.Model(frame, [frame, norm(features)], name=name)

initial.encoder = small
keras.backend.set_floatx("float64")  # leaves rounding no room
data, output, method, kind, epochs = sys.argv[1:]
recipe = config.Pretrain(
    method=method, size=16, width=4, batch=4, epochs=int(epochs), warmup_epochs=0,
    optimizer="lars", learning_rate=0.1, mixed_precision="off",
)
pretrain.run(recipe, [data], output, kind=kind, checkpoint_seconds=0.0)
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(data, output, method, *, epochs=2, workers=(), index=0):
    kind = "multi-worker" if workers else "mirrored"
    command = [sys.executable, "-c", SCRIPT, data, output, method, kind, epochs]
    task = {"type": "worker", "index": index}
    described = json.dumps({"cluster": {"worker": workers}, "task": task})
    settings = {"TF_CONFIG": described} if workers else {}
    return subprocess.Popen(
        [*map(str, command)],
        env={**os.environ, **settings},
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(runs):
    """Wait for runs that must succeed."""
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 0, said[-3000:]


def weights(folder):
    encoder = keras.models.load_model(folder / initial.ENCODER_FILE, compile=False)
    return encoder.get_weights()


@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_two_workers_end_in_the_weights_of_one_process(
    write_videos, noise, tmp_path, method
):
    data = write_videos(tmp_path / "records", [noise(who, 2) for who in "abcdefghi"])
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    runs = [
        start(data, tmp_path / "two", method, workers=hosts, index=index)
        for index in range(2)
    ]
    runs.append(start(data, tmp_path / "one", method))
    ended(runs)
    one, two = (
        json.loads((tmp_path / name / "pretrain.json").read_text())
        for name in ("one", "two")
    )
    assert (one["replicas"], two["replicas"]) == (1, 2)
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-5)
    for found, expected in zip(weights(tmp_path / "two"), weights(tmp_path / "one")):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"records", "one", "two"}


def test_workers_with_unlike_recipes_are_refused(write_videos, noise, tmp_path):
    data = write_videos(tmp_path / "records", [noise(who, 2) for who in "abcdefghi"])
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    runs = [
        start(data, tmp_path / "two", method, workers=hosts, index=index)
        for index, method in enumerate(("simclr", "byol"))
    ]
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 1
        assert "the workers have another recipe, data or precision than each" in said
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_a_worker_whose_first_one_is_refused_is_told(write_videos, noise, tmp_path):
    data = write_videos(tmp_path / "records", [noise(who, 2) for who in "abcdefghi"])
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "notes").write_text("mine")
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    runs = [
        start(data, tmp_path / "two", "simclr", workers=hosts, index=index)
        for index in range(2)
    ]
    first, other = (run.communicate()[1] for run in runs)
    assert "exists and is not empty" in first
    assert "another worker has stopped; start all of them again" in other


@pytest.mark.slow
def test_workers_go_on_after_one_of_them_was_killed(write_videos, noise, tmp_path):
    """The other one ends with the remedy, which leads to the weights of one process."""
    data = write_videos(tmp_path / "records", [noise(who, 2) for who in "abcdefghi"])
    hosts = [f"localhost:{port}" for port in free_ports(2)]

    def begun():
        options = {"epochs": LONG, "workers": hosts}
        return [
            start(data, tmp_path / "two", "simclr", index=index, **options)
            for index in range(2)
        ]

    runs = begun()
    while not list(work.checkpoints(tmp_path / "two").glob("*.index")):
        assert [run.poll() for run in runs] == [None, None]
        time.sleep(0.01)
    killed = runs.pop(random.randrange(2))
    killed.kill()
    (left,) = runs
    _, said = left.communicate()
    assert left.returncode == 1
    assert "another worker has stopped; start all of them again" in said
    killed.communicate()
    assert not (tmp_path / "two").exists()

    ended([*begun(), start(data, tmp_path / "one", "simclr", epochs=LONG)])
    for found, expected in zip(weights(tmp_path / "two"), weights(tmp_path / "one")):
        np.testing.assert_allclose(found, expected, atol=1e-5)
