"""The runs of a pipeline as a table."""

import collections
import pathlib

from echo_keras.study import tables
from pipeline.tfx import records

HEADER = ["run", "state", "seconds", "done", "kept", "stopped at", "dice", "pushed as"]


def text(root, *, terminal):
    """Lay out the runs of a pipeline, oldest first.

    Args:
        root: Its folder.
        terminal: Whether to draw lines and colours.

    Returns:
        Lines of text.

    Raises:
        InputError: It has no metadata.
    """
    found = records.runs(records.existing(pathlib.Path(root, records.FILE)))
    return tables.text(HEADER, [_row(run) for run in found], terminal=terminal)


def _row(run):
    states = collections.Counter(step.state for step in run.steps)
    stopped = [s.node for s in run.steps if s.state in ("failed", "unfinished")]
    took = sum(step.seconds for step in run.steps if step.state != "kept")
    made = [artifact for step in run.steps for artifact in step.outputs]
    dices = [
        f"{artifact.custom_properties['dice'].double_value:.4f}"
        for artifact in made
        if "dice" in artifact.custom_properties
    ]
    pushed = [records.text(artifact, "pushed_destination") for artifact in made]
    return [
        run.name[:19],
        run.state,
        f"{took:.1f}",
        str(states["done"]),
        str(states["kept"]),
        ", ".join(stopped),
        "".join(dices),
        "".join(pushed),
    ]
