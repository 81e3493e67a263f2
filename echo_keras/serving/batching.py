"""Requests of several connections run as one batch, as the model server joins them."""

import dataclasses
import threading
import time
import typing

import numpy as np
import tensorflow as tf

from echo_keras.serving import parameters, session, status


@dataclasses.dataclass(eq=False)
class _Task:
    inputs: dict
    size: int
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    outputs: typing.Any = None
    error: typing.Any = None


@dataclasses.dataclass(eq=False)
class _Batch:
    closes_at: float
    tasks: list = dataclasses.field(default_factory=list)
    full: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def size(self):
        return sum(task.size for task in self.tasks)


def batched(servable, batching):
    """Wrap a servable so that calls from several threads are joined.

    The first call of a batch waits for others, and for a free place to run, then runs
    them all; there are no threads of its own. Where a joined run fails, each call is
    run by itself, so that one bad request spoils no other's answer (the model server
    refuses them all).

    Args:
        servable: `session.Servable`; inputs and outputs have a batch dimension.
        batching: `parameters.Batching`.

    Returns:
        `session.Servable`.
    """
    queue = _Queue(servable, batching, threading.Semaphore(batching.num_batch_threads))
    return session.Servable(signatures=servable.signatures, run=queue.run)


@dataclasses.dataclass(eq=False)
class _Queue:
    servable: session.Servable
    batching: parameters.Batching
    running: threading.Semaphore
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    open_batches: dict = dataclasses.field(default_factory=dict)
    waiting: int = 0

    def run(self, name, inputs):
        size, largest = _rows(inputs), self.batching.max_batch_size
        if size > largest:
            raise status.invalid(
                f"Task size {size} is larger than maximum input batch size {largest}"
            )
        if not size:
            return self.servable.run(name, inputs)
        task = _Task(inputs, size)
        key = (name, *((n, v.dtype, v.shape[1:]) for n, v in sorted(inputs.items())))
        batch, leads = self._enter(key, task)
        if leads:
            self._lead(name, key, batch)
        task.done.wait()
        if task.error is not None:
            raise task.error
        return task.outputs

    def _enter(self, key, task):
        """Batch that a task has joined, and whether it is the first there."""
        with self.lock:
            batch = self.open_batches.get(key)
            if batch and batch.size + task.size > self.batching.max_batch_size:
                self._close(key, batch)
                batch = None
            leads = batch is None
            if leads:
                batch = self._open(key)
            batch.tasks.append(task)
            if batch.size == self.batching.max_batch_size:
                self._close(key, batch)
            return batch, leads

    def _open(self, key):
        if self.waiting >= self.batching.max_enqueued_batches:
            raise tf.errors.UnavailableError(
                None,
                None,
                "The batch scheduling queue to which this task was submitted is full",
            )
        self.waiting += 1
        seconds = self.batching.batch_timeout_micros / 1e6
        self.open_batches[key] = _Batch(closes_at=time.monotonic() + seconds)
        return self.open_batches[key]

    def _close(self, key, batch):
        if self.open_batches.get(key) is batch:
            del self.open_batches[key]
        batch.full.set()

    def _lead(self, name, key, batch):
        batch.full.wait(max(0.0, batch.closes_at - time.monotonic()))
        with self.running:
            with self.lock:
                self.waiting -= 1
                self._close(key, batch)
            allowed = self.batching.allowed_batch_sizes
            _run_all(self.servable, name, batch.tasks, allowed)


def _rows(inputs):
    if any(values.ndim == 0 for values in inputs.values()):
        raise status.invalid(
            "Batching Run() input tensors must have at least one dimension"
        )
    sizes = {len(values) for values in inputs.values()}
    if len(sizes) != 1:
        raise status.invalid(
            "Batching session Run() input tensors must have equal 0th-dimension size"
        )
    return sizes.pop()


def _run_all(servable, name, tasks, allowed):
    """Give every task its outputs or its error; a bug goes to all and is raised."""
    try:
        try:
            _run_joined(servable, name, tasks, allowed)
        except tf.errors.OpError as reason:
            late = isinstance(reason, tf.errors.DeadlineExceededError)
            if late or len(tasks) == 1:
                for task in tasks:
                    task.error = reason
            else:
                for task in tasks:
                    _run_all(servable, name, [task], allowed)
    finally:
        for task in tasks:
            if task.outputs is None and task.error is None:
                task.error = RuntimeError("the run that this request joined broke off")
            task.done.set()


def _run_joined(servable, name, tasks, allowed):
    total = sum(task.size for task in tasks)
    padded = next((size for size in allowed if size >= total), total)
    joined = {}
    for key, first in tasks[0].inputs.items():
        parts = [task.inputs[key] for task in tasks]
        if padded > total:
            parts.append(np.repeat(first[:1], padded - total, axis=0))
        joined[key] = np.concatenate(parts)
    outputs = servable.run(name, joined)
    for values in outputs.values():
        _check_rows(values, padded)
    ends = np.cumsum([task.size for task in tasks])
    for task, end in zip(tasks, ends):
        rows = slice(end - task.size, end)
        task.outputs = {key: values[rows] for key, values in outputs.items()}


def _check_rows(values, rows):
    fault = None
    if values.ndim == 0:
        fault = "Batched output tensor has 0 dimensions"
    elif len(values) != rows:
        fault = (
            "Batched output tensor's 0th dimension does not equal the sum of the 0th "
            "dimension sizes of the input tensors"
        )
    if fault:
        raise tf.errors.FailedPreconditionError(None, None, fault)
