"""Each planted fault is flagged, by its rule alone, and a clean folder has no flag."""

import collections
import dataclasses
import json
import math

import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.data import tfrecords
from echo_keras.study import inspection, rules


def findings(folder):
    """Rules and patients of all flags."""
    frames, _ = inspection.measure(folder, tfrecords.manifest(folder))
    return [
        (flag.rule, sorted({frame.patient for frame in flag.frames}))
        for flag in rules.apply(frames)
    ]


def change(records, split, phase, **changes):
    """Change the frames of one phase in a split."""
    records[split] = [
        dataclasses.replace(record, **changes)
        if getattr(record, "phase", None) == phase
        else record
        for record in records[split]
    ]


def first(records, split, phase):
    return next(
        record for record in records[split] if getattr(record, "phase", "") == phase
    )


def empty_ventricle(records, **_):
    mask = first(records, "test", "ES").mask
    change(records, "test", "ES", mask=np.where(mask == 1, 0, mask).astype(np.uint8))


def implausible_size(records, **_):
    change(records, "test", "between", mask=np.ones((80, 80), np.uint8))


def several_pieces(records, **_):
    mask = first(records, "test", "ED").mask.copy()
    mask[2:4, 70:73] = 1
    change(records, "test", "ED", mask=mask)


def hole(records, **_):
    mask = first(records, "test", "between").mask.copy()
    mask[44:47, 38:41] = 2
    change(records, "test", "between", mask=mask)


def lost_phase(records, **_):
    records["test"].remove(first(records, "test", "ES"))


def exchanged_phases(records, **_):
    masks = [first(records, "test", phase).mask for phase in ("ED", "ES")]
    for phase, mask in zip(("ES", "ED"), masks):
        change(records, "test", phase, mask=mask, ejection_fraction=math.nan)


def wrong_label(records, **_):
    for phase in ("ED", "ES"):
        change(records, "test", phase, ejection_fraction=30.0)


def patient_again(records, heart, **_):
    records["train"] += [heart("d", phase, seed=1) for phase in ("ED", "ES")]


def pixels_again(records, heart, **_):
    seen = first(records, "test", "ED").image
    records["train"] += [heart("z", "ED", image=seen), heart("z", "ES")]


def pixels_under_another_name(records, video, **_):
    seen = first(records, "test", "ED").image
    records["test"].append(video("z", [seen]))


@pytest.mark.parametrize(
    ("plant", "rule", "patients"),
    [
        (empty_ventricle, "empty ventricle", ["d"]),
        (implausible_size, "implausible size", ["d"]),
        (several_pieces, "several pieces", ["d"]),
        (hole, "holes", ["d"]),
        (lost_phase, "one phase alone", ["d"]),
        (exchanged_phases, "ED smaller than ES", ["d"]),
        (wrong_label, "ejection fraction", ["d"]),
        (patient_again, "patient in two splits", ["d"]),
        (pixels_again, "pixels in two splits", ["d", "z"]),
        (pixels_under_another_name, "pixels of two patients", ["d", "z"]),
    ],
)
def test_a_planted_fault_is_the_only_finding(
    plant, rule, patients, hearts, heart, video, write_folder, tmp_path
):
    plant(hearts, heart=heart, video=video)
    assert findings(write_folder(tmp_path, hearts)) == [(rule, patients)]
    assert rule in rules.SENTENCES


def test_a_clean_folder_has_no_finding(hearts, write_folder, tmp_path):
    assert findings(write_folder(tmp_path, hearts)) == []


def test_every_frame_and_every_pixel_is_measured_once(hearts, write_folder, tmp_path):
    folder = write_folder(tmp_path, hearts)
    frames, greys = inspection.measure(folder, tfrecords.manifest(folder))
    families = collections.Counter((frame.family, frame.split) for frame in frames)
    assert families["labelled", "train"] == 4
    assert families["sequence", "train"] == 2
    assert families["unlabelled", "unlisted"] == 2
    assert {key: count * 80 * 80 for key, count in families.items()} == {
        key: histogram.sum() for key, histogram in greys.items()
    }
    images = [record.image for record in hearts["train"] if hasattr(record, "image")]
    counted = np.bincount(np.ravel(images), minlength=256)
    np.testing.assert_array_equal(
        greys["labelled", "train"] + greys["sequence", "train"], counted
    )


