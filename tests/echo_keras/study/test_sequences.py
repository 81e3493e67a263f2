import cv2
import numpy as np
import PIL.Image
import pytest
import SimpleITK as sitk  # noqa: N813

from echo_keras import errors
from echo_keras.study import sequences


def speckle(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("kind", [".png", ".bmp", ".PNG"])
def test_an_image_is_one_frame_and_is_sent_as_it_is(tmp_path, kind):
    pixels = speckle((20, 30))
    path = tmp_path / f"a.b{kind}"
    path.write_bytes(cv2.imencode(kind, pixels)[1].tobytes())
    sequence = sequences.read(path)
    assert sequence.name == "a.b"
    np.testing.assert_array_equal(sequence.frames, pixels[None])
    assert sequences.encoded(sequence, 0) == path.read_bytes()


def test_a_video_is_its_frames_and_their_rate(tmp_path):
    path = tmp_path / "heart.avi"
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), codec, 25.0, (48, 32))
    for level in (50, 100, 200):
        video.write(np.full((32, 48, 3), level, np.uint8))
    video.release()
    sequence = sequences.read(path)
    assert (sequence.name, sequence.rate) == ("heart", 25.0)
    levels = sequence.frames.mean(axis=(1, 2))
    np.testing.assert_allclose(levels, [50, 100, 200], atol=3)
    content = np.frombuffer(sequences.encoded(sequence, 2), np.uint8)
    sent = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(sent, sequence.frames[2])


def test_a_gif_is_a_video_without_losses(tmp_path):
    pixels = speckle((3, 20, 30))
    first, *rest = map(PIL.Image.fromarray, pixels)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=40)
    sequence = sequences.read(tmp_path / "a.gif")
    np.testing.assert_array_equal(sequence.frames, pixels)
    assert sequence.rate == 25


@pytest.mark.parametrize("kind", [".nii", ".nii.gz", ".mhd"])
def test_a_medical_image_knows_the_size_of_a_pixel(tmp_path, kind):
    image = sitk.GetImageFromArray(speckle((4, 20, 30)))
    image.SetSpacing((0.2, 0.3, 1.0))
    sitk.WriteImage(image, str(tmp_path / f"p{kind}"))
    sequence = sequences.read(tmp_path / f"p{kind}")
    assert sequence.frames.shape == (4, 20, 30)
    assert sequence.spacing == pytest.approx((0.3, 0.2))
    assert (sequence.name, sequence.rate) == ("p", 0)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", b"", r"cannot read .*a\.png: damaged, or no image"),
        ("a.jpg", b"no image", "damaged, or no image"),
        ("a.avi", b"no video", "not a video"),
        ("a.nii.gz", b"no gzip", "damaged compression"),
        ("a.nii", b"no image", "unreadable"),
        ("a.mhd", b"no header", "unreadable"),
        ("a.dcm", b"", r"a\.dcm is of no kind .* \.avi"),
        (".png", b"", "of no kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(
    tmp_path, name, content, sentence
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(errors.InputError, match=sentence):
        sequences.read(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(errors.InputError, match=r"no file .*a\.png"):
        sequences.read(tmp_path / "a.png")


@pytest.mark.parametrize("kind", [".nii.gz", ".png"])
def test_a_mask_in_place_of_its_image_is_refused(tmp_path, kind):
    mask = np.zeros((3, 20, 30) if kind == ".nii.gz" else (20, 30), np.uint8)
    mask[..., 5:9, 5:9] = 1
    mask[..., 10:12, 5:9] = 3
    path = tmp_path / f"p_gt{kind}"
    if kind == ".png":
        path.write_bytes(cv2.imencode(kind, mask)[1].tobytes())
    else:
        sitk.WriteImage(sitk.GetImageFromArray(mask), str(path))
    with pytest.raises(errors.InputError, match=r"p_gt\..* the greys 0, 1, 3 alone"):
        sequences.read(path)


def test_a_mask_of_the_ventricle_alone_is_refused_too(tmp_path):
    path = tmp_path / "a.mask.png"
    mask = 255 * np.eye(20, dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    with pytest.raises(errors.InputError, match="0, 255 alone, as a mask has"):
        sequences.read(path)


def test_a_black_frame_is_no_mask(tmp_path):
    path = tmp_path / "black.png"
    path.write_bytes(cv2.imencode(".png", np.zeros((20, 30), np.uint8))[1].tobytes())
    assert sequences.read(path).frames.max() == 0
