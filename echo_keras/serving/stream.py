"""Batches of images on their way to a model and back, several at a time, in order."""

import collections
import concurrent.futures
import itertools
import threading
import time

import numpy as np


class Timed:
    """A segmenting function that remembers how long its answers took.

    Args:
        segment: Function from a list of encoded images to a list of answers.
    """

    def __init__(self, segment):
        self._segment = segment
        self._lock = threading.Lock()
        self._finished = []

    def __call__(self, images):
        start = time.perf_counter()
        answers = self._segment(images)
        end = time.perf_counter()
        with self._lock:
            self._finished.append((start, end, len(images)))
        return answers

    def figures(self):
        """Latency and throughput of what was asked so far, one request at least.

        Returns:
            Dict of `requests`; `latency_ms` of a request, repetitions included: `p50`,
            `p95` and `p99`; and `images_per_second` from the first request to the last
            answer.
        """
        start, end, images = np.array(self._finished).T
        latencies = 1000 * (end - start)
        percentiles = np.percentile(latencies, [50, 95, 99]).round(3).tolist()
        return {
            "requests": len(latencies),
            "latency_ms": dict(zip(("p50", "p95", "p99"), percentiles)),
            "images_per_second": round(images.sum() / (end.max() - start.min()), 2),
        }


def answered(items, segment, *, encode, batch, at_once=1):
    """Segment items in batches, of which several are on their way at a time.

    Args:
        items: Iterable, read as far as the batches go that are on their way.
        segment: Function from a list of encoded images to a list of answers; called
            from several threads where `at_once` is above 1.
        encode: Function from an item to its encoded image.
        batch: Items in a batch, the last excepted.
        at_once: Batches on their way at a time.

    Yields:
        Each item and its answer, once, in the order of the items.
    """
    remaining = iter(items)
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(at_once) as threads:
        try:
            while True:
                while len(waiting) < at_once:
                    taken = list(itertools.islice(remaining, batch))
                    if not taken:
                        break
                    images = [encode(item) for item in taken]
                    waiting.append((taken, threads.submit(segment, images)))
                if not waiting:
                    return
                taken, answers = waiting.popleft()
                yield from zip(taken, answers.result())
        finally:
            for _, answers in waiting:
                answers.cancel()
