import concurrent.futures
import threading

import numpy as np
import pytest
import tensorflow as tf

from echo_keras.serving import batching, parameters, session


class Recorder:
    """A servable that doubles its rows, refuses negative ones and counts its runs."""

    def __init__(self):
        self.sizes = []
        self.first_may_end = threading.Event()
        self.first_runs = threading.Event()
        self.entered = threading.Semaphore(0)

    def run(self, name, inputs):
        self.sizes.append(len(inputs["x"]))
        if len(self.sizes) == 1:
            self.first_runs.set()
            assert self.first_may_end.wait(20)
        if (inputs["x"] < 0).any():
            raise tf.errors.InvalidArgumentError(None, None, "negative")
        return {"y": 2 * inputs["x"]} if name == "double" else {"y": np.float32(1)}


@pytest.fixture
def recorder(monkeypatch):
    """A recorder that also knows when a call has joined a batch or been refused."""
    found, enter = Recorder(), batching._Queue._enter

    def noted(*arguments):
        try:
            return enter(*arguments)
        finally:
            found.entered.release()

    monkeypatch.setattr(batching._Queue, "_enter", noted)
    return found


def joined(recorder, **values):
    settings = {"num_batch_threads": 1, "batch_timeout_micros": 0, **values}
    servable = session.Servable(signatures={}, run=recorder.run)
    return batching.batched(servable, parameters.Batching(**settings))


def answers(servable, recorder, values, *, before=None):
    """Outputs or errors of calls; all but the first arrive while that one runs."""

    def call(value):
        try:
            return servable.run("double", {"x": np.array(value, np.float32)})["y"]
        except tf.errors.OpError as reason:
            return reason

    with concurrent.futures.ThreadPoolExecutor(len(values)) as pool:
        first = pool.submit(call, values[0])
        assert recorder.first_runs.wait(20)
        assert recorder.entered.acquire(timeout=20)
        others = []
        for value in values[1:]:
            others.append(pool.submit(call, value))
            assert recorder.entered.acquire(timeout=20)
        recorder.first_may_end.set()
        return [job.result(20) for job in (first, *others)]


def test_calls_that_wait_run_as_one_and_get_their_own_rows(recorder):
    servable = joined(recorder, max_batch_size=8)
    found = answers(servable, recorder, [[1], [2, 3], [4], [5]])
    assert [rows.tolist() for rows in found] == [[2], [4, 6], [8], [10]]
    assert recorder.sizes == [1, 4]


def test_no_batch_is_larger_than_allowed(recorder):
    servable = joined(recorder, max_batch_size=3)
    found = answers(servable, recorder, [[1], [2, 3], [4, 5], [6]])
    assert [rows.tolist() for rows in found] == [[2], [4, 6], [8, 10], [12]]
    assert recorder.sizes == [1, 2, 3]


def test_inputs_of_other_shapes_are_batched_apart(recorder):
    servable = joined(recorder, max_batch_size=8)
    found = answers(servable, recorder, [[1], [[2, 3]], [4], [[5, 6]]])
    assert [rows.tolist() for rows in found] == [[2], [[4, 6]], [8], [[10, 12]]]
    assert sorted(recorder.sizes) == [1, 1, 2]


def test_batches_are_filled_up_to_an_allowed_size(recorder):
    servable = joined(recorder, max_batch_size=8, allowed_batch_sizes=(4, 8))
    found = answers(servable, recorder, [[1], [2, 3], [4, 5, 6]])
    assert [rows.tolist() for rows in found] == [[2], [4, 6], [8, 10, 12]]
    assert recorder.sizes == [4, 8]


def test_one_bad_call_spoils_no_other(recorder):
    servable = joined(recorder, max_batch_size=8)
    first, bad, good = answers(servable, recorder, [[1], [-1], [3]])
    assert isinstance(bad, tf.errors.InvalidArgumentError)
    assert (first.tolist(), good.tolist()) == ([2], [6])


def test_a_full_queue_is_unavailable(recorder):
    servable = joined(recorder, max_batch_size=1, max_enqueued_batches=1)
    _, waited, refused = answers(servable, recorder, [[1], [2], [3]])
    assert waited.tolist() == [4]
    assert isinstance(refused, tf.errors.UnavailableError)
    assert "queue to which this task was submitted is full" in refused.message


def test_a_batch_waits_for_more_until_it_is_full(recorder):
    recorder.first_may_end.set()
    servable = joined(recorder, max_batch_size=2, batch_timeout_micros=20_000_000)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = pool.map(
            lambda x: servable.run("double", {"x": x})["y"], np.eye(2)[None]
        )
        assert len(list(found)) == 1
    assert recorder.sizes == [2]


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("double", {"x": np.zeros(9)}, "Task size 9 is larger than maximum input"),
        ("double", {"x": np.float32(0)}, "at least one dimension"),
        ("double", {"x": np.zeros(2), "z": np.zeros(3)}, "equal 0th-dimension size"),
        ("scalar", {"x": np.zeros(2)}, "Batched output tensor has 0 dimensions"),
    ],
)
def test_calls_without_batches_are_refused(recorder, name, inputs, message):
    recorder.first_may_end.set()
    servable = joined(recorder, max_batch_size=8)
    with pytest.raises(tf.errors.OpError, match=message):
        servable.run(name, inputs)


def test_a_bug_reaches_everybody_who_waits():
    def run(name, inputs):
        raise ZeroDivisionError

    servable = session.Servable(signatures={}, run=run)
    servable = batching.batched(servable, parameters.Batching())
    with pytest.raises(ZeroDivisionError):
        servable.run("double", {"x": np.zeros(1)})
