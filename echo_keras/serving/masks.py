"""Masks in the answers of a served model."""

import cv2
import numpy as np

from echo_keras import errors


def decoded(answer, size):
    """Read the mask of an answer.

    Args:
        answer: Dict with the PNG `mask_png_bytes`, 0 outside the ventricle and 255
            inside.
        size: Height and width in pixels of the frame that was segmented.

    Returns:
        `(height, width)` bool.

    Raises:
        InputError: There is no image, or one of another size.
    """
    encoded = np.frombuffer(answer["mask_png_bytes"], np.uint8)
    mask = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE) if encoded.size else None
    if mask is None or mask.shape != size:
        given = "no image" if mask is None else f"{mask.shape} pixels"
        raise errors.InputError(
            f"the model gives a mask of {given} for a frame of {size}; serve what "
            "echo-keras export wrote"
        )
    return mask > 127
