"""Phantom images, masks and lists are as CAMUS's."""

import numpy as np
import pytest
import SimpleITK

from pipeline import phantom


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("camus") / "data"
    phantom.write("camus", 1, 5, output)
    return output / "database_nifti" / "patient0001"


def read(folder, kind):
    image = SimpleITK.ReadImage(str(folder / f"patient0001_{kind}.nii.gz"))
    return SimpleITK.GetArrayFromImage(image), image


@pytest.mark.parametrize("view", ["4CH", "2CH"])
def test_images_are_whole_numbers_in_floats(folder, view):
    for phase in ("ED", "ES"):
        pixels, image = read(folder, f"{view}_{phase}")
        marks, _ = read(folder, f"{view}_{phase}_gt")
        assert pixels.dtype == marks.dtype == np.float32
        assert image.GetSpacing() == pytest.approx((0.308, 0.308))
        assert pixels.shape == marks.shape
        assert pixels.min() == 0
        assert 100 < pixels.max() <= 255
        np.testing.assert_array_equal(pixels, np.rint(pixels))
        assert set(np.unique(marks)) == {0, 1, 2, 3}


@pytest.mark.parametrize("view", ["4CH", "2CH"])
def test_the_half_sequence_runs_between_the_two_phases(folder, view):
    facts = (folder / f"Info_{view}.cfg").read_text().splitlines()
    facts = dict(line.split(": ") for line in facts)
    keys = "ED ES NbFrame Sex Age ImageQuality EF FrameRate"
    assert list(facts) == keys.split()
    for kind in ("", "_gt"):
        frames, _ = read(folder, f"{view}_half_sequence{kind}")
        assert len(frames) == int(facts["NbFrame"])
        for phase in ("ED", "ES"):
            still, _ = read(folder, f"{view}_{phase}{kind}")
            np.testing.assert_array_equal(frames[int(facts[phase]) - 1], still)


@pytest.mark.parametrize("view", ["4CH", "2CH"])
def test_the_masks_meet_the_ejection_fraction(folder, view):
    facts = (folder / f"Info_{view}.cfg").read_text()
    expected = int(facts.split("EF: ")[1].split()[0])
    volumes = []
    for phase in ("ED", "ES"):
        cavity = read(folder, f"{view}_{phase}_gt")[0] == 1
        volumes.append(volume_by_disks(cavity))
    measured = 100 * (1 - volumes[1] / volumes[0])
    assert volumes[0] > volumes[1]
    assert measured == pytest.approx(expected, abs=3)


def volume_by_disks(cavity):
    """Sum of disks across the principal axis of a mask, in cubic pixels."""
    points = np.argwhere(cavity).astype(float)
    points -= points.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(points.T))
    along = points @ directions[:, 1]
    rows, _ = np.histogram(along, bins=20)
    step = np.ptp(along) / 20
    return np.sum(np.pi / 4 * (rows / step) ** 2 * step)
