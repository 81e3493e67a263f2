"""Which videos a pushed model has seen, and what each was to it."""

import csv

from tfx.dsl.io import fileio

from echo_keras import aside, errors
from echo_keras.data import tfrecords
from pipeline.tfx import folders, lineage, records

COLUMNS = ("dataset", "patient", "view", "split", "seen_as")
NEVER = "never"


def write(run, path):
    """Write a CSV with a row for each video of the records.

    Args:
        run: `records.Run` that pushed the model.
        path: File to write.

    Returns:
        How many videos the model has seen, and how many there are.

    Raises:
        InputError: The records or the model of the run are gone, or the file cannot be
            written.
    """
    table = rows(run)
    with aside.file(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    return sum(row["seen_as"] != NEVER for row in table), len(table)


def rows(run):
    """Every video of a run's records, in the order of the records.

    Args:
        run: `records.Run`.

    Returns:
        List of dicts of `COLUMNS`. `seen_as` holds words with spaces between them:
        `pretraining`, where its frames were seen without labels; `training`,
        `validation` and `test`, where its patient's labels were used; or `never`.
    """
    steps = {step.node: step for step in run.steps}
    unlabelled = lineage.recipe(steps["Trainer.pretrain"])["splits"]
    labelled = _labelled(steps)
    table = []
    for node, step in steps.items():
        if node.startswith("EchoExampleGen."):
            for video in _videos(lineage.records_of(step)):
                uses = ["pretraining"] * (video["split"] in unlabelled)
                heart = video["dataset"], video["patient"]
                uses += [use for use, hearts in labelled.items() if heart in hearts]
                table.append({**video, "seen_as": " ".join(uses) or NEVER})
    return table


def _labelled(steps):
    """Data sets and patients whose labels were used, by what they were used for."""
    [path] = [
        f"{artifact.uri}/finetune.json"
        for artifact in steps["Trainer.finetune"].outputs
        if fileio.exists(f"{artifact.uri}/finetune.json")
    ] or [None]
    if path is None:
        raise errors.InputError(
            "the run's fine-tuned network is gone; was the pipeline's folder cleared?"
        )
    tuned = folders.read_json(path)
    dataset = tuned["dataset"]
    used = {
        {"train": "training"}.get(split, split): {(dataset, name) for name in names}
        for split, names in tuned["patients"].items()
    }
    [scores] = steps["Evaluator"].outputs
    split = records.text(scores, "split")
    for step in steps.values():
        if step.node == f"EchoExampleGen.{dataset}":
            uri = lineage.records_of(step).uri
            used[split] = {(dataset, name) for name in tfrecords.patients(uri, split)}
    return used


def _videos(artifact):
    counts = tfrecords.manifest(artifact.uri)["counts"]
    for split, count in counts.items():
        if count["unlabelled_videos"]:
            videos = tfrecords.unlabelled([artifact.uri], (split,))
            for video in videos.as_numpy_iterator():
                named = {name: video[name].decode() for name in COLUMNS[:3]}
                yield {**named, "split": split}
