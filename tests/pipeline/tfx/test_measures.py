import numpy as np
import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from echo_keras.data import schema
from echo_keras.study import facts
from pipeline.tfx import measures, schemas

RECORD = {
    "patient": b"a",
    "dataset": b"camus",
    "view": b"4CH",
    "phase": b"ED",
    "quality": b"good",
    "frame": np.int64(3),
    "spacing": np.array([0.25, 0.5], np.float32),
    "ejection_fraction": np.float32(54.5),
}


def _image(mask):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (40, 48, 1), np.uint8)
    rows, columns = np.ogrid[:40, :48]
    inside = (rows - 20) ** 2 + (columns - 20) ** 2 < 100
    return {**RECORD, "image": image, **({"mask": inside[..., None]} if mask else {})}


@pytest.mark.parametrize("labelled", [True, False])
def test_a_measured_frame_survives_being_written_and_read(labelled):
    record = _image(labelled)
    frame = facts.frame(record, family="labelled", split="train")
    greys = np.bincount(record["image"].ravel(), minlength=256)
    decoded, levels = measures.decode(measures.encode(frame, greys))
    assert decoded == frame
    np.testing.assert_array_equal(levels, greys)


def test_what_is_unknown_is_left_out_and_comes_back_as_unknown():
    unknown = {"quality": b"", "phase": b"", "ejection_fraction": np.float32(np.nan)}
    frame = facts.frame({**_image(False), **unknown}, family="unlabelled", split="test")
    encoded = measures.encode(frame, np.ones(256, np.int64))
    assert not any(name.encode() in encoded for name in unknown)
    decoded, _ = measures.decode(encoded)
    assert (decoded.quality, decoded.phase) == ("", "")
    assert np.isnan(decoded.ejection_fraction)


def test_the_schema_knows_the_words_of_the_records():
    domains = {domain.name: domain for domain in schemas.read().string_domain}
    assert set(domains["family"].value) == set(schema.FEATURES)
    assert set(domains["split"].value) == set(schema.SPLITS)
    assert set(domains["phase"].value) == {*schema.PHASES, schema.BETWEEN}


def test_every_measure_that_the_schema_describes_is_written():
    frame = facts.frame(_image(True), family="labelled", split="train")
    encoded = measures.encode(frame, np.ones(256, np.int64))
    assert all(name.encode() in encoded for name in schemas.names())
