"""Files of a job, local or remote, through Beam's FileSystems."""

import collections
import contextlib
import errno
import hashlib
import io
import shutil
import tempfile
import uuid
from pathlib import Path

from apache_beam.io import filesystem, filesystems
from apache_beam.options import pipeline_options

from echo_keras import errors

_DISK_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
}

_STORE = (
    "is the address right, and Beam's extra for this store installed, such as "
    "apache-beam[aws]?"
)


def is_remote(path):
    """Whether the path is a URL, such as `gs://bucket/folder`."""
    return filesystems.FileSystems.get_scheme(str(path)) is not None


def use_options(beam_args):
    """Open files with Beam's options, such as the address of a store or who asks.

    Args:
        beam_args: Options as on the command line.

    Raises:
        InputError: They begin with a word that is no option, or one has a value that
            it cannot have.
    """
    if beam_args and not beam_args[0].startswith("-"):
        raise errors.InputError(
            f"{beam_args[0]!r} is no option; what follows -- are options for Beam"
        )
    options = pipeline_options.PipelineOptions(list(beam_args))
    usage = io.StringIO()
    try:
        with contextlib.redirect_stderr(usage):
            options.get_all_options()
    except SystemExit as stop:  # by argparse, which Beam leaves its options to
        reason = usage.getvalue().rpartition("error: ")[2]
        raise errors.InputError(f"Beam refuses its options: {reason}") from stop
    filesystems.FileSystems.set_options(options)


def below(folder):
    """Sizes of all files below a folder, entering each folder once, links last.

    Args:
        folder: Local folder or URL.

    Returns:
        Dict of path relative to the folder, with `/`, to bytes, sorted by path; -1
        for a link that leads nowhere. A folder without entries stands there too,
        with `/` at its end.

    Raises:
        InputError: The folder is missing, empty or may not be read.
    """
    if is_remote(folder):
        prefix = f"{folder}".rstrip("/") + "/"
        try:
            [match] = filesystems.FileSystems.match([prefix + "**"])
        except (OSError, ValueError) as error:
            raise errors.InputError(
                f"cannot list {folder} ({error}); {_STORE}"
            ) from error
        found = {
            file.path[len(prefix) :]: file.size_in_bytes
            for file in match.metadata_list
            if not file.path.endswith("/")  # what some stores keep in place of a folder
        }
    else:
        with _walked(folder):
            found = dict(_local_below(Path(folder)))
    if not found:
        raise errors.InputError(f"no file below {folder}; is the path right?")
    return dict(sorted(found.items()))


def _local_below(folder):
    """Real folders first: a file is named by where it lies, not by a link to there."""
    entered, waiting = set(), collections.deque([(folder, "")])
    while waiting:
        folder, prefix = waiting.popleft()
        if folder.resolve() in entered:
            continue
        entered.add(folder.resolve())
        entries = _entries(folder)
        if prefix and not entries:
            yield prefix, 0
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir():
                yield name, entry.stat().st_size if entry.exists() else -1
            elif entry.is_symlink():
                waiting.append((entry, f"{name}/"))
            else:
                waiting.appendleft((entry, f"{name}/"))


def _entries(folder):
    if not folder.is_dir():
        raise errors.InputError(f"no folder {folder}; is the path right?")
    return sorted(folder.iterdir())


@contextlib.contextmanager
def _walked(folder):
    """Tell what hinders the walk; a link to itself is a RuntimeError before 3.13."""
    try:
        yield
    except PermissionError as error:
        raise errors.InputError(
            f"no permission to read {error.filename}; change its mode or its owner"
        ) from error
    except (OSError, RuntimeError) as error:
        raise errors.InputError(f"cannot read {folder}: {error}") from error


@contextlib.contextmanager
def local(folder, names):
    """Offer some files of a folder to libraries that open nothing but local paths.

    Args:
        folder: Local folder or URL.
        names: Paths of the files, relative to the folder.

    Yields:
        Local folder that holds the files: the folder itself, or a copy for the time.
    """
    if not is_remote(folder):
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as copy:
        for name in names:
            path = Path(copy, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened(f"{folder}/{name}") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
        yield Path(copy)


def opened(path):
    """Open a file for reading bytes, as they are stored.

    Raises:
        InputError: It may not be read, or leads nowhere.
    """
    try:
        return filesystems.FileSystems.open(
            str(path), compression_type=filesystem.CompressionTypes.UNCOMPRESSED
        )
    except OSError as error:
        raise errors.InputError(
            f"cannot read {path} ({error.strerror or error}); is it there, and its "
            "mode right?"
        ) from error


def content(path):
    """All bytes of a file."""
    with opened(path) as file:
        return file.read()


def digest(path):
    """SHA-256 of a file, 32 bytes."""
    found = hashlib.sha256()
    with opened(path) as file:
        while chunk := file.read(2**20):
            found.update(chunk)
    return found.digest()


def stamp(paths):
    """Digest of size and time of change of local files; URLs are passed over."""
    found = hashlib.sha256()
    for path in paths:
        if not is_remote(path) and Path(path).exists():
            state = Path(path).stat()
            found.update(
                f"{path} {state.st_size} {state.st_mtime_ns}\n".encode(
                    "utf-8", "surrogateescape"
                )
            )
    return found.hexdigest()


def exists(path):
    """Whether there is a file or folder at the path.

    Raises:
        InputError: It is a URL of a store that is not known or does not answer.
    """
    try:
        return filesystems.FileSystems.exists(str(path))
    except (OSError, ValueError) as error:
        raise errors.InputError(f"cannot reach {path} ({error}); {_STORE}") from error


def is_taken(folder):
    """Whether a local path is a file or a folder with something in it."""
    path = Path(folder)
    return path.is_file() or (path.is_dir() and any(path.iterdir()))


@contextlib.contextmanager
def written_aside(path, aside):
    """Write a file in another folder and move it to its place when it is whole.

    Args:
        path: Final path, local or URL.
        aside: Folder for the unfinished file, on the same file system.

    Yields:
        File open for writing bytes.

    Raises:
        InputError: The disk is full, or may not be written to.
    """
    unfinished = f"{aside}/{uuid.uuid4().hex}"
    with told(path):
        with filesystems.FileSystems.create(
            unfinished, compression_type=filesystem.CompressionTypes.UNCOMPRESSED
        ) as file:
            yield file
        _make_folder_of(str(path))
        filesystems.FileSystems.rename([unfinished], [str(path)])


@contextlib.contextmanager
def told(path):
    """Tell in a sentence why the disk, or who rules it, lets a path not be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise errors.InputError(
            f"cannot write {path} ({error.strerror}); make room there, or name another "
            "output"
        ) from error


def _make_folder_of(path):
    """Stores without folders pass over this; HDFS renames into none that is missing."""
    if not is_remote(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return
    folder = path.rpartition("/")[0]
    if not filesystems.FileSystems.exists(folder):
        filesystems.FileSystems.mkdirs(folder)


def remove_file(path):
    """Remove one file."""
    filesystems.FileSystems.delete([str(path)])


def remove(folder):
    """Remove a folder and all that is in it, if it is there."""
    if not is_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
        return
    [match] = filesystems.FileSystems.match([f"{folder}/**"])
    filesystems.FileSystems.delete([file.path for file in match.metadata_list])
