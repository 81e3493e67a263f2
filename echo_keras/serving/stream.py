"""Batches of images on their way to a model and back, several at a time, in order."""

import collections
import concurrent.futures
import threading
import time

import numpy as np

BATCH = 8
PIXELS = 2**23  # of a batch: half of what the local server takes


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


def answered(items, segment, *, encode, pixels, at_once=1):
    """Segment items in batches, of which several are on their way at a time.

    Args:
        items: Iterable, read as far as the batches go that are on their way.
        segment: Function from a list of encoded images to a list of answers; called
            from several threads where `at_once` is above 1.
        encode: Function from an item to its encoded image.
        pixels: Function from an item to the number of its pixels; a batch is of `BATCH`
            items, or fewer where they have more than `PIXELS` together.
        at_once: Batches on their way at a time.

    Yields:
        Each item and its answer, once, in the order of the items.
    """
    batches = _batches(items, pixels)
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(at_once) as threads:
        try:
            while True:
                while len(waiting) < at_once:
                    taken = next(batches, None)
                    if taken is None:
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


def _batches(items, pixels):
    taken, total = [], 0
    for item in items:
        more = pixels(item)
        if taken and total + more > PIXELS:
            yield taken
            taken, total = [], 0
        taken.append(item)
        total += more
        if len(taken) == BATCH:
            yield taken
            taken, total = [], 0
    if taken:
        yield taken
