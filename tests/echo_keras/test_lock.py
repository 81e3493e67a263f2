"""Of two who would write one output the second waits its patience out, no longer."""

import os

import pytest

from echo_keras import errors, lock


def test_the_second_of_two_is_told_what_is_being_written(tmp_path):
    path = tmp_path / "lock"
    sentence = "^another job is writing runs/a; wait for it or name another output$"
    with (
        lock.held(path, "runs/a"),
        pytest.raises(errors.InputError, match=sentence),
        lock.held(path, "runs/a"),
    ):
        pass


def test_a_block_that_fails_frees_the_lock_and_leaves_its_file(tmp_path):
    path = tmp_path / "lock"
    with pytest.raises(ValueError, match="half"), lock.held(path, "a"):
        raise ValueError("half way")
    assert path.is_file()
    with path.open() as file:
        assert lock.taken(file)


def test_whoever_waits_takes_the_lock_as_soon_as_it_is_free(tmp_path, monkeypatch):
    pauses = []
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open() as second:
        assert lock.taken(first)

        def sleep(seconds):
            pauses.append(seconds)
            if len(pauses) == 3:
                first.close()

        monkeypatch.setattr(lock.time, "sleep", sleep)
        assert lock.taken(second, patience=60.0)
    assert len(pauses) == 3


def test_nobody_waits_longer_than_the_patience(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(lock.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lock.time, "sleep", lambda _: now.append(now.pop() + 1.0))
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open() as second:
        assert lock.taken(first)
        assert not lock.taken(second, patience=4.5)
        assert now == [5.0]


def test_a_copy_of_the_file_keeps_the_lock(tmp_path):
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open() as second:
        assert lock.taken(first)
        copy = os.dup(first.fileno())
        first.close()
        assert not lock.taken(second)
        os.close(copy)
        assert lock.taken(second)
