"""Inspection of a folder of records: is it whole, what is in it, what looks wrong."""

import collections
import json
import pathlib
import sys

import numpy as np

from echo_keras import aside, errors, progress
from echo_keras.data import tfrecords
from echo_keras.study import facts, flags, reported, rules, sheet, summary, tables

OUTPUT = "runs/inspect"
SHOWN = 5


def run(folder, output=None, *, say):
    """Verify a folder of records, sum it up, and look for what is odd.

    Args:
        folder: Folder that `echo-keras build-tfrecords` wrote, local or a URL.
        output: Folder for `inspect.json` and `inspect.png`; by default one of the
            records' name in `runs/inspect`.
        say: Called with each piece of text for the user.

    Returns:
        Last line for the user: how many flags, and where all of them are.

    Raises:
        InputError: The folder is not whole, or the output cannot be written.
    """
    folder = str(folder).rstrip("/")
    output = _output(folder) if output is None else pathlib.Path(output)
    if output.exists() and not output.is_dir():
        raise errors.InputError(f"{output} is a file; name a folder by --output")
    manifest = tfrecords.manifest(folder)
    _verify(folder, manifest)
    frames, greys = measure(folder, manifest)
    splits = summary.splits(manifest["counts"], frames, greys)
    say(tables.text(*summary.table(splits), terminal=sys.stdout.isatty()))
    say(summary.NOTE)
    odd = reported.read(folder, manifest)
    for text in reported.lines(odd):
        say(text)
    found = rules.apply(frames)
    for text in _told(found):
        say(text)
    account = {
        **_account(folder, manifest, splits),
        "reported": odd,
        **_findings(found),
    }
    with aside.file(output / "inspect.json") as path:
        path.write_text(json.dumps(account, indent=2) + "\n")
    with aside.file(output / "inspect.png") as path:
        sheet.write(path, folder, frames, found)
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} flag{plural} in {len(frames)} frames  {output}"


def measure(folder, manifest):
    """Measure every frame, one at a time.

    Args:
        folder: Folder of records.
        manifest: Its manifest.

    Returns:
        List of `facts.Frame`, and a dict of family and split to `(256,)` int64: how
        many pixels have each grey level.
    """
    frames = []
    greys = collections.defaultdict(lambda: np.zeros(summary.GREYS, np.int64))
    total = _frame_count(manifest)
    with progress.bar("inspect", total, unit="frames") as advance:
        for family, split in _parts(manifest):
            for record in tfrecords.frames(folder, family, split).as_numpy_iterator():
                frames.append(facts.frame(record, family=family, split=split))
                pixels = record["image"].ravel()
                greys[family, split] += np.bincount(pixels, minlength=summary.GREYS)
                advance()
    return frames, greys


def _output(folder):
    output = pathlib.Path(OUTPUT, pathlib.PurePath(folder).name or "records")
    if output.resolve().is_relative_to(pathlib.Path(folder).resolve()):
        raise errors.InputError(
            f"{output} would lie in the records themselves; name a folder by --output"
        )
    return output


def _verify(folder, manifest):
    with progress.bar("verify", len(manifest["shards"]), unit="shards") as advance:
        for shard in manifest["shards"]:
            tfrecords.verify(folder, shard)
            advance()


def _parts(manifest):
    """Families and splits that the shards hold, each once."""
    return dict.fromkeys(
        (shard["family"], shard["split"]) for shard in manifest["shards"]
    )


def _frame_count(manifest):
    return sum(
        count
        for counts in manifest["counts"].values()
        for name, count in counts.items()
        if name.endswith("_frames")
    )


def _told(found):
    """Lines about the flags, the first few of each rule."""
    for rule, theirs in flags.by_rule(found).items():
        yield f"\n{rule}: {len(theirs)}, as {rules.SENTENCES[rule]}"
        for flag in theirs[:SHOWN]:
            yield f"  {flags.text(flag)}"
        if len(theirs) > SHOWN:
            yield f"  and {len(theirs) - SHOWN} more in inspect.json"


def _account(folder, manifest, splits):
    return {
        "folder": folder,
        "dataset": manifest["dataset"],
        "source_fingerprint": manifest["source_fingerprint"],
        "splits": splits,
    }


def _findings(found):
    by_rule = flags.by_rule(found)
    return {
        "rules": {
            rule: {"finds": sentence, "flags": len(by_rule.get(rule, ()))}
            for rule, sentence in rules.SENTENCES.items()
        },
        "flags": [_plain(flag) for flag in found],
    }


def _plain(flag):
    return {
        "rule": flag.rule,
        "cases": [
            {
                "patient": frame.patient,
                "split": frame.split,
                "family": frame.family,
                "view": frame.view,
                "phase": frame.phase,
                "frame": frame.number,
            }
            for frame in flag.frames
        ],
        "numbers": flag.numbers,
    }
