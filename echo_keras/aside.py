"""Writing aside: a folder or file gets its final name only when it is whole."""

import contextlib
import pathlib
import shutil
import tempfile

from echo_keras import errors


@contextlib.contextmanager
def folder(output):
    """Write a folder under a temporary name beside it and rename it when done.

    Args:
        output: Final path; it must not exist, or be an empty folder.

    Yields:
        `pathlib.Path` of the temporary folder, removed if the block fails.

    Raises:
        InputError: The output is a file or a folder with something in it, or cannot
            be made.
    """
    output = pathlib.Path(output)
    vacant(output)
    with _inside(output) as temporary:
        yield temporary
        temporary.chmod(0o755)
        try:
            temporary.rename(output)  # in place of an empty folder too
        except OSError as reason:
            if output.is_dir() and any(output.iterdir()):
                raise errors.InputError(
                    f"output {output} was written by another command meanwhile, so "
                    "that the work of this one is lost; name another output for each"
                ) from reason
            raise errors.InputError(f"cannot write {output}: {reason}") from reason


@contextlib.contextmanager
def file(output):
    """Write a file under a temporary name beside it and rename it when done.

    Args:
        output: Final path; a file that is there already is replaced at once.

    Yields:
        `pathlib.Path` to write to, removed if the block fails.

    Raises:
        InputError: The output is a folder, or its folder cannot be made.
    """
    output = pathlib.Path(output)
    if output.is_dir():
        raise errors.InputError(f"output {output} is a folder; name a file in it")
    with _inside(output) as temporary:
        path = temporary / output.name
        yield path
        path.replace(output)


def vacant(output, *, begun=()):
    """Make sure that nothing stands at a path, or an empty folder.

    Args:
        output: Path to look at.
        begun: Names of files whose half-written copies, left by a kill, are nothing.

    Raises:
        InputError: Something stands there.
    """
    output = named(output)
    left = tuple(_prefix(name) for name in begun)
    if output.is_dir() and all(p.name.startswith(left) for p in output.iterdir()):
        return
    if output.exists():
        raise errors.InputError(
            f"output {output} exists and is not empty; name another or remove it"
        )


def named(output):
    """Make sure that a path ends in a name.

    Args:
        output: Path to look at.

    Returns:
        It as a `pathlib.Path`.

    Raises:
        InputError: It does not, as `.`, `/` or `..`.
    """
    output = pathlib.Path(output)
    if output.name in ("", ".."):
        raise errors.InputError(
            f"output {output} is a place rather than a name; name a new folder in it"
        )
    return output


@contextlib.contextmanager
def _inside(output):
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=_prefix(output.name), dir=output.parent)
    except OSError as reason:
        raise errors.InputError(f"cannot write {output}: {reason}") from reason
    try:
        yield pathlib.Path(temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _prefix(name):
    return f".{name}-"
