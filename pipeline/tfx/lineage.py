"""What a pushed model was made from, read from ML Metadata."""

import hashlib
import json
import pathlib

from echo_keras import errors
from pipeline.tfx import pushed, records


def run(version):
    """The run that pushed a version.

    Args:
        version: Folder such as `saved_models/lv/1`.

    Returns:
        `records.Run`.

    Raises:
        InputError: No pipeline pushed it, or its metadata are gone.
    """
    known = pushed.metadata(version)
    for found in records.runs(records.existing(known["metadata"])):
        for step in found.steps:
            if step.node == "Pusher" and any(
                records.text(artifact, "digest") == known["digest"]
                for artifact in step.outputs
            ):
                return found
    raise errors.InputError(
        f"{known['metadata']} does not know {known['model']}, which {version} is a "
        "copy of; was the pipeline's folder made anew?"
    )


def text(run):
    """The rows of a run as a table of two columns."""
    found = rows(run)
    widest = max(len(label) for label, _ in found)
    return "\n".join(f"{label:{widest}}  {told}" for label, told in found)


def rows(run):
    """What a run made its model from, and how long each step took.

    Args:
        run: `records.Run`.

    Returns:
        List of pairs of label and text: the `facts`, then the steps.
    """
    return facts(run) + [
        (step.node, f"{step.seconds:.1f} s{', kept' * (step.state == 'kept')}")
        for step in run.steps
    ]


def facts(run):
    """What a run made its model from: the data, schema, recipes, scores, and the time.

    Args:
        run: `records.Run`.

    Returns:
        List of pairs of label and text.
    """
    found = [("run", run.name)]
    for step in run.steps:
        found += _ROWS.get(step.node.partition(".")[0], _nothing)(step)
    total = sum(step.seconds for step in run.steps)
    return [*found, ("time of all steps", f"{total:.1f} s")]


def records_of(step):
    """The artefact of records that an EchoExampleGen made."""
    [made] = [a for a in step.outputs if records.text(a, "source_fingerprint")]
    return made


def recipe(step):
    """Values of the recipe that a Trainer was given."""
    return json.loads(step.values["custom_config"])["recipe"]


def _data(step):
    records_made = records_of(step)
    name = records.text(records_made, "dataset")
    patients = json.loads(records.text(records_made, "patients"))
    told = ", ".join(f"{count} {split}" for split, count in patients.items())
    yield f"{name} source", records.text(records_made, "source")
    yield f"{name} fingerprint", records.text(records_made, "source_fingerprint")
    yield f"{name} records", records.text(records_made, "records_fingerprint")
    yield f"{name} patients", told
    yield f"{name} code", records.text(records_made, "code")


def _schema(step):
    [made] = step.outputs
    [path] = pathlib.Path(made.uri).iterdir()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    yield "schema", f"{path.name}, SHA-256 {digest[:16]}"


def _training(step):
    values = (f"{name}: {value}" for name, value in recipe(step).items())
    name = step.node.partition(".")[2]
    yield f"{name} recipe", ", ".join(values)
    yield f"{name} code", json.loads(step.values["custom_config"])["code"]


def _scores(step):
    [made] = step.outputs
    dice, low, high = (
        made.custom_properties[name].double_value
        for name in ("dice", "dice_low", "dice_high")
    )
    yield f"Dice on {records.text(made, 'split')}", f"{dice:.4f} ({low:.4f}-{high:.4f})"


def _judgement(step):
    [made] = step.outputs
    yield "compared with", records.text(made, "last")


def _pushed(step):
    [made] = step.outputs
    yield "pushed as", records.text(made, "pushed_destination")


def _nothing(_):
    return ()


_ROWS = {
    "EchoExampleGen": _data,
    "ImportSchemaGen": _schema,
    "Trainer": _training,
    "Evaluator": _scores,
    "ModelGate": _judgement,
    "Pusher": _pushed,
}
