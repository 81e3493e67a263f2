"""A lock on an output: of two processes that would write it, the second is refused."""

import contextlib
import fcntl
import pathlib

from echo_keras import errors


@contextlib.contextmanager
def held(path, output):
    """Hold a lock while the block lasts; the system frees it if the process dies.

    Args:
        path: File of the lock, in a folder that exists; it stays, for whoever is next.
        output: What is being written, to name to a second process.

    Raises:
        InputError: Another process holds the lock.
    """
    with pathlib.Path(path).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as reason:
            raise errors.InputError(
                f"another job is writing {output}; wait for it or name another output"
            ) from reason
        yield
