"""Sizes of frames that an encoder can halve as often as it has to."""

from echo_keras import errors


def refuse(size, name, *, multiple):
    """Refuse a size that an encoder cannot halve.

    Args:
        size: Height and width of the input in pixels.
        name: Of the encoder.
        multiple: Of which the size has to be one.

    Raises:
        InputError: It is none.
    """
    if size % multiple:
        raise errors.InputError(
            f"size {size} does not suit the {name} encoder; use a multiple of "
            f"{multiple}, such as {multiple * max(round(size / multiple), 1)}"
        )
