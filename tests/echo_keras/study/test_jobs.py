"""Jobs run as far as their needs, their failures and the one who looks allow."""

import json
import os
import sys

import pytest

from echo_keras.study import jobs


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_LOOKS", 0.001)


@pytest.fixture
def job(tmp_path):
    """Function that makes a job of a name, and its folder."""

    def made(name, *, needs=(), failed=""):
        (tmp_path / name).mkdir()
        if failed:
            told = json.dumps({"reason": failed, "seconds": 1.0})
            (tmp_path / name / jobs.FAILED).write_text(told)
        return jobs.Job("finetune", tmp_path / name, f"the {name}", "proof", needs)

    return made


@pytest.fixture
def does(monkeypatch):
    """Function that sets what a worker does with `folder`, as lines of Python."""

    def do(*lines):
        start = "import os, pathlib, sys, time; folder = pathlib.Path(sys.argv[1])"
        script = "\n".join([start, *lines])
        command = [sys.executable, "-S", "-c", script]
        monkeypatch.setattr(jobs, "_command", lambda what: command)

    return do


PROVE = "(folder / 'proof').touch()"


def test_the_proof_counts_for_more_than_an_earlier_failure(job):
    one = job("one")
    assert one.reason is None
    (one.folder / jobs.FAILED).write_text('{"reason": "it broke", "seconds": 1.0}')
    assert one.reason == "it broke"
    (one.folder / one.proof).touch()
    assert one.reason == ""


def test_only_what_failed_for_a_need_that_may_run_again_is_forgotten(job):
    again, broken = job("again"), job("broken", failed="it broke")
    of_need = job("of_need", needs=(again,), failed="the again failed: it broke")
    of_itself = job("of_itself", needs=(again,), failed="it broke")
    still = job("still", needs=(broken,), failed="the broken failed: it broke")
    later = job("later", needs=(of_need,), failed="the of_need failed: the again fai")
    jobs.forget([again, broken, of_need, of_itself, still, later])
    told = [one.reason for one in (of_need, of_itself, still, later)]
    assert told == [None, "it broke", "the broken failed: it broke", None]


def test_a_job_that_waits_for_another_does_not_keep_the_next_from_running(job, does):
    first = job("first")
    waiting, free = job("waiting", needs=(first,)), job("free")
    does(
        "begun = folder.parent / 'free' / 'begun'",
        "end = time.monotonic() + 60",
        "(folder / 'begun').touch()",
        "while not begun.exists() and time.monotonic() < end: time.sleep(0.001)",
        f"if begun.exists(): {PROVE}",
    )
    jobs.run([first, waiting, free], lambda running: None, workers=2)
    assert [one.reason for one in (first, waiting, free)] == ["", "", ""]


def test_whoever_looks_is_told_what_runs_and_for_how_long(job, does):
    first, second = job("first"), job("second")
    does(
        "while not (folder / 'seen').exists(): time.sleep(0.001)",
        PROVE,
    )
    looks = []

    def look(running):
        looks.append(running)
        for one in running:
            if sum(one in earlier for earlier in looks) == 3:
                (one.folder / "seen").touch()

    jobs.run([first, second], look, workers=1)
    assert {one for running in looks for one in running} == {first, second}
    assert max(map(len, looks)) == 1
    assert looks[-1] == {}
    seconds = [running[first] for running in looks if first in running]
    assert 0.0 <= seconds[0] < seconds[-1]
    assert seconds == sorted(seconds)


def test_a_lone_worker_has_all_cores_and_several_share_them(job, does, monkeypatch):
    name = "TF_NUM_INTRAOP_THREADS"
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    does(f"(folder / 'share').write_text(os.environ.get({name!r}, 'all'))", PROVE)
    shares = []
    for workers in (1, 2, 9):
        one = job(f"of_{workers}")
        jobs.run([one], lambda running: None, workers=workers)
        shares.append((one.folder / "share").read_text())
    assert shares == ["all", "2", "1"]


def test_a_study_that_is_stopped_leaves_no_process(job, does):
    one = job("one")
    does(
        "(folder / 'part').write_text(str(os.getpid()))",
        "(folder / 'part').rename(folder / 'number')",
        "time.sleep(600)",
    )

    def stop(running):
        if (one.folder / "number").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run([one], stop, workers=1)
    with pytest.raises(ProcessLookupError):
        os.kill(int((one.folder / "number").read_text()), 0)
    assert one.reason is None
