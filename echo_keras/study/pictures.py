"""Pictures of frames and contours, as a reader would want to see them."""

import cv2
import numpy as np

TRUTH = (80, 200, 120)
PREDICTION = (255, 160, 40)
TILE = 320


def contours(image, masks, *, height=TILE):
    """Draw the outlines of masks over a frame, those of holes too.

    Args:
        image: `(H, W)` uint8 grey frame.
        masks: Pairs of a `(H, W)` bool mask and an RGB colour, drawn in order.
        height: Height of the picture in pixels; the aspect ratio is kept.

    Returns:
        `(height, width, 3)` uint8 RGB.
    """
    scale = height / image.shape[0]
    size = (round(image.shape[1] * scale), height)
    picture = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    for mask, colour in masks:
        inside = cv2.resize(mask.astype(np.float32), size) >= 0.5
        outlines, _ = cv2.findContours(
            inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, outlines, -1, colour, 2, cv2.LINE_AA)
    return picture


def png(picture):
    """Encode an RGB picture, `(H, W, 3)` uint8, as the bytes of a PNG."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def keep(masks, case):
    """Keep the mask that a model made of a case, as a PNG.

    Args:
        masks: Dict of a case's position, as text, to a PNG of its mask, to add to.
        case: `evaluate.Case`.
    """
    encoded = cv2.imencode(".png", case.prediction.astype(np.uint8))[1]
    masks[str(case.facts["position"])] = encoded
