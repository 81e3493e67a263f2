"""Runs as a table: what each did, kept, found and pushed, and what stopped it."""

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from ml_metadata.proto import metadata_store_pb2

from echo_keras import errors
from pipeline.tfx import listing, records


def artefact(**properties):
    made = metadata_store_pb2.Artifact()
    for name, value in properties.items():
        kind = "double_value" if isinstance(value, float) else "string_value"
        setattr(made.custom_properties[name], kind, value)
    return made


def step(node, state, seconds, *outputs):
    return records.Step(node, state, None, seconds, {}, (), outputs)


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Function from runs to the lines that list them, cells apart."""

    def lines(*runs):
        monkeypatch.setattr(records, "existing", lambda path: path)
        monkeypatch.setattr(
            records,
            "runs",
            lambda path: runs if path == tmp_path / records.FILE else (),
        )
        header, *rows = listing.text(tmp_path, terminal=False).splitlines()
        assert header.split() == " ".join(listing.HEADER).split()
        return [row.split() for row in rows]

    return lines


def test_a_run_that_pushed_tells_its_dice_and_the_version(told):
    run = records.Run(
        "2024-01-02T03:04:05.678901",
        (
            step("EchoExampleGen.camus", "kept", 100.0, artefact(dataset="camus")),
            step("Trainer.finetune", "done", 20.5),
            step("Evaluator", "done", 3.25, artefact(dice=0.91236, dice_low=0.9)),
            step("Pusher", "done", 0.25, artefact(pushed_destination="models/lv/1")),
        ),
    )
    assert told(run) == [
        ["2024-01-02T03:04:05", "done", "24.0", "3", "1", "0.9124", "models/lv/1"]
    ]


def test_a_run_that_ended_early_tells_all_that_stopped_it(told):
    first = (step("a", "done", 1.0), step("b", "failed", 2.0))
    second = (step("c", "unfinished", 3.0), step("d", "kept", 4.0))
    assert told(
        records.Run("one", first + second),
        records.Run("two", second),
        records.Run("three", ()),
    ) == [
        ["one", "failed", "6.0", "1", "1", "b,", "c"],
        ["two", "unfinished", "3.0", "0", "1", "c"],
        ["three", "done", "0.0", "0", "0"],
    ]


def test_a_folder_without_metadata_is_told(tmp_path):
    with pytest.raises(errors.InputError) as refused:
        listing.text(tmp_path, terminal=False)
    assert str(refused.value) == (
        f"no metadata at {tmp_path}/metadata.db; give the root of a pipeline that was "
        "run"
    )
    assert list(tmp_path.iterdir()) == []
