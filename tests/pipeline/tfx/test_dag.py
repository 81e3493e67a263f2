import dataclasses

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras import config, errors
from pipeline import phantom
from pipeline.tfx import dag, examples


@pytest.fixture(scope="module")
def echonet(tmp_path_factory):
    """Folder of a few synthetic hearts in the files of EchoNet-Dynamic."""
    folder = tmp_path_factory.mktemp("phantom") / "echonet"
    phantom.write("echonet", 4, 0, folder, frames=30)
    return folder


@pytest.fixture(scope="module")
def both(recipe, echonet):
    """Nodes of a pipeline of two data sets, by name."""
    graph = dag.build(dataclasses.replace(recipe, echonet=str(echonet)))
    return {node.id: node for node in graph.components}


def test_each_data_set_has_its_own_gates_and_the_two_are_compared(both):
    for dataset in ("camus", "echonet"):
        for gate in ("SchemaGate", "DriftGate", "DomainValidator"):
            assert f"{gate}.{dataset}" in both
    assert "DriftGate.camus.echonet" in both


def test_pretraining_waits_for_every_gate(both):
    upstream = {node.id for node in both["Trainer.pretrain"].upstream_nodes}
    gates = {name for name in both if "Gate." in name or "DomainValidator" in name}
    assert gates <= upstream
    assert {"EchoExampleGen.camus", "EchoExampleGen.echonet"} <= upstream


def test_fine_tuning_and_scoring_see_the_labelled_data_set_alone(both):
    for name in ("Trainer.finetune", "Evaluator", "ModelGate", "InfraValidator"):
        upstream = {node.id for node in both[name].upstream_nodes}
        assert "EchoExampleGen.camus" in upstream
        assert "EchoExampleGen.echonet" not in upstream


def test_a_missing_labelled_data_set_is_named(recipe):
    with pytest.raises(errors.InputError, match="set echonet in its recipe"):
        dag.build(dataclasses.replace(recipe, labelled="echonet"))


def test_fine_tuning_may_not_begin_elsewhere(recipe, altered):
    other = altered(config.Finetune, recipe.finetune, init="imagenet")
    with pytest.raises(errors.InputError, match="begins from imagenet, but in a pipe"):
        dag.build(dataclasses.replace(recipe, finetune=other))


def test_fine_tuning_may_not_be_taught_by_a_recipe(recipe, altered):
    other = altered(config.Finetune, recipe.finetune, teachers=("first.yaml",))
    with pytest.raises(
        errors.InputError, match=r"taught by the recipe first\.yaml, wh"
    ):
        dag.build(dataclasses.replace(recipe, finetune=other))


def test_a_file_that_changes_changes_the_fingerprint(copy):
    before = examples.fingerprint("camus", str(copy))
    assert examples.fingerprint("camus", str(copy)) == before
    path = next((copy / "database_nifti").rglob("*_4CH_ED.nii.gz"))
    path.write_bytes(path.read_bytes())
    assert examples.fingerprint("camus", str(copy)) != before
