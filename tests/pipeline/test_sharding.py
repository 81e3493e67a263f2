import pytest

from pipeline import layout as layouts
from pipeline import sharding
from pipeline.sources import listings


def patients(count, split="train", families=("unlabelled",)):
    return [
        listings.Patient(
            name=f"{split}{number:04d}",
            split=split,
            families=families,
            source="source",
            files=(),
            details={},
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "total", "sizes"),
    [
        (1, None, [1]),
        (16, None, [16]),
        (33, None, [11, 11, 11]),
        (10, 3, [3, 3, 4]),
        (2, 5, [1, 1]),
        (6400, None, [100] * 64),
    ],
)
def test_patients_are_spread_evenly(count, total, sizes):
    shards = sharding.plan("camus", patients(count), total)
    assert [len(shard.patients) for shard in shards] == sizes


def test_every_patient_is_in_one_shard_of_the_own_split_in_order():
    everyone = patients(20) + patients(3, "test") + patients(5, "unlisted")
    shards = sharding.plan("camus", everyone, 2)
    for split in ("train", "test", "unlisted"):
        planned = [shard for shard in shards if shard.split == split]
        names = [patient.name for shard in planned for patient in shard.patients]
        assert names == [patient.name for patient in everyone if patient.split == split]


def test_shards_are_named_as_tensorflow_datasets_would():
    names = [shard.name for shard in sharding.plan("echonet", patients(2), 2)]
    assert names == [
        "echonet-train.tfrecord-00000-of-00002",
        "echonet-train.tfrecord-00001-of-00002",
    ]


def test_a_split_has_a_file_for_every_family_of_any_patient():
    labelled = patients(1, families=("labelled", "unlabelled"))
    moving = patients(1, families=("sequence", "unlabelled"))
    [train] = sharding.plan("camus", labelled + moving)
    [unlisted] = sharding.plan("camus", patients(1, "unlisted"))
    assert train.families == ("labelled", "sequence", "unlabelled")
    assert unlisted.families == ("unlabelled",)


def test_a_shard_is_left_for_the_worker_as_it_is(tmp_path):
    layout = layouts.Layout(str(tmp_path / "records"))
    [shard] = sharding.plan("camus", patients(2))
    sharding.save(shard, layout)
    assert sharding.load(shard.name, layout) == shard
