"""What may not be read or written, by a user whom modes bind, as they do not root."""

import json
import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def build(source, output, *options):
    """Run the command with no right to pass over modes."""
    words = [sys.executable, "-m", "echo_keras.cli", "build-tfrecords"]
    words += ["--dataset", "echonet", "--source", source, "--output", output]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root passes over modes, and there is no setpriv to hinder it")
        words = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *words]
    words += [*options, "--", "--direct_running_mode=in_memory"]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("closed", "sentence"),
    [
        ("Videos", "Error: no permission to read "),
        ("FileList.csv", "Error: cannot read "),
        ("../out", "Error: cannot write "),
        (".", "Error: no permission to read "),
    ],
)
def test_what_is_closed_is_told_in_one_sentence(
    echonet_copy, tmp_path, closed, sentence
):
    source = echonet_copy.write()
    (tmp_path / "out").mkdir()
    path = (source / closed).resolve()
    before = path.stat().st_mode
    path.chmod(0o500 if closed == "../out" else 0)
    result = build(source, tmp_path / "out" / "records")
    path.chmod(before)
    assert result.returncode == 2
    assert result.stderr.startswith(sentence)
    assert str(path) in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_closed_video_is_one_reject(echonet_copy, tmp_path):
    source = echonet_copy.write()
    echonet_copy.video("0X000").chmod(0)
    result = build(source, tmp_path / "records", "--max-rejected", "0.5")
    assert result.returncode == 0
    [line] = (tmp_path / "records" / "rejected.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "file": "Videos/0X000.avi",
        "reason": "unreadable",
        "detail": "Permission denied",
    }
