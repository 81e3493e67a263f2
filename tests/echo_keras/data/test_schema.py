import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import schema


def labelled_frame(height=5, width=7):
    random = np.random.default_rng(0)
    return schema.LabelledFrame(
        patient="patient0007",
        dataset="camus",
        view="2CH",
        phase="ES",
        frame=12,
        image=random.integers(0, 256, (height, width), dtype=np.uint8),
        mask=random.integers(0, 4, (height, width), dtype=np.uint8),
        spacing=(0.308, 0.154),
        ejection_fraction=54.0,
        quality="poor",
    )


def unlabelled_video():
    random = np.random.default_rng(1)
    return schema.UnlabelledVideo(
        patient="0XABC",
        dataset="echonet",
        view="4CH",
        frames=tuple(random.integers(0, 256, (3, 6, 4), dtype=np.uint8)),
        frame_numbers=(0, 5, 9),
    )


def test_a_labelled_frame_survives_the_record_unchanged():
    record = labelled_frame()
    parsed = schema.parse_labelled(schema.encode(record))
    np.testing.assert_array_equal(parsed["image"][..., 0], record.image)
    np.testing.assert_array_equal(parsed["mask"][..., 0], record.mask)
    np.testing.assert_allclose(parsed["spacing"], record.spacing, rtol=1e-6)
    assert parsed["ejection_fraction"] == 54.0
    assert parsed["frame"] == 12
    assert [parsed[name].numpy() for name in ("patient", "view", "phase")] == [
        b"patient0007",
        b"2CH",
        b"ES",
    ]
    assert parsed["quality"] == b"poor"


@pytest.mark.parametrize(
    ("phase", "family"),
    [("ED", "labelled"), ("ES", "labelled"), ("between", "sequence")],
)
def test_frames_between_the_phases_are_a_family_of_their_own(phase, family):
    record = dataclasses.replace(labelled_frame(), phase=phase)
    assert schema.family(record) == family
    assert schema.family(unlabelled_video()) == "unlabelled"


def test_a_video_survives_the_record_unchanged():
    record = unlabelled_video()
    parsed = schema.parse_unlabelled(schema.encode(record))
    frames = [tf.io.decode_png(frame)[..., 0] for frame in parsed["frames"]]
    np.testing.assert_array_equal(frames, record.frames)
    np.testing.assert_array_equal(parsed["frame_numbers"], (0, 5, 9))
    np.testing.assert_array_equal(parsed["spacing"], (0, 0))


@pytest.mark.parametrize("record", [labelled_frame(), unlabelled_video()])
def test_equal_records_give_equal_bytes_and_the_features_described(record):
    serialized = schema.encode(record)
    assert serialized == schema.encode(dataclasses.replace(record))
    stored = tf.train.Example.FromString(serialized).features.feature
    assert set(stored) == set(schema.FEATURES[schema.family(record)])
    assert schema.parse_patient(serialized).numpy().decode() == record.patient


def test_an_unknown_ejection_fraction_stays_unknown():
    record = dataclasses.replace(labelled_frame(), ejection_fraction=float("nan"))
    parsed = schema.parse_labelled(schema.encode(record))
    assert np.isnan(parsed["ejection_fraction"])


def test_a_mask_of_another_size_than_its_frame_is_refused():
    record = dataclasses.replace(labelled_frame(), mask=np.zeros((7, 5), np.uint8))
    with pytest.raises(errors.InputError, match=r"patient0007.*\(5, 7\) and \(7, 5\)"):
        schema.encode(record)


def test_the_features_are_ready_for_json():
    assert json.loads(json.dumps(schema.FEATURES)) == schema.FEATURES
