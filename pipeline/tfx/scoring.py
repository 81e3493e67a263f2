"""The Evaluator: scores by the project's own metrics, slice by slice."""

from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from echo_keras.serving import evaluate
from echo_keras.training import origin
from pipeline.tfx import folders, measures, slices

SPLIT = "test"
FILE = "scores.json"
DIGITS = 4  # of a Dice as it is told


def scores(records, frames, model):
    """Score an exported model on the test split.

    Args:
        records: Folder of records.
        frames: Folder of their measures.
        model: Folder of an exported version.

    Returns:
        As of `evaluate.by_model`, with `slices` of the whole and of each case, and
        the `records` that they were scored on.
    """
    found = evaluate.by_model(records, SPLIT, model)
    measured, _ = measures.read(frames, families=("labelled",), splits=(SPLIT,))
    known = slices.by_case(measured)
    for case in found["cases"]:
        case["slices"] = known[slices.key(case)]
    return {
        **found,
        "slices": slices.scores(found["cases"]),
        "records": origin.records(records),
    }


@component
def Evaluator(  # noqa: N802  components are named as TFX's own are
    examples: InputArtifact[standard_artifacts.Examples],
    frames: InputArtifact[standard_artifacts.Examples],
    model: InputArtifact[standard_artifacts.Model],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
    code: Parameter[str],
):
    """Write the scores of a model on the test split as JSON."""
    with folders.local(path_utils.serving_model_path(model.uri)) as folder:
        found = scores(examples.uri, frames.uri, folder)
    folders.write_json(found, f"{evaluation.uri}/{FILE}")
    low, high = found["dice_per_image_interval"]
    dice = {"dice": found["dice_per_image_mean"], "dice_low": low, "dice_high": high}
    for name, value in dice.items():
        # ML Metadata keeps six digits: to round those to four would round twice.
        evaluation.set_float_custom_property(name, round(value, DIGITS))
    evaluation.set_string_custom_property("split", SPLIT)
    evaluation.set_string_custom_property("code", code)
