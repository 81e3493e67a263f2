import contextlib

import pytest

from pipeline import layout, sharding, watch
from pipeline.sources import listings


@pytest.fixture
def plan():
    patients = [
        listings.Patient(f"p{number}", "train", ("labelled",), "source", (), {})
        for number in range(5)
    ]
    return sharding.plan("camus", patients, 2)


@pytest.fixture
def advanced(monkeypatch):
    counts = []

    @contextlib.contextmanager
    def record(label, total, *, unit):
        assert (label, total, unit) == ("convert", 5, "patients")
        yield counts.append

    monkeypatch.setattr(watch.progress, "bar", record)
    return counts


def finish(shard, job, tmp_path):
    (tmp_path / "records.partial" / "finished").mkdir(parents=True, exist_ok=True)
    with open(job.summary(shard), "w"):
        pass


def test_patients_count_once_their_shard_is_finished(plan, advanced, tmp_path):
    job = layout.Layout(str(tmp_path / "records"))
    finish(plan[0], job, tmp_path)
    with watch.bar(plan, job):
        pass
    assert advanced == [2]


def test_shards_finished_between_two_looks_are_not_missed(plan, advanced, tmp_path):
    job = layout.Layout(str(tmp_path / "records"))
    with watch.bar(plan, job):
        for shard in plan:
            finish(shard, job, tmp_path)
    assert sum(advanced) == 5
