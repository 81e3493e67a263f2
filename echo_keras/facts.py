"""Facts that an artefact keeps of itself, as JSON."""

import json
import pathlib

from echo_keras import errors


def read(path, *, mend):
    """Read what was written of an artefact.

    Args:
        path: JSON file.
        mend: What to do if it cannot be used, as the end of the sentence.

    Returns:
        Dict of JSON types.

    Raises:
        InputError: The file cannot be read or holds something else.
    """
    try:
        found = json.loads(pathlib.Path(path).read_text())
    except FileNotFoundError as reason:
        raise errors.InputError(
            f"cannot read {path}: No such file (is the path right?); {mend}"
        ) from reason
    except json.JSONDecodeError as reason:
        raise errors.InputError(
            f"cannot read {path}: it is no JSON ({reason}); {mend}"
        ) from reason
    except (OSError, ValueError) as reason:
        raise errors.InputError(f"cannot read {path}: {reason}; {mend}") from reason
    if not isinstance(found, dict):
        raise errors.InputError(f"{path} holds no facts; {mend}")
    return found
