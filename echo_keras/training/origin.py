"""What an artefact was made from: which records, and which version of this code."""

import hashlib
import importlib.metadata
import json
import pathlib
import subprocess

from echo_keras import facts
from echo_keras.data import tfrecords
from echo_keras.training import initial

PACKAGE = pathlib.Path(__file__).parents[1]
# Under it, finetune.json lists the `labels.marks` of the patients it learnt from; that
# of `hearts` lists none, as synthetic hearts are no patients.
FRAMES = "frames_learnt_from"
ARTEFACTS = {
    initial.MODEL_FILE: "finetune.json",
    initial.ENCODER_FILE: "pretrain.json",
}
KEPT = (
    "dataset",
    "source_fingerprint",
    "data",
    "patients",
    FRAMES,
    "init",
    "teachers",
    "code",
)


# Of a manifest: where, by what command and with which versions records were built
# tells nothing of what they hold.
RECORDS = ("format", "dataset", "counts", "shards", "source_fingerprint")


def records(folder):
    """What tells the records of a folder from others, wherever they were built.

    Args:
        folder: Folder of records.

    Returns:
        Dict of `dataset`, `source_fingerprint` and `records_fingerprint`.

    Raises:
        InputError: The folder holds no finished records.
    """
    manifest = tfrecords.manifest(folder)
    text = json.dumps({key: manifest[key] for key in RECORDS}, sort_keys=True)
    return {
        "dataset": manifest["dataset"],
        "source_fingerprint": manifest["source_fingerprint"],
        "records_fingerprint": hashlib.sha256(text.encode()).hexdigest(),
    }


def weights(init):
    """What tells the first weights of a run from others, and what they stand on.

    Args:
        init: As in a recipe: a word, a file, or the folder of an artefact.

    Returns:
        The word itself; for a file a dict of `file` and its `sha256`; for an artefact
        a dict of `folder`, `sha256` of its weights and what its own summary says of
        its records, labels and first weights.

    Raises:
        InputError: The summary is there and cannot be read.
    """
    folder = initial.located(init)
    if folder is None:
        return init
    if folder.is_file():
        return {"file": str(init), "sha256": _sha256(folder)}
    for file, summary in ARTEFACTS.items():
        if (folder / file).is_file():
            said = {}
            if (folder / summary).is_file():
                said = facts.read(folder / summary, mend="put back what the run wrote")
            if file == initial.MODEL_FILE:
                said.setdefault(FRAMES, None)
            return {
                "folder": str(init),
                "sha256": _sha256(folder / file, folder / initial.DECODER_FILE),
                **{name: said[name] for name in KEPT if name in said},
            }
    return init


def unplaced(weights):
    """What tells weights from others, wherever they lie.

    Args:
        weights: As the function of that name returns them, or a list of such.

    Returns:
        The same without paths and without what tells the records of a pretraining,
        which a hash of the weights makes up for.
    """
    if isinstance(weights, list):
        return [unplaced(one) for one in weights]
    if isinstance(weights, dict):
        return {
            key: unplaced(value)
            for key, value in weights.items()
            if key not in ("folder", "file", "data")
        }
    return weights


def learnt(weights):
    """Whose labels went into weights, directly or before.

    Args:
        weights: As the function of that name returns them.

    Returns:
        Set of marks of frames, as of `labels.marks`.
    """
    return {mark for network in _networks(weights) for mark in network[FRAMES] or ()}


def unmarked(weights):
    """Fine-tuned networks that do not tell whose labels went into them.

    Args:
        weights: As the function of that name returns them.

    Returns:
        List of their folders, the network itself or those that it came from.
    """
    return [
        network["folder"] for network in _networks(weights) if network[FRAMES] is None
    ]


def _networks(weights):
    """A fine-tuned network and all before it, each with or without its frames."""
    if not isinstance(weights, dict):
        return
    if FRAMES in weights or "patients" in weights:
        yield {FRAMES: None, **weights}
    for earlier in (weights.get("init"), *weights.get("teachers", ())):
        yield from _networks(earlier)


def _sha256(*paths):
    """Checksum of all that is in those files that exist."""
    found = hashlib.sha256()
    for path in paths:
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def code(package=PACKAGE):
    """Version of this library: its commit where it stands in git, else its number.

    Args:
        package: Folder of the library.

    Returns:
        Such as `0.1.0`, or `0.1.0+1f2e3d4c` and `.changed` where files differ from
        that commit.
    """
    version = importlib.metadata.version("echo-keras")
    # Installed below another project's repository, the library is no part of it.
    own = _git(package, "ls-files", "--error-unmatch", "__init__.py")
    commit = _git(package, "rev-parse", "--short=8", "HEAD") if own else None
    if not commit:
        return version
    changed = ".changed" if _git(package, "status", "--porcelain", ".") else ""
    return f"{version}+{commit}{changed}"


def _git(folder, *words):
    """What git answers, nothing where it fails or is not installed."""
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True
        ).stdout.strip()
    except OSError:
        return ""
