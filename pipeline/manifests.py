"""The account that a job gives: manifest, rejects and features, beside the records."""

import collections
import importlib.metadata
import json
import platform

from echo_keras import errors
from echo_keras.data import schema
from pipeline import convert, files
from pipeline.sources import listings

_WITHOUT_LABELS = ("untraced", "no row")
_SHARE_OF_FACTS = 0.25

PACKAGES = ("echo-keras", "apache-beam", "numpy", "opencv-python-headless")


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
        raise errors.InputError(
            f"{len(lost)} of {len(everything)} files cannot be used, more than the "
            f"{most:.1%} allowed ({_summed_up(damaged)}); repair the source or raise "
            "--max-rejected"
        )


def check_patients(listing, *, most):
    """Refuse a copy of a data set that lacks many of its patients.

    A patient counts as one however many files are gone. Releases have a few patients
    without tracings, and tracings of nobody; where these are many, a table was cut off
    or a folder left behind.

    Args:
        listing: `Listing` of the source.
        most: Largest share of patients that may be missing, 0 to 1.

    Raises:
        InputError: More are, or more than a quarter are without tracing or row.
    """
    names = {patient.name for patient in listing.patients}
    whole = [reject for reject in listing.rejects if "/" not in reject.file]
    gone = [
        reject
        for reject in whole
        if reject.reason == "missing" and reject.file not in names
    ]
    unlabelled = [reject for reject in whole if reject.reason in _WITHOUT_LABELS]
    for lost, allowed in ((gone, most), (unlabelled, max(most, _SHARE_OF_FACTS))):
        count = len({reject.file for reject in lost})
        total = len(names.union(reject.file for reject in whole))
        if count > allowed * total:
            raise errors.InputError(
                f"{count} of {total} patients are lost, more than the {allowed:.1%} "
                f"allowed ({_summed_up(lost)}); is the copy whole? Repair the source "
                "or raise --max-rejected"
            )


def _summed_up(rejects):
    reasons = collections.Counter(reject.reason for reject in rejects)
    counts = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{counts}; first {rejects[0].file}: {rejects[0].detail}"


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
        schema.REJECTED: "".join(lines),
        "features.json": json.dumps(schema.FEATURES, indent=2) + "\n",
        schema.MANIFEST: json.dumps(manifest, indent=2) + "\n",
    }
    for name, content in contents.items():
        with files.written_aside(f"{layout.records}/{name}", layout.aside) as file:
            file.write(content.encode())
