import gzip
import os
import pathlib
import struct

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from pipeline.sources import listings, nifti

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"]


def write(path, values, spacing=(0.2, 0.3)):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((*spacing, 1.0)[: values.ndim])
    sitk.WriteImage(image, str(path))
    return path


def changed(path, place, form, *values):
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, place, *values)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7)])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_pixels_are_those_that_simpleitk_sees(tmp_path, shape, kind, ending):
    values = np.random.default_rng(0).integers(0, 127, shape).astype(kind)
    path = write(tmp_path / f"image.{ending}", values)
    pixels, spacing = nifti.read(path)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(pixels, values)
    assert spacing == pytest.approx((0.3, 0.2))


def test_the_other_byte_order_is_read(tmp_path):
    values = np.arange(35, dtype="i2").reshape(5, 7)
    header = bytearray(352)
    struct.pack_into(">i", header, 0, 348)
    struct.pack_into(">8h", header, 40, 2, 7, 5, 1, 1, 1, 1, 1)
    struct.pack_into(">2h", header, 70, 4, 16)
    struct.pack_into(">4f", header, 76, 1.0, 0.2, 0.3, 1.0)
    struct.pack_into(">3f", header, 108, 352.0, 1.0, 0.0)
    header[123] = 2
    header[344:348] = b"n+1\0"
    path = tmp_path / "image.nii"
    path.write_bytes(bytes(header) + values.astype(">i2").tobytes())
    pixels, spacing = nifti.read(path)
    np.testing.assert_array_equal(pixels, values)
    assert spacing == pytest.approx((0.3, 0.2))
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(pixels, expected)


def test_slope_and_intercept_are_applied(tmp_path):
    path = write(tmp_path / "image.nii", np.arange(35, dtype="i2").reshape(5, 7))
    pixels, _ = nifti.read(changed(path, 112, "<2f", 2.0, -3.0))
    np.testing.assert_array_equal(pixels.ravel(), 2.0 * np.arange(35) - 3.0)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(("unit", "scale"), [(1, 1000.0), (2, 1.0), (3, 0.001)])
def test_spacing_is_in_millimetres_whatever_the_unit(tmp_path, unit, scale):
    path = write(tmp_path / "image.nii", np.zeros((5, 7), "u1"))
    _, spacing = nifti.read(changed(path, 123, "B", unit))
    assert spacing == pytest.approx((0.3 * scale, 0.2 * scale))


@pytest.mark.parametrize("left", [0, 100, 352, 352 + 34])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_short_is_a_defect(tmp_path, left, packed):
    path = write(tmp_path / "image.nii", np.zeros((5, 7), "u1"))
    content = path.read_bytes()[:left]
    path = tmp_path / ("image.nii.gz" if packed else "image.nii")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(listings.DefectError, match=r"no image|it was cut short"):
        nifti.read(path)


@pytest.mark.parametrize("spoil", [slice(-12, None), slice(40, 44), slice(2)])
def test_damaged_compression_is_a_defect(tmp_path, spoil):
    values = np.random.default_rng(0).integers(0, 255, (50, 70)).astype("u1")
    path = write(tmp_path / "image.nii.gz", values)
    content = bytearray(path.read_bytes())
    content[spoil] = bytes(len(content[spoil]))
    path.write_bytes(content)
    with pytest.raises(listings.DefectError, match="damaged compression"):
        nifti.read(path)


@pytest.mark.parametrize(
    ("place", "form", "values"),
    [
        (344, "4s", (b"ni1\0",)),
        (40, "<h", (0,)),
        (40, "<h", (9,)),
        (42, "<h", (-7,)),
        (42, "<h", (0,)),
        (70, "<h", (128,)),
        (108, "<f", (0.0,)),
        (108, "<f", (float("nan"),)),
        (108, "<f", (float("inf"),)),
    ],
)
def test_what_is_no_image_of_numbers_is_a_defect(tmp_path, place, form, values):
    path = write(tmp_path / "image.nii", np.zeros((5, 7), "u1"))
    with pytest.raises(listings.DefectError, match="unreadable"):
        nifti.read(changed(path, place, form, *values))


def test_sizes_beyond_any_file_are_cut_short(tmp_path):
    path = write(tmp_path / "image.nii", np.zeros((5, 7), "u1"))
    path = changed(path, 40, "<8h", 5, *[2**14] * 5, 1, 1)
    with pytest.raises(listings.DefectError, match=f"of {352 + 2**70}; it was cut"):
        nifti.read(path)


@pytest.mark.skipif(
    "ECHO_KERAS_CAMUS" not in os.environ, reason="ECHO_KERAS_CAMUS names no CAMUS"
)
def test_real_images_are_those_that_simpleitk_sees():
    folder = pathlib.Path(os.environ["ECHO_KERAS_CAMUS"])
    paths = sorted(folder.glob("database_nifti/*/*.nii.gz"))[::97]
    assert paths
    for path in paths:
        pixels, spacing = nifti.read(path)
        image = sitk.ReadImage(str(path))
        np.testing.assert_array_equal(pixels, sitk.GetArrayFromImage(image))
        assert spacing == pytest.approx(image.GetSpacing()[::-1])
