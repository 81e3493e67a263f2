"""Folders of artefacts: made where a killed run goes on, then moved to their place."""

import contextlib
import hashlib
import json
import pathlib
import shutil
import tempfile

from tfx.dsl.io import fileio

from pipeline import files


@contextlib.contextmanager
def work(root, name, *facts):
    """A path for the work of a component, the same for the same facts.

    TFX gives every execution a new folder, so that what a killed one left in it would
    never be found again.

    Args:
        root: Folder of the pipeline; if it is a URL, the work is done in a temporary
            folder of this machine, and is lost with it.
        name: Name of the component.
        *facts: All that decides the result, ready for JSON.

    Yields:
        `pathlib.Path` that may hold what an earlier execution left.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    if not files.is_remote(root):
        path = pathlib.Path(root, "work", f"{name}-{digest[:16]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder, name)


def deliver(folder, uri):
    """Move a finished folder of this machine to the place of an artefact.

    Args:
        folder: Folder to move.
        uri: Where it belongs, local or a URL; an empty folder may stand there.
    """
    if files.is_remote(uri):
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file():
                target = f"{uri}/{path.relative_to(folder).as_posix()}"
                fileio.makedirs(target.rpartition("/")[0])
                fileio.copy(str(path), target, overwrite=True)
        shutil.rmtree(folder)
        return
    target = pathlib.Path(uri)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rmdir()
    shutil.move(folder, target)


@contextlib.contextmanager
def local(uri):
    """Offer the folder of an artefact to code that opens local paths.

    Args:
        uri: Folder, local or a URL.

    Yields:
        `pathlib.Path` of the folder, or of a copy for the time.
    """
    names = files.below(uri) if files.is_remote(uri) else ()
    with files.local(uri, names) as folder:
        yield pathlib.Path(folder)


def write_json(value, uri):
    """Write a value as JSON to a path or URL."""
    fileio.makedirs(uri.rpartition("/")[0])
    with fileio.open(uri, "w") as file:
        file.write(json.dumps(value, indent=2) + "\n")


def read_json(uri):
    """Value of a JSON file, local or a URL."""
    with fileio.open(uri) as file:
        return json.loads(file.read())
