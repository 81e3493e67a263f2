"""What the job makes of each defect that can be planted in a phantom.

Run as `python -m benchmarks.defects`. Each line says what was planted in which file,
what the job had to report and did report, and which records it still made of the
patient; `!` marks a difference. What the job reports of the phantom as drawn follows.
"""

import collections
import json
import pathlib
import sys
import tempfile

import tensorflow as tf

from echo_keras.data import schema
from pipeline import build, phantom

QUICK = {"views": ("4CH",), "half_sequence": False}
FORMS = {
    "EchoNet-Dynamic": ("echonet", 30, {"frames": 32}),
    "CAMUS": ("camus", 28, QUICK),
    "CAMUS of 2019": ("camus", 6, {**QUICK, "release": "2019"}),
}
IN_MEMORY = ("--direct_running_mode=in_memory", "--direct_num_workers=1")


def run(form, folder):
    """Write a phantom with all defects and convert it.

    Args:
        form: A key of `FORMS`.
        folder: Folder for both.

    Returns:
        Lines of `planted.jsonl`, lines of `rejected.jsonl`, and a counter of the
        records by patient and family.
    """
    layout, patients, options = FORMS[form]
    source, records = folder / "source", folder / "records"
    phantom.write(layout, patients, 0, source, defects="all", **options)
    manifest = build.run(layout, source, records, max_rejected=1.0, beam_args=IN_MEMORY)
    made = collections.Counter()
    for shard in manifest["shards"]:
        for record in tf.data.TFRecordDataset(f"{records}/{shard['file']}"):
            patient = schema.parse_patient(record).numpy().decode()
            made[patient, shard["family"]] += 1
    return _lines(source / "planted.jsonl"), _lines(records / "rejected.jsonl"), made


def table(planted, rejected, made):
    """Compare what was planted with what was reported.

    Args:
        planted, rejected, made: What `run` returned.

    Yields:
        Cells of one row for each planted defect and file, then for each file more of
        which something was reported.
    """
    reported, expected = collections.defaultdict(list), collections.defaultdict(list)
    for reject in rejected:
        reported[reject["file"]].append(reject["reason"])
    for line in planted:
        key = line["defect"], line["patient"], line["file"]
        expected[key] += filter(None, [line["reason"]])
    for (defect, patient, file), reasons in expected.items():
        found = reported.pop(file, [])
        mark = "" if sorted(found) == sorted(reasons) else "!"
        yield mark, defect, file, _listed(reasons), _listed(found), _left(made, patient)
    for file, found in reported.items():
        yield "", "as drawn", file, "", _listed(found), ""


def main():
    """Print the table of every form of files."""
    for form in FORMS:
        with tempfile.TemporaryDirectory() as folder:
            rows = list(table(*run(form, pathlib.Path(folder))))
        header = "", form, "file", "planted", "reported", "labelled frames + videos"
        rows = [header, *rows]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths)]
            sys.stdout.write("  ".join(cells).rstrip() + "\n")
        sys.stdout.write("\n")


def _listed(reasons):
    return ", ".join(reasons) or "nothing"


def _left(made, patient):
    if patient is None:
        return ""
    return f"{made[patient, 'labelled']} + {made[patient, 'unlabelled']}"


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    main()
