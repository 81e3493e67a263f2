import struct

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from pipeline.sources import images, listings

SIZES = ["nan", "inf", "-inf", "-0.5"]


@pytest.fixture
def write(tmp_path):
    """Function that writes an image whose pixels have a width and height."""

    def image(ending, width, height):
        path = tmp_path / f"image.{ending}"
        levels = sitk.GetImageFromArray(np.ones((5, 7), np.uint8))
        if ending == "mhd":
            levels.SetSpacing((2.0, 3.0))
            sitk.WriteImage(levels, str(path))
            text = path.read_text()
            assert "ElementSpacing = 2 3" in text
            path.write_text(text.replace("2 3", f"{width} {height}"))
        else:
            sitk.WriteImage(levels, str(path))
            content = bytearray(path.read_bytes())
            struct.pack_into("<2f", content, 80, float(width), float(height))
            path.write_bytes(content)
        return path

    return image


@pytest.mark.parametrize("ending", ["mhd", "nii"])
@pytest.mark.parametrize("size", SIZES)
def test_a_pixel_of_no_real_size_is_a_defect(write, ending, size):
    for width, height in ((size, "0.5"), ("0.5", size)):
        for read in (images.grey, images.labels):
            with pytest.raises(listings.DefectError) as caught:
                read(write(ending, width, height))
            expected = f"a pixel of {height} x {width} mm"
            assert caught.value.args == ("bad number", expected)


@pytest.mark.parametrize("ending", ["mhd", "nii"])
def test_a_pixel_of_unknown_size_is_kept(write, ending):
    levels, spacing = images.grey(write(ending, "0", "0"))
    assert levels.shape == (1, 5, 7)
    assert spacing == (0, 0)
