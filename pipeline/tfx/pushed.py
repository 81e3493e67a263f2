"""What stands where models are pushed to, and what was left with each version."""

import hashlib
import json
import pathlib

from echo_keras import errors
from echo_keras.serving import session

EXTRA = "assets.extra"
ORIGIN, SCORES = "pushed.json", "scores.json"


def newest(destination):
    """Folder of the newest version, None where there is none."""
    number = max(session.version_numbers(destination), default=None)
    return None if number is None else pathlib.Path(destination, str(number))


def state(destination):
    """What stands newest at a place, as words that change with it."""
    version = newest(destination)
    return f"{version} {_read(version, ORIGIN).get('digest')}" if version else "nothing"


def digest(folder):
    """SHA-256 over the names and bytes of all files of a folder of this machine.

    The place of an artefact does not tell it from others: a pipeline whose folder was
    made anew counts its places from the beginning.
    """
    content = hashlib.sha256()
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            content.update(path.relative_to(folder).as_posix().encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def is_copy(version, folder):
    """Whether a version was pushed from a model with the bytes of this folder."""
    return _read(version, ORIGIN).get("digest") == digest(folder)


def metadata(version):
    """Dict of the `model`, its `digest`, and the `metadata` that know it.

    Raises:
        InputError: No pipeline pushed the version.
    """
    found = _read(version, ORIGIN)
    if "digest" not in found:
        raise errors.InputError(
            f"{version} has no {EXTRA}/{ORIGIN}, so no pipeline pushed it; give a "
            "version such as saved_models/lv/1 that echo-keras run pushed"
        )
    return found


def scores(version):
    """Scores that a version was blessed with; `records` is None if it was not."""
    return _read(version, SCORES) or {"records": None}


def _read(version, name):
    path = pathlib.Path(version, EXTRA, name)
    return json.loads(path.read_text()) if path.is_file() else {}
