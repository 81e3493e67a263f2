import pytest
import yaml

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras import errors
from pipeline.tfx import dag, kubeflow

OPTIONS = ("--runner=DataflowRunner", "--region=europe-west1")


@pytest.fixture(scope="module")
def compiled(recipe, tmp_path_factory):
    """What the compiler writes, parsed."""
    path = tmp_path_factory.mktemp("kubeflow") / "pipeline.yaml"
    count = kubeflow.compile(recipe, path, beam_args=OPTIONS)
    parsed = yaml.safe_load(path.read_text())
    return count, parsed


def test_every_component_becomes_a_task_with_the_image(compiled, recipe):
    count, parsed = compiled
    tasks = parsed["root"]["dag"]["tasks"]
    nodes = {node.id for node in dag.build(recipe).components}
    assert set(tasks) == nodes
    assert count == len(nodes)
    executors = parsed["deploymentSpec"]["executors"].values()
    assert {executor["container"]["image"] for executor in executors} == {recipe.image}


def test_models_wait_for_the_gates(compiled):
    _, parsed = compiled
    tasks = parsed["root"]["dag"]["tasks"]
    waits = set(tasks["Trainer.pretrain"]["dependentTasks"])
    assert {"DomainValidator.camus", "SchemaGate.camus", "DriftGate.camus"} <= waits
    assert {"ModelGate", "InfraValidator"} <= set(tasks["Pusher"]["dependentTasks"])


def test_beams_options_reach_the_components_on_beam(compiled):
    _, parsed = compiled
    executors = parsed["deploymentSpec"]["executors"]
    for name in ("EchoExampleGen.camus", "StatisticsGen.camus"):
        given = executors[f"{name}_executor"]["container"]["args"]
        assert set(OPTIONS) <= set(given)


def test_another_ending_is_refused(recipe, tmp_path):
    with pytest.raises(errors.InputError, match=r"must end in \.yaml or \.json"):
        kubeflow.compile(recipe, tmp_path / "pipeline.txt")
