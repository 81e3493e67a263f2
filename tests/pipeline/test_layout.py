import pytest

from pipeline import layout as layouts
from pipeline import sharding
from pipeline.sources import listings

OUTPUTS = ["records", "/disk/records", "gs://bucket/records"]


def shards():
    patients = [
        listings.Patient(name, "train", ("labelled",), "source", (), {})
        for name in "ab"
    ]
    return sharding.plan("camus", patients, 2)


def unfinished(layout):
    first, second = shards()
    return [
        *(layout.aside, layout.lock, layout.plan, layout.finished),
        *(layout.planned(first.name), layout.planned(second.name)),
        *(layout.summary(first), layout.summary(second)),
    ]


@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_unfinished_lies_beside_the_output_each_in_its_own_place(output):
    layout = layouts.Layout(output)
    places = unfinished(layout)
    assert all(place.startswith(f"{output}.partial/") for place in places)
    assert len({*places, layout.records, layout.work}) == len(places) + 2


@pytest.mark.parametrize("output", OUTPUTS)
def test_records_wait_in_the_job_only_where_a_folder_can_move(output):
    layout = layouts.Layout(output)
    waits = layout.records.startswith(f"{layout.work}/")
    assert waits == ("://" not in output)
    assert waits or layout.records == output


def test_the_folder_of_the_finished_holds_the_summaries_alone():
    layout = layouts.Layout("records")
    first, second = (layout.summary(shard) for shard in shards())
    others = {*unfinished(layout), layout.records}.difference((first, second))
    inside = f"{layout.finished}/"
    assert first == f"{inside}{shards()[0].name}.json"
    assert second.startswith(inside)
    assert not [place for place in others if place.startswith(inside)]
