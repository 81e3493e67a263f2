import gzip
import zlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from pipeline.sources import images, listings, metaimage

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"]
VALUES = np.arange(35, dtype="<i2").reshape(5, 7)
DATA = VALUES.tobytes()
HEADER = {
    "ObjectType": "Image",
    "NDims": "2",
    "BinaryData": "True",
    "DimSize": "7 5",
    "ElementSpacing": "0.2 0.3",
    "ElementType": "MET_SHORT",
}


def write(path, *, data=DATA, end="\n", **changes):
    """A header with its data; what is changed to None is left out."""
    name = changes.pop("ElementDataFile", "image.raw")
    fields = {**HEADER, **changes, "ElementDataFile": name}
    lines = [f"{key} = {value}{end}" for key, value in fields.items() if value]
    path.write_bytes("".join(lines).encode())
    where = path if name == "LOCAL" else path.parent / (name or "nowhere")
    with where.open("ab" if name == "LOCAL" else "wb") as file:
        file.write(data)
    return path


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (3, 5, 7)])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("ending", ["mhd", "mha"])
def test_pixels_are_those_that_simpleitk_sees(
    tmp_path, shape, kind, compressed, ending
):
    values = np.random.default_rng(0).integers(0, 127, shape).astype(kind)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.2, 0.3, 1.5)[: values.ndim])
    path = tmp_path / f"an image.{ending}"
    sitk.WriteImage(image, str(path), useCompression=compressed)
    pixels, spacing = metaimage.read(path)
    assert pixels.dtype == values.dtype
    np.testing.assert_array_equal(pixels, values)
    assert spacing == (0.3, 0.2)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("key", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
def test_the_other_byte_order_is_read(tmp_path, key):
    data = VALUES.astype(">i2").tobytes()
    path = write(tmp_path / "image.mhd", data=data, **{key: "True"})
    pixels, _ = metaimage.read(path)
    np.testing.assert_array_equal(pixels, VALUES)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
@pytest.mark.parametrize("name", ["LOCAL", "image.zraw", "an image of a heart", "ö"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_packed_data_lie_in_any_file(tmp_path, pack, name, end):
    changes = {"ElementDataFile": name, "CompressedData": "True"}
    path = write(tmp_path / "image.mhd", data=pack(DATA), end=end, **changes)
    np.testing.assert_array_equal(metaimage.read(path)[0], VALUES)


def test_the_last_line_of_a_header_needs_no_end(tmp_path):
    path = write(tmp_path / "image.mhd")
    path.write_bytes(path.read_bytes().rstrip())
    np.testing.assert_array_equal(metaimage.read(path)[0], VALUES)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"ElementSize": "1 1"}, (0.3, 0.2)),
        ({"ElementSpacing": None, "ElementSize": "0.4 0.5"}, (0.5, 0.4)),
        ({"ElementSpacing": None}, (0.0, 0.0)),
    ],
)
def test_a_size_stands_in_for_the_spacing(tmp_path, told, expected):
    assert metaimage.read(write(tmp_path / "image.mhd", **told))[1] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"NDims": "-1"},
        {"NDims": "0", "DimSize": None},
        {"NDims": "99"},
        {"NDims": "99", "DimSize": "1 " * 99},
        {"NDims": "two"},
        {"NDims": None},
        {"DimSize": "0 0"},
        {"DimSize": "-7 -5"},
        {"DimSize": "7"},
        {"DimSize": "7 5 1"},
        {"DimSize": "7 five"},
        {"DimSize": None},
        {"ElementType": "MET_OTHER"},
        {"ElementType": None},
        {"ElementSpacing": "0.2"},
        {"ElementSpacing": "wide high"},
        {"ElementDataFile": ""},
        {"ElementDataFile": "LOCAL", "DimSize": "7 0"},
    ],
)
def test_what_is_no_image_of_numbers_is_a_defect(tmp_path, changes):
    path = write(tmp_path / "image.mhd", **changes)
    with pytest.raises(listings.DefectError) as caught:
        metaimage.read(path)
    assert caught.value.args == ("unreadable", "damaged, or no image")


@pytest.mark.parametrize("content", [b"", b"no image", bytes(range(256)) * 9])
def test_a_file_without_a_header_is_a_defect(tmp_path, content):
    (tmp_path / "image.mhd").write_bytes(content)
    with pytest.raises(listings.DefectError, match="no image"):
        metaimage.read(tmp_path / "image.mhd")


@pytest.mark.parametrize(
    ("key", "value"),
    [("BinaryData", "False"), ("HeaderSize", "-1"), ("ElementNumberOfChannels", "3")],
)
def test_other_layouts_of_the_data_are_told(tmp_path, key, value):
    path = write(tmp_path / "image.mhd", **{key: value})
    with pytest.raises(listings.DefectError, match=f"{key} is '{value}', not "):
        metaimage.read(path)


@pytest.mark.parametrize("name", ["LOCAL", "image.raw"])
@pytest.mark.parametrize("pack", [None, zlib.compress])
@pytest.mark.parametrize("left", [0, 1, 69])
def test_data_cut_short_are_a_defect(tmp_path, name, pack, left):
    data = DATA[:left]
    changes = {"ElementDataFile": name, "CompressedData": str(bool(pack))}
    path = write(tmp_path / "image.mhd", data=pack(data) if pack else data, **changes)
    with pytest.raises(listings.DefectError, match=f"{left} bytes of 70; it was cut"):
        metaimage.read(path)


def test_sizes_beyond_any_file_are_cut_short(tmp_path):
    path = write(tmp_path / "image.mhd", DimSize=f"{2**32} {2**32}")
    with pytest.raises(listings.DefectError, match=f"of {2**65}; it was cut short"):
        metaimage.read(path)


@pytest.mark.parametrize("name", ["LOCAL", "image.zraw"])
@pytest.mark.parametrize("spoil", [slice(-4, None), slice(2), slice(10, 20)])
def test_damaged_compression_is_a_defect(tmp_path, name, spoil):
    packed = bytearray(zlib.compress(DATA))
    packed[spoil] = bytes(len(packed[spoil]))
    for data in (bytes(packed), packed[:-9], b""):
        changes = {"ElementDataFile": name, "CompressedData": "True"}
        path = write(tmp_path / "image.mhd", data=data, **changes)
        with pytest.raises(listings.DefectError, match="damaged compression"):
            metaimage.read(path)


def test_missing_data_are_told_by_their_name(tmp_path):
    path = write(tmp_path / "image.mhd", ElementDataFile="the data.raw")
    (tmp_path / "the data.raw").unlink()
    with pytest.raises(listings.DefectError) as caught:
        images.grey(path)
    assert caught.value.args == ("missing", "no file the data.raw")


def test_more_than_three_dimensions_are_not_an_image(tmp_path):
    changes = {"NDims": "4", "DimSize": "7 5 1 1", "ElementSpacing": "1 1 1 1"}
    with pytest.raises(listings.DefectError, match="not an image"):
        images.grey(write(tmp_path / "image.mhd", **changes))
