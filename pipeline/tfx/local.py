"""Running the pipeline here, with TFX's local runner and metadata in SQLite."""

from absl import logging
from tfx.orchestration.local import local_dag_runner

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
    graph = dag.build(recipe, beam_args=beam_args)
    store = records.store(recipe.root)
    try:
        local_dag_runner.LocalDagRunner().run(graph)
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
