import threading
import time

import numpy as np
import pytest

from echo_keras.serving import stream


@pytest.fixture(autouse=True)
def _batches_of_two(monkeypatch):
    monkeypatch.setattr(stream, "BATCH", 2)


def one(item):
    return 1


def asked(items, segment, **options):
    pairs = stream.answered(items, segment, encode=str, pixels=one, **options)
    return list(pairs)


@pytest.mark.parametrize("at_once", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_every_item_comes_back_once_and_in_order(at_once, count):
    random, lock = np.random.default_rng(0), threading.Lock()
    sizes = []

    def segment(images):
        with lock:
            sizes.append(len(images))
            pause = random.uniform(0, 0.005)
        time.sleep(pause)
        return [f"mask of {image}" for image in images]

    found = asked(range(count), segment, at_once=at_once)
    assert found == [(number, f"mask of {number}") for number in range(count)]
    assert sum(sizes) == count
    assert all(size == 2 for size in sizes) == (count % 2 == 0)


def test_as_many_batches_as_wanted_are_on_their_way_and_no_more():
    lock, together = threading.Lock(), threading.Barrier(3, timeout=60)
    running, most = 0, 0

    def segment(images):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return images

    asked(range(12), segment, at_once=3)
    assert most == 3


def test_no_more_items_are_read_than_are_on_their_way():
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    pairs = stream.answered(items(), list, encode=str, pixels=one, at_once=2)
    next(pairs)
    assert len(read) == 4


def test_a_mistake_in_one_batch_ends_them_all():
    def segment(images):
        raise ValueError(images[0])

    with pytest.raises(ValueError, match="0"):
        asked(range(50), segment, at_once=2)


def test_latency_and_throughput_are_those_of_the_requests(monkeypatch):
    clock = iter([0.0, 0.1, 1.0, 1.3, 2.0, 2.2])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    timed = stream.Timed(list)
    for images in (["a", "b"], ["c", "d"], ["e"]):
        assert timed(images) == images
    figures = timed.figures()
    assert figures["requests"] == 3
    assert figures["latency_ms"]["p50"] == pytest.approx(200)
    assert figures["latency_ms"]["p99"] == pytest.approx(298)
    assert figures["images_per_second"] == pytest.approx(5 / 2.2, abs=0.01)
