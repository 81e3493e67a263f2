"""The folder of an unfinished run, beside its output, that a killed run goes on in."""

import contextlib
import json
import pathlib
import shutil
import tempfile

from echo_keras import aside, errors, lock

IDENTITY_FILE = "run.json"
ARTEFACT = "artefact"
CHECKPOINTS = "checkpoints"
LOCK_FILE = "lock"
SUFFIX = ".partial"


@contextlib.contextmanager
def folder(output, identity):
    """Work in `OUTPUT.partial`; what is in its `artefact` becomes the output at last.

    The folder stays when the process is killed, so that the same run can go on there.
    It goes when the run is refused before it has a checkpoint.

    Args:
        output: Final path; it must not exist, or be an empty folder.
        identity: Dict ready for JSON, of all that decides the result.

    Yields:
        `pathlib.Path` of the folder.

    Raises:
        InputError: The output is taken or cannot be made, or another process works on
            it, or another run, or something that is no run, stands in its work folder.
    """
    output = pathlib.Path(output)
    aside.vacant(output)
    work = output.with_name(output.name + SUFFIX)
    _make(work)
    with lock.held(work / LOCK_FILE, output):
        aside.vacant(output)  # whose writer may have ended since
        _claim(work, json.loads(json.dumps(identity)))
        try:
            yield work
        except errors.InputError:
            if not list((work / CHECKPOINTS).glob("*")):
                shutil.rmtree(work)
            raise
        if output.exists():
            output.rmdir()
        (work / ARTEFACT).rename(output)
        shutil.rmtree(work)


@contextlib.contextmanager
def helper(output):
    """Work for the process that writes the output, in a folder that goes at the end.

    Args:
        output: Final path of the other process, in whose folder its checkpoints are.

    Yields:
        `pathlib.Path` of the folder.
    """
    with tempfile.TemporaryDirectory(prefix=f"{pathlib.Path(output).name}-") as name:
        (pathlib.Path(name) / ARTEFACT).mkdir()
        yield pathlib.Path(name)


def checkpoints(output):
    """Folder of the checkpoints of the process that writes the output."""
    output = pathlib.Path(output)
    return output.with_name(output.name + SUFFIX) / CHECKPOINTS


def _make(work):
    if work.exists() and not _is_of_a_run(work):
        raise errors.InputError(
            f"{work} is in the way and was not left by this command; remove it"
        )
    try:
        (work / ARTEFACT).mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise errors.InputError(f"cannot write {work}: {reason}") from reason


def _is_of_a_run(work):
    if not work.is_dir():
        return False
    names = {path.name for path in work.iterdir()}
    return IDENTITY_FILE in names or names <= {ARTEFACT, LOCK_FILE}


def _claim(work, identity):
    if (work / IDENTITY_FILE).is_file():
        _check(work, identity)
        return
    try:
        with aside.file(work / IDENTITY_FILE) as path:
            path.write_text(json.dumps(identity, indent=2) + "\n")
    except OSError as reason:
        raise errors.InputError(f"cannot write {work}: {reason}") from reason


def _check(work, identity):
    try:
        begun = dict(json.loads((work / IDENTITY_FILE).read_text()))
    except (TypeError, ValueError) as reason:
        raise errors.InputError(
            f"cannot read {work / IDENTITY_FILE}: {reason}; remove the folder to start "
            "anew"
        ) from reason
    for name, value in identity.items():
        if begun.get(name) != value:
            other = f"{name} {begun.get(name)}, not {value}"
            if any(isinstance(one, (dict, list)) for one in (begun.get(name), value)):
                other = f"other {name}"
            raise errors.InputError(
                f"{work} was begun with {other}; repeat the command that began it, or "
                "remove the folder to start anew"
            )