@pytest.fixture
def said():
    return []


@pytest.fixture
def spoiled(hearts, heart, write_folder, tmp_path):
    """Folder named `spoiled` in which seven frames have a hole."""
    mask = first(hearts, "train", "between").mask.copy()
    mask[44:47, 38:41] = 2
    names = [f"a{number}" for number in range(7)]
    hearts["train"] += [heart(name, "between", mask=mask) for name in names]
    (tmp_path / "spoiled").mkdir()
    return write_folder(tmp_path / "spoiled", hearts)


def test_the_findings_are_told_and_kept(spoiled, said, tmp_path):
    line = inspection.run(spoiled, tmp_path / "out", say=said.append)
    assert line == f"7 flags in 29 frames  {tmp_path / 'out'}"
    text = "\n".join(said)
    assert "holes: 7, as the left ventricle surrounds something else\n" in text
    assert text.count(" (train) 4CH frame 3: holes 1") == inspection.SHOWN
    assert "and 2 more in inspect.json" in text
    found = json.loads((tmp_path / "out/inspect.json").read_text())
    assert found["rules"]["holes"]["flags"] == len(found["flags"]) == 7
    assert found["rules"]["ejection fraction"]["flags"] == 0
    assert found["flags"][0]["numbers"] == {"holes": 1}
    assert found["flags"][0]["cases"][0]["patient"] == "a0"
    assert found["splits"]["train"]["counts"]["sequence_frames"] == 9
    sheet = cv2.imread(str(tmp_path / "out/inspect.png"))
    assert sheet.shape[1] == 1760


def test_what_the_job_reported_is_told_again(spoiled, said, tmp_path):
    manifest = tfrecords.manifest(spoiled)
    manifest["rejected"] = {"unlisted": 2, "missing": 1}
    (spoiled / "manifest.json").write_text(json.dumps(manifest))
    cases = {"unlisted": ["x", "y"], "missing": ["z"]}
    rejects = [
        {"file": file, "reason": reason, "detail": f"why {file}"}
        for reason, files in cases.items()
        for file in files
    ]
    lines = [json.dumps(reject) + "\n" for reject in rejects]
    (spoiled / "rejected.jsonl").write_text("".join(lines))
    inspection.run(spoiled, tmp_path / "out", say=said.append)
    assert "  unlisted: 2, first x: why x" in said
    assert "  missing: 1, first z: why z" in said
    found = json.loads((tmp_path / "out/inspect.json").read_text())["reported"]
    assert found["unlisted"]["cases"][1] == {"file": "y", "detail": "why y"}
    (spoiled / "rejected.jsonl").unlink()
    said.clear()
    inspection.run(spoiled, tmp_path / "out", say=said.append)
    assert "  unlisted: 2" in said


def test_the_records_are_left_as_they_are(spoiled, said, tmp_path, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in spoiled.rglob("*")}
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    line = inspection.run(f"{spoiled}/", say=said.append)
    assert line.endswith("  runs/inspect/spoiled")
    written = {path.name for path in (tmp_path / "elsewhere").rglob("*.*")}
    assert written == {"inspect.json", "inspect.png"}
    assert {path: path.stat().st_mtime_ns for path in spoiled.rglob("*")} == before


def test_the_records_are_written_into_only_when_told(spoiled, said, monkeypatch):
    monkeypatch.chdir(spoiled)
    with pytest.raises(errors.InputError, match="in the records themselves; name a"):
        inspection.run(".", say=said.append)
    assert not (spoiled / "runs").exists()
    inspection.run(".", spoiled / "look", say=said.append)
    assert (spoiled / "look/inspect.png").exists()


def test_a_damaged_shard_ends_the_inspection(spoiled, said, tmp_path):
    shard = next(spoiled.glob("labelled/*test*"))
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(errors.InputError, match=f"{shard.name} is damaged"):
        inspection.run(spoiled, tmp_path / "out", say=said.append)
    assert not said
    assert not (tmp_path / "out").exists()


def test_what_is_no_folder_of_records_is_refused(said, tmp_path):
    with pytest.raises(errors.InputError, match=r"no folder .*nowhere"):
        inspection.run(tmp_path / "nowhere", tmp_path / "out", say=said.append)
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match="is a file; name a folder"):
        inspection.run(tmp_path, tmp_path / "file", say=said.append)
