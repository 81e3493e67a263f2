import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.serving import masks


def encoded(pixels):
    return {"mask_png_bytes": cv2.imencode(".png", pixels)[1].tobytes()}


def test_what_is_bright_is_inside():
    pixels = np.array([[0, 127], [128, 255], [255, 0]], np.uint8)
    found = masks.decoded(encoded(pixels), (3, 2))
    assert found.dtype == bool
    np.testing.assert_array_equal(found, [[False, False], [True, True], [True, False]])


@pytest.mark.parametrize("content", [b"", b"no PNG"])
def test_an_answer_without_an_image_is_refused(content):
    with pytest.raises(errors.InputError, match=r"no image for a frame of \(3, 2\);"):
        masks.decoded({"mask_png_bytes": content}, (3, 2))


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(errors.InputError, match=r"mask of \(2, 3\) pixels for a frame"):
        masks.decoded(encoded(np.zeros((2, 3), np.uint8)), (3, 2))
