"""A run that is killed again and again ends in the weights of one that was not."""

import json
import subprocess
import sys
import zipfile

import pytest

from echo_keras.training import initial

KILLS = 4

# Children are forked, as to import TensorFlow takes seconds and to fork none.
SCRIPT = """
import os, pathlib, random, signal, sys, time
import keras
from echo_keras import config
from echo_keras.training import initial, pretrain, work

def small(name, *, size, width, synchronized=False):
    frame = keras.Input((size, size, 1))
    features = keras.layers.Conv2D(width, 3, strides=2, activation="relu")(frame)
    levels = [frame, keras.layers.BatchNormalization()(features)]
    return keras.Model(frame, levels, name=name)

def run(name):
    initial.encoder = small
    pretrain.run(recipe, [data], output / name, checkpoint_seconds=0.0)

def child(name):
    process = os.fork()
    if not process:
        run(name)
        os._exit(0)
    return process

data, output, method, kills = sys.argv[1:]
output, kills = pathlib.Path(output), int(kills)
recipe = config.Pretrain(
    method=method, size=16, width=4, batch=2, epochs=12, deterministic=True
)
assert os.waitpid(child("whole"), 0)[1] == 0

checkpoints = output / "killed.partial" / work.CHECKPOINTS
newest = lambda: max((path.name for path in checkpoints.glob("*.index")), default="")
draw, killed_at = random.Random(), []
process = child("killed")  # which may not come to its first checkpoint
time.sleep(draw.uniform(0.0, 0.5))
os.kill(process, signal.SIGKILL)
os.waitpid(process, 0)
for _ in range(kills):
    before, process = newest(), child("killed")
    while newest() == before:
        time.sleep(0.001)
    time.sleep(draw.uniform(0.0, 0.15))
    os.kill(process, signal.SIGKILL)
    assert os.waitpid(process, 0)[1] == signal.SIGKILL
    killed_at.append(newest())
assert not (output / "killed").exists()
assert os.waitpid(child("killed"), 0)[1] == 0
print(*killed_at)
"""


@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_random_kills_do_not_change_a_bit_of_the_result(
    write_videos, noise, tmp_path, method
):
    data = write_videos(tmp_path / "records", [noise(who, 2) for who in "abcdefghi"])
    command = [sys.executable, "-c", SCRIPT, data, tmp_path, method, KILLS]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(set(done.stdout.split())) == KILLS
    whole, killed = (artefact(tmp_path / name) for name in ("whole", "killed"))
    assert whole == killed
    assert not (tmp_path / "killed.partial").exists()


def artefact(folder):
    """Every weight and every curve, as bytes and as numbers that are no times."""
    summary = json.loads((folder / "pretrain.json").read_text())
    for time in ("seconds", "images_per_second"):
        del summary[time]
    with zipfile.ZipFile(folder / initial.ENCODER_FILE) as archive:
        weights = archive.read("model.weights.h5")
    return summary, weights
