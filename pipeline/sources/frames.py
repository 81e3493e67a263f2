"""Which frames of a video are kept without labels."""

from echo_keras import errors


def choice(text):
    """Check an `--unlabelled-frames` choice: `between`, `all` or a positive number.

    Returns:
        `"between"`, `"all"` or the number as int.

    Raises:
        InputError: It is none of these.
    """
    if text in ("between", "all"):
        return text
    if not str(text).isdecimal() or int(text) == 0:
        raise errors.InputError(
            f"unlabelled frames are between, all or a positive number, not {text!r}"
        )
    return int(text)


def kept(choice, total, *, phases):
    """Numbers of the frames to keep of one video.

    A number of frames is spread evenly: the middle frame of each of as many equal
    parts, so that neither the first nor the last frames are favoured.

    Args:
        choice: `between` the two phases, both excluded; `all`; or a number.
        total: Number of frames in the video.
        phases: 0-based numbers of the ED and ES frames, in any order; empty when
            unknown, so that nothing is between them.

    Returns:
        Ascending tuple of 0-based frame numbers, none twice.
    """
    if choice == "between":
        return tuple(range(min(phases) + 1, max(phases))) if phases else ()
    if choice == "all" or choice >= total:
        return tuple(range(total))
    return tuple((2 * part + 1) * total // (2 * choice) for part in range(choice))
