"""What stands where models are pushed to, and what was left with each version."""

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
    return f"{version} {origin(version)}" if version else "nothing"


def origin(version):
    """Place of the artefact that a version is a copy of, empty if it was not pushed."""
    return _read(version, ORIGIN).get("model", "")


def metadata(version):
    """Dict of the `model`, as of `origin`, and of the `metadata` that know it.

    Raises:
        InputError: No pipeline pushed the version.
    """
    found = _read(version, ORIGIN)
    if not found:
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
