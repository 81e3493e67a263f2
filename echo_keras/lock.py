"""A lock on an output: of two processes that would write it, the second is refused."""

import contextlib
import fcntl
import pathlib
import time

from echo_keras import errors

_SECONDS_BETWEEN_LOOKS = 0.1


@contextlib.contextmanager
def held(path, output, *, patience=0.0):
    """Hold a lock while the block lasts; the system frees it if the process dies.

    Args:
        path: File of the lock, in a folder that exists; it stays, for whoever is next.
        output: What is being written, to name to a second process.
        patience: Seconds to wait for another process.

    Raises:
        InputError: Another process holds the lock.
    """
    with pathlib.Path(path).open("w") as file:
        if not taken(file, patience=patience):
            raise errors.InputError(
                f"another job is writing {output}; wait for it or name another output"
            )
        yield


def taken(file, *, patience=0.0):
    """Take the lock of an open file, which lasts as long as it or a copy is open.

    Args:
        file: Open file.
        patience: Seconds to wait for another process.

    Returns:
        Whether it is ours.
    """
    begin = time.monotonic()
    while not _taken(file):
        if time.monotonic() - begin > patience:
            return False
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return True


def _taken(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
