"""What the job that wrote a folder of records reported as odd in its source."""

import json

import tensorflow as tf

from echo_keras.data import schema

TITLE = "\nreported when the records were made:"


def read(folder, manifest):
    """Read what was reported.

    Args:
        folder: Folder of records, local or a URL.
        manifest: Its manifest.

    Returns:
        Dict of reason to the `count` that the manifest tells and the `cases`, dicts of
        `file` and `detail`, which are none where `rejected.jsonl` was left behind.
    """
    found = {
        reason: {"count": count, "cases": []}
        for reason, count in manifest["rejected"].items()
    }
    path = f"{folder}/{schema.REJECTED}"
    if tf.io.gfile.exists(path):
        with tf.io.gfile.GFile(path) as file:
            for line in map(json.loads, file):
                reason = found.setdefault(line["reason"], {"count": 0, "cases": []})
                case = {"file": line["file"], "detail": line["detail"]}
                reason["cases"].append(case)
    return found


def lines(found):
    """Lines for the user: how often each reason was given, and the first case.

    Args:
        found: What `read` returned.

    Yields:
        Text; nothing where nothing was reported.
    """
    if found:
        yield TITLE
    for reason, theirs in found.items():
        cases = theirs["cases"]
        first = f", first {cases[0]['file']}: {cases[0]['detail']}" if cases else ""
        yield f"  {reason}: {theirs['count']}{first}"
