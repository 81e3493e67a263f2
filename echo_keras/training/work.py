"""The folder of an unfinished run, beside its output, that a killed run goes on in."""

import contextlib
import json
import pathlib
import shutil
import sys
import tempfile

from echo_keras import aside, errors, lock

IDENTITY_FILE = "run.json"
ARTEFACT = "artefact"
CHECKPOINTS = "checkpoints"
LOCK_FILE = "lock"
CODE = "code"
SUFFIX = ".partial"
_THEN = ", then "


@contextlib.contextmanager
def folder(output, identity, *, code):
    """Work in `OUTPUT.partial`; what is in its `artefact` becomes the output at last.

    The folder stays when the process is killed, so that the same run can go on there.
    Before it has a checkpoint, it goes when the run is refused or stopped, and after a
    kill any run may have it.

    Args:
        output: Final path; it must not exist, or be an empty folder.
        identity: Dict ready for JSON, of all that decides the result.
        code: Version of this library, which may change between a kill and the rest.

    Yields:
        `pathlib.Path` of the folder; see `codes`.

    Raises:
        InputError: The output is taken or cannot be made, or another process works on
            it, or another run, or something that is no run, stands in its work folder.
    """
    work, output = _beside(output), pathlib.Path(output)
    vacant(output)
    _make(work)
    with lock.held(work / LOCK_FILE, output):
        aside.vacant(output)  # whose writer may have ended since
        _claim(work, identity, code)
        try:
            yield work
        except (errors.InputError, KeyboardInterrupt):
            if not _is_worth_keeping(work):
                shutil.rmtree(work)
            raise
        try:
            (work / ARTEFACT).rename(output)  # in place of an empty folder too
        except OSError as reason:
            raise errors.InputError(
                f"cannot write {output}: {reason}; what is finished lies in "
                f"{work / ARTEFACT}"
            ) from reason
        shutil.rmtree(work, ignore_errors=True)


def vacant(output):
    """Make sure that an output is not taken; what a kill left beside a whole one goes.

    Args:
        output: Final path.

    Raises:
        InputError: It is taken.
    """
    work, output = _beside(output), pathlib.Path(output)
    if output.is_dir() and any(output.iterdir()) and _is_moved(work):
        shutil.rmtree(work, ignore_errors=True)
    aside.vacant(output)


def refuse_other(output, identity):
    """Refuse an output whose work folder another run has, or is at.

    Args:
        output: Final path.
        identity: As of `folder`, or a part of it.

    Raises:
        InputError: Another process works there, or a checkpoint of another run lies
            there.
    """
    work = _beside(output)
    if _is_of_a_run(work):
        with lock.held(work / LOCK_FILE, output):
            if _is_worth_keeping(work):
                _checked(work, identity)


@contextlib.contextmanager
def helper(output, identity, *, code):
    """Work for the process that writes the output, in a folder that goes at the end.

    Args:
        output: Final path of the other process, in whose folder its checkpoints are.
        identity: As of `folder`.
        code: As of `folder`.

    Yields:
        `pathlib.Path` of the folder.
    """
    with tempfile.TemporaryDirectory(prefix=f"{pathlib.Path(output).name}-") as name:
        work = pathlib.Path(name)
        (work / ARTEFACT).mkdir()
        _claim(work, identity, code)
        yield work


@contextlib.contextmanager
def written(artefact):
    """Tell why what is trained could not be written in the block.

    Args:
        artefact: Folder that is written to.

    Raises:
        InputError: It could not be written.
    """
    try:
        yield
    except OSError as reason:
        raise errors.InputError(
            f"cannot write {artefact}: {reason}; make room there and repeat the "
            "command, which only writes what the training gave"
        ) from reason


def codes(work):
    """Version of this library that a run began with, and any that it went on with.

    Args:
        work: As `folder` yields it.

    Returns:
        Such as `0.1.0`, or `0.1.0+1f2e3d4c, then 0.1.0+5a6b7c8d`.
    """
    return json.loads((work / IDENTITY_FILE).read_text())[CODE]


def checkpoints(output):
    """Folder of the checkpoints of the process that writes the output."""
    return _beside(output) / CHECKPOINTS


def _beside(output):
    output = aside.named(output)
    return output.with_name(output.name + SUFFIX)


def _make(work):
    if work.exists() and not _is_of_a_run(work):
        raise errors.InputError(
            f"{work} is in the way and was not left by this command; remove it"
        )
    try:
        (work / ARTEFACT).mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise errors.InputError(f"cannot write {work}: {reason}") from reason


def _is_moved(work):
    """Whether a kill came after the artefact had gone to the output."""
    return (work / IDENTITY_FILE).is_file() and not (work / ARTEFACT).is_dir()


def _is_of_a_run(work):
    if not work.is_dir():
        return False
    names = {path.name for path in work.iterdir()}
    begun = {name for name in names if name.startswith(f".{IDENTITY_FILE}-")}
    return IDENTITY_FILE in names or names <= {ARTEFACT, LOCK_FILE, *begun}


def _is_worth_keeping(work):
    return (work / CHECKPOINTS / "checkpoint").is_file()  # TensorFlow writes it last


def _clear(work):
    """Remove what a run left that has no checkpoint, but its folders and its lock."""
    shutil.rmtree(work / CHECKPOINTS, ignore_errors=True)
    for path in (work / ARTEFACT).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _claim(work, identity, code):
    """Write down whose folder it is, or make sure that it is this run's."""
    if (work / IDENTITY_FILE).is_file() and _is_worth_keeping(work):
        before = _checked(work, identity).get(CODE, code)
        if before.split(_THEN)[-1] == code:
            return
        sys.stderr.write(f"note: begun by echo-keras {before}, goes on by {code}\n")
        code = f"{before}{_THEN}{code}"
    else:
        _clear(work)
    try:
        with aside.file(work / IDENTITY_FILE) as path:
            path.write_text(json.dumps({**identity, CODE: code}, indent=2) + "\n")
    except OSError as reason:
        raise errors.InputError(f"cannot write {work}: {reason}") from reason


def _checked(work, identity):
    """What was written, if it is of the same run."""
    try:
        begun = dict(json.loads((work / IDENTITY_FILE).read_text()))
    except (TypeError, ValueError) as reason:
        raise errors.NothingToGoOnFromError(
            f"cannot read {work / IDENTITY_FILE}: {reason}; remove the folder to start "
            "anew"
        ) from reason
    for name, value in json.loads(json.dumps(identity)).items():
        if begun.get(name) != value:
            other = f"{name} {begun.get(name)}, not {value}"
            if any(isinstance(one, (dict, list)) for one in (begun.get(name), value)):
                other = f"other {name}"
            raise errors.NothingToGoOnFromError(
                f"{work} was begun with {other}; repeat the command that began it, or "
                "remove the folder to start anew"
            )
    return begun
