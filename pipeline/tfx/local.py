"""Running the pipeline here, with TFX's local runner and metadata in SQLite."""

import dataclasses
import pathlib

from absl import logging
from tfx.dsl.compiler import compiler
from tfx.orchestration.local import local_dag_runner

from echo_keras import errors, lock
from pipeline import files
from pipeline.tfx import dag, pushed, records


def run(recipe, *, beam_args=(), say):
    """Run the pipeline; what an earlier run has done with the same inputs is kept.

    Args:
        recipe: `config.Pipeline`.
        beam_args: Options for Beam.
        say: Called with each piece of text for the user.

    Returns:
        Last line for the user: the scores, and which version stands where.

    Raises:
        InputError: A recipe or a data set does not fit, or a gate is closed.
    """
    logging.set_verbosity(logging.FATAL)
    if files.is_remote(recipe.root):
        raise errors.InputError(
            f"{recipe.root} is a URL, but a run here keeps its metadata in SQLite; "
            "give a folder of this machine by --root"
        )
    root = pathlib.Path(recipe.root).resolve()  # lineage is asked for from anywhere
    recipe = dataclasses.replace(recipe, root=str(root))
    graph = dag.build(recipe, beam_args=beam_args)
    store = records.store(recipe.root)
    with lock.held(root / "run.lock", recipe.root):
        try:
            local_dag_runner.LocalDagRunner().run_with_ir(_compiled(graph))
        finally:
            for line in records.told(records.newest(store)):
                say(line)
    version = pushed.newest(recipe.model)
    scores = pushed.scores(version)
    low, high = scores["dice_per_image_interval"]
    return (
        f"dice {scores['dice_per_image_mean']:.4f} ({low:.4f}-{high:.4f}) on "
        f"{scores['split']}, {scores['patients']} patients  {version}"
    )


def _compiled(graph):
    """The graph for the runner; what was pushed once may have been removed since, so
    that the Pusher always looks."""
    compiled = compiler.Compiler().compile(graph)
    for node in compiled.nodes:
        if node.pipeline_node.node_info.id == "Pusher":
            node.pipeline_node.execution_options.ClearField("caching_options")
    return compiled
