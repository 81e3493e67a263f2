import numpy as np
import pytest

from echo_keras.metrics import case, clinical


def heart(width, *, shape=(60, 80), length=40):
    """A box standing upright: a ventricle whose volume is easily said."""
    mask = np.zeros(shape, bool)
    mask[10 : 10 + length, 40 - width // 2 : 40 + width // 2] = True
    return mask


def facts(patient, view, phase, recorded=None):
    return {
        "patient": patient,
        "view": view,
        "phase": phase,
        "ejection_fraction": recorded,
    }


def disks(width, length=40):
    return np.full(clinical.DISKS, float(width)), float(length)


def test_an_image_is_measured_in_millimetres_where_they_are_known():
    found, planes = case.measures(heart(20), heart(10), (0.5, 0.5))
    assert found["dice"] == pytest.approx(2 / 3)
    assert found["iou"] == pytest.approx(1 / 2)
    assert (found["area"], found["truth_area"], found["shared_area"]) == (400, 800, 400)
    assert (found["area_cm2"], found["truth_area_cm2"]) == (1.0, 2.0)
    assert (found["hd95"], found["distance_unit"]) == (2.5, "mm")
    assert planes[0][1] == pytest.approx(20, abs=1)


def test_without_a_spacing_distances_are_pixels_and_areas_have_no_centimetres():
    found, _ = case.measures(heart(20), heart(10))
    assert (found["hd95"], found["distance_unit"]) == (5, "pixels")
    assert found["area_cm2"] is found["truth_area_cm2"] is None


def test_one_view_gives_a_single_plane():
    """Round disks of half the width have a quarter of the volume."""
    cases = [facts("a", "4CH", "ED", 55.0), facts("a", "4CH", "ES", 55.0)]
    planes = [(disks(20), disks(20)), (disks(10), disks(12))]
    [row] = case.ejection_fractions(cases, planes)
    assert row["method"] == "4CH"
    assert row["predicted"] == pytest.approx(75)
    assert row["reference"] == pytest.approx(64)
    assert row["recorded"] == 55


def test_two_views_give_both_planes_and_the_biplane():
    """Half the width in one plane alone leaves half of the volume."""
    cases = [facts("a", v, p) for v in ("2CH", "4CH") for p in ("ED", "ES")]
    planes = [(disks(w),) * 2 for w in (20, 20, 20, 10)]
    rows = case.ejection_fractions(cases, planes)
    found = {row["method"]: row["predicted"] for row in rows}
    assert found == pytest.approx({"4CH": 75, "2CH": 0, case.BIPLANE: 50})


def test_an_empty_mask_gives_no_fraction_in_any_method_that_needs_it():
    cases = [facts("a", v, p) for v in ("2CH", "4CH") for p in ("ED", "ES")]
    empty = np.zeros(clinical.DISKS), 0.0
    planes = [(disks(20), disks(20))] * 3 + [(empty, disks(10))]
    rows = {row["method"]: row for row in case.ejection_fractions(cases, planes)}
    assert rows["4CH"]["predicted"] is rows[case.BIPLANE]["predicted"] is None
    assert rows["2CH"]["predicted"] == 0
    assert rows[case.BIPLANE]["reference"] == pytest.approx(50)


def test_a_phase_alone_gives_nothing():
    assert case.ejection_fractions([facts("a", "4CH", "ED")], [(disks(9),) * 2]) == []
