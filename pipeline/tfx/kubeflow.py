"""The same pipeline compiled for Kubeflow Pipelines or Vertex AI."""

import pathlib

from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

from echo_keras import aside, errors
from pipeline.tfx import dag

SUFFIXES = (".yaml", ".json")


def compile(recipe, output, *, beam_args=()):
    """Write the pipeline as a specification of Kubeflow Pipelines.

    Args:
        recipe: `config.Pipeline`; its `root` and `model` should be URLs that the
            cluster reaches, and its `image` hold this project.
        output: File to write, `.yaml` or `.json`.
        beam_args: Options for Beam in every component that runs on it.

    Returns:
        Number of its components.

    Raises:
        InputError: The output or a recipe does not fit.
    """
    output = pathlib.Path(output)
    if output.suffix not in SUFFIXES:
        raise errors.InputError(f"{output} must end in {' or '.join(SUFFIXES)}")
    graph = dag.build(recipe, beam_args=beam_args)
    configuration = kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
        default_image=recipe.image, use_pipeline_spec_2_1=True
    )
    with aside.file(output) as path:
        kubeflow_v2_dag_runner.KubeflowV2DagRunner(
            configuration, output_dir=str(path.parent), output_filename=path.name
        ).run(graph)
    return len(graph.components)
