"""The account that a job gives: manifest, rejects and features, beside the records."""

import collections
import importlib.metadata
import json
import platform

from echo_keras import errors
from echo_keras.data import schema
from pipeline import convert, files
from pipeline.sources import listings

PACKAGES = ("apache-beam", "numpy", "opencv-python-headless", "SimpleITK")


def versions():
    """Versions of what turns the source into bytes."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found


def check_rejects(rejects, patients, *, most):
    """Refuse a conversion that lost too many files.

    Facts of a release, such as a patient in no split list, are reported with the
    rejects but do not count here.

    Args:
        rejects: All `Reject` of the job.
        patients: All `Patient` of the job.
        most: Largest share of files that may be damaged, 0 to 1.

    Raises:
        InputError: More are.
    """
    damaged = [reject for reject in rejects if reject.reason not in listings.FACTS]
    lost = {reject.file for reject in damaged}
    everything = lost.union(*(patient.files for patient in patients))
    if len(lost) > most * len(everything):
        reasons = collections.Counter(reject.reason for reject in damaged)
        summed_up = ", ".join(
            f"{count} {reason}" for reason, count in reasons.most_common()
        )
        raise errors.InputError(
            f"{len(lost)} of {len(everything)} files cannot be used, more than the "
            f"{most:.1%} allowed ({summed_up}; first {damaged[0].file}: "
            f"{damaged[0].detail}); repair the source or raise --max-rejected"
        )


def manifest(listing, summaries, rejects, *, dataset, source, command):
    """The manifest of a folder of records; the same for the same source.

    Args:
        listing: `Listing` of the source.
        summaries: Summaries of all shards, in the order of the plan.
        rejects: All `Reject` of the job.
        dataset: `echonet` or `camus`.
        source: Folder of the data set, as the user wrote it.
        command: The command without output and Beam options, which change no byte.

    Returns:
        Dict ready for JSON; see `echo_keras.data.tfrecords`.
    """
    counts = {}
    for summary in summaries:
        split = summary["files"][0]["split"]
        total = counts.setdefault(split, dict.fromkeys(convert.COUNTS, 0))
        for name, count in summary["counts"].items():
            total[name] += count
    reasons = collections.Counter(reject.reason for reject in rejects)
    return {
        "format": schema.FORMAT,
        "dataset": dataset,
        "counts": counts,
        "shards": [file for summary in summaries for file in summary["files"]],
        "rejected": dict(sorted(reasons.items())),
        "source": source,
        "source_fingerprint": listing.fingerprint,
        "versions": versions(),
        "command": command,
    }


def write(layout, manifest, rejects):
    """Write rejects, features and, last, the manifest that marks the folder finished.

    Args:
        layout: `Layout` of the job.
        manifest: Dict of `manifest`.
        rejects: All `Reject` of the job.
    """
    lines = [json.dumps(vars(reject)) + "\n" for reject in rejects]
    contents = {
        "rejected.jsonl": "".join(lines),
        "features.json": json.dumps(schema.FEATURES, indent=2) + "\n",
        schema.MANIFEST: json.dumps(manifest, indent=2) + "\n",
    }
    for name, content in contents.items():
        with files.written_aside(f"{layout.records}/{name}", layout.aside) as file:
            file.write(content.encode())
