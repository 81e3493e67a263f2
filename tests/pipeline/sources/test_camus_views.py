import math

import numpy as np
import pytest

from echo_keras.data import schema
from pipeline.sources import camus, camus_views, listings

VIEW = {"ED": "p/p_2CH_ED.nii.gz", "ES": "p/p_2CH_ES.nii.gz"}
MASKS = {f"{part}_gt": f"p/p_2CH_{part}_gt.nii.gz" for part in VIEW}
MOVING = {"half_sequence": "p/p_2CH_half_sequence.nii.gz"}
MOVING_MASKS = {"half_sequence_gt": "p/p_2CH_half_sequence_gt.nii.gz"}


@pytest.fixture
def records(camus_copy):
    """Function to the records of a patient's view under some settings."""

    def records(view="2CH", choice=4, **settings):
        patient = camus.listing(camus_copy.folder).patients[0]
        return list(
            camus_views.records(
                patient, view, choice, folder=camus_copy.folder, settings=settings
            )
        )

    return records


@pytest.mark.parametrize(
    ("parts", "part", "expected"),
    [
        ({**VIEW, "ES": "p/p_2CH_ES.nii"}, "ES", "p/p_2CH_ES.nii"),
        (VIEW, "ED_gt", MASKS["ED_gt"]),
        (MOVING_MASKS, "half_sequence", MOVING["half_sequence"]),
        ({"ED": "t/q/q_4CH_ED.mhd"}, "sequence", "t/q/q_4CH_sequence.mhd"),
    ],
)
def test_a_part_lies_beside_the_others_in_their_format(parts, part, expected):
    assert camus_views.path(parts, part) == expected


@pytest.mark.parametrize(
    ("parts", "known", "labelled", "expected"),
    [
        (VIEW, VIEW, True, None),
        (VIEW, MOVING, True, "half_sequence"),
        (VIEW, MOVING_MASKS, True, "half_sequence"),
        (VIEW, {"sequence": ""}, False, "sequence"),
        (MOVING, {**MOVING, **MOVING_MASKS}, True, "half_sequence_gt"),
        (MOVING, {**MOVING, **MOVING_MASKS}, False, None),
        (MOVING, MOVING, True, None),
        ({**MOVING, **MOVING_MASKS}, {**MOVING, **MOVING_MASKS}, True, None),
        (MOVING_MASKS, {**MOVING, **MOVING_MASKS}, True, None),
    ],
)
def test_what_others_have_is_lacking_unless_masks_tell_of_it(
    parts, known, labelled, expected
):
    assert camus_views.lacking(parts, {*known}, labelled=labelled) == expected


def test_without_settings_nothing_is_made_up(records):
    diastole, systole, video = records()
    for record in (diastole, systole):
        assert math.isnan(record.ejection_fraction)
        assert (record.quality, record.frame) == ("", -1)
    assert video.frame_numbers == (0, 2, 3, 5)


def test_a_fraction_is_the_own_views_before_the_others(records):
    told = {"4CH": {"EF": "40"}, "2CH": {"EF": "60.5", "ImageQuality": "Good"}}
    for view, expected in (("2CH", 60.5), ("4CH", 40)):
        *labelled, _ = records(view, **told)
        assert {record.ejection_fraction for record in labelled} == {expected}
        assert {record.quality for record in labelled} == {"good"}


def test_a_phase_beyond_the_sequence_is_told_and_its_still_kept(records):
    reject, diastole, systole, video = records(**{"2CH": {"ED": "1", "ES": "7"}})
    assert (reject.reason, reject.detail) == ("video too short", "ES is frame 7 of 6")
    assert reject.file.endswith("_2CH_half_sequence.nii.gz")
    assert [record.phase for record in (diastole, systole)] == ["ED", "ES"]
    assert len(video.frames) == 4


def test_an_empty_mask_of_a_sequence_costs_its_own_frame(camus_copy, records):
    masks = np.ones((6, 12, 10))
    masks[3] = 2
    camus_copy.write_image("patient0001", "{}_2CH_half_sequence_gt", masks)
    found = records(**{"2CH": {"ED": "1", "ES": "6"}})
    [reject] = [item for item in found if isinstance(item, listings.Reject)]
    assert reject.reason == "empty mask"
    assert reject.detail == "no left ventricle in frame 3 of 6"
    frames = [r.frame for r in found if getattr(r, "phase", "") == schema.BETWEEN]
    assert frames == [1, 2, 4]
