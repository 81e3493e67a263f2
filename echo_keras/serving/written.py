"""Scores as they are written: a JSON of figures and a table of cases beside it."""

import csv
import json
import math
import pathlib

from echo_keras import aside, errors, facts

CASES = ".cases.csv"


def check(path):
    """Refuse an output that scores do not go to, which is known before they are.

    Raises:
        InputError: The path is a folder, or that of a file which is no JSON.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise errors.InputError(f"output {path} is a folder; name a file in it")
    if path.suffix != ".json":
        raise errors.InputError(
            f"output {path} would hold JSON, with {CASES} of the cases beside it; let "
            "its name end in .json"
        )


def write(scores, path):
    """Write scores as JSON and their cases as CSV, each whole or not at all.

    Args:
        scores: Dict as of `evaluate.scores`.
        path: JSON to write; its folder is made. `NAME.json` has `NAME.cases.csv`
            beside it, one row an image, empty where something is unknown.

    Raises:
        InputError: A file cannot be written.
    """
    check(path)
    path = pathlib.Path(path)
    with aside.file(path.with_suffix(CASES)) as partial, partial.open("w") as file:
        table = csv.DictWriter(file, list(scores["cases"][0]), lineterminator="\n")
        table.writeheader()
        table.writerows(scores["cases"])
    with aside.file(path) as partial:
        partial.write_text(json.dumps(_plain(scores), indent=2) + "\n")


def read(path):
    """Read scores that `write` wrote.

    Args:
        path: Their JSON.

    Returns:
        Dict as of `evaluate.scores`.

    Raises:
        InputError: There are none, or those of an earlier version.
    """
    scores = facts.read(path, mend="write the scores anew with echo-keras evaluate")
    cases = scores.get("cases")
    if not isinstance(cases, list) or not cases or not all(map(_measured, cases)):
        raise errors.InputError(
            f"{path} holds no scores of cases with distances; write them anew with "
            "echo-keras evaluate"
        )
    return scores


def _measured(case):
    return isinstance(case, dict) and "hd95" in case


def _plain(value):
    """The same with None in place of NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
