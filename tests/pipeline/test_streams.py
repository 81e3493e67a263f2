import pickle

import pytest

from pipeline import sharding, streams
from pipeline.sources import listings


@pytest.fixture
def stream():
    patients = [
        listings.Patient(f"p{number}", "train", ("unlabelled",), "source", (), {})
        for number in range(3)
    ]
    return streams.Stream(*sharding.plan("camus", patients, 1))


def name(patient):
    return patient.name


def test_every_patient_takes_all_steps_in_order(stream):
    assert list(stream.then(name).then(str.upper)) == ["P0", "P1", "P2"]


def test_a_patient_takes_all_steps_before_the_next_takes_any(stream):
    taken = []

    def first(patient):
        taken.append(f"first {patient.name}")
        return patient

    def second(patient):
        taken.append(f"second {patient.name}")

    for _ in stream.then(first).then(second):
        pass
    order = ["first p0", "second p0", "first p1", "second p1", "first p2", "second p2"]
    assert taken == order


def test_a_stream_carries_what_is_to_be_done_between_machines(stream):
    there = pickle.loads(pickle.dumps(stream.then(name)))
    assert list(there) == ["p0", "p1", "p2"]
    assert list(there) == ["p0", "p1", "p2"]
