import json
import platform

import apache_beam as beam
import cv2
import numpy as np
import pytest
from apache_beam.io import filesystem

from echo_keras import errors
from echo_keras.data import schema
from pipeline import convert, manifests
from pipeline import layout as layouts
from pipeline.sources import listings

REPAIR = "repair the source or raise --max-rejected"


def patient(name, *files):
    return listings.Patient(name, "train", ("unlabelled",), "source", files, {})


def reject(file, reason="unreadable", detail="seen"):
    return listings.Reject(file, reason, detail)


def listing(count, *rejects):
    names = [f"p{number}" for number in range(count)]
    return listings.Listing(tuple(map(patient, names)), rejects, "fingerprint")


def summary(split, *names, **counts):
    """What a shard leaves, of a file a family of these names."""
    files = [{"file": name, "split": split} for name in names]
    return {"counts": {**dict.fromkeys(convert.COUNTS, 0), **counts}, "files": files}


def test_as_many_files_may_be_damaged_as_allowed_and_not_one_more():
    patients = [patient("a", "a/1", "a/2"), patient("b", "b/1", "b/2")]
    fact = reject("b/2", "fewer chords")
    rejects = [fact, reject("b/1", "empty mask", "all 0"), *[reject("a/1")] * 2]
    manifests.check_rejects(rejects, patients, most=0.5)
    with pytest.raises(errors.InputError) as caught:
        manifests.check_rejects(rejects, patients, most=0.499)
    assert str(caught.value) == (
        "2 of 4 files cannot be used, more than the 49.9% allowed (2 unreadable, "
        f"1 empty mask; first b/1: all 0); {REPAIR}"
    )


def test_a_damaged_file_of_nobody_is_counted_among_all():
    patients, strangers = [patient("a", "a/1")], [reject("x"), reject("y")]
    manifests.check_rejects(strangers, patients, most=0.67)
    with pytest.raises(errors.InputError, match="2 of 3 files"):
        manifests.check_rejects(strangers, patients, most=0.66)


def test_as_many_patients_may_be_gone_as_allowed_and_not_one_more():
    gone = [reject("x", "missing", "no image"), reject("y", "missing")]
    manifests.check_patients(listing(6, *gone), most=0.25)
    with pytest.raises(errors.InputError) as caught:
        manifests.check_patients(listing(6, *gone), most=0.2)
    assert str(caught.value) == (
        "2 of 8 patients are lost, more than the 20.0% allowed (2 missing; first x: "
        "no image); is the copy whole? Repair the source or raise --max-rejected"
    )


def test_a_patient_of_whom_something_is_there_is_not_gone():
    views = [reject(f"p{number}", "missing") for number in range(4)]
    files = [reject("Videos/p9.avi", "missing"), reject("Videos/p8.avi", "no row")]
    manifests.check_patients(listing(4, *views, *files), most=0.0)


@pytest.mark.parametrize("reason", ["untraced", "no row"])
def test_a_quarter_without_labels_is_as_released_and_more_is_not(reason):
    some = [reject(f"p{number}", reason) for number in range(2)]
    manifests.check_patients(listing(8, *some), most=0.0)
    with pytest.raises(errors.InputError, match=rf"2 of 7 .* 25\.0% .*2 {reason}"):
        manifests.check_patients(listing(7, *some), most=0.0)
    manifests.check_patients(listing(7, *some), most=0.3)


def test_a_manifest_adds_up_the_shards_of_a_split_and_the_rejects_of_a_reason():
    summaries = [
        summary("train", "labelled/1", "unlabelled/1", patients=2, labelled_frames=3),
        summary("test", "unlabelled/3", patients=1),
        summary("train", "labelled/2", patients=4, unlabelled_frames=5),
    ]
    rejects = [
        reject("a"),
        reject("b", "excluded"),
        reject("c"),
        reject("d", "missing"),
    ]
    found = manifests.manifest(
        listing(3), summaries, rejects, dataset="camus", source="s", command="c"
    )
    none = dict.fromkeys(convert.COUNTS, 0)
    both = {"patients": 6, "labelled_frames": 3, "unlabelled_frames": 5}
    assert found["counts"] == {"train": none | both, "test": none | {"patients": 1}}
    names = ["labelled/1", "unlabelled/1", "unlabelled/3", "labelled/2"]
    assert [shard["file"] for shard in found["shards"]] == names
    told = [("excluded", 1), ("missing", 1), ("unreadable", 2)]
    assert list(found["rejected"].items()) == told
    assert found["source_fingerprint"] == "fingerprint"


def test_versions_are_those_that_run():
    found = manifests.versions()
    assert set(found) == {"python", *manifests.PACKAGES}
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["apache-beam"] == beam.__version__
    assert found["opencv-python-headless"].startswith(cv2.__version__)


def test_the_account_can_be_read_back(tmp_path):
    layout = layouts.Layout(str(tmp_path / "records"))
    rejects = [reject("é\n"), reject("b")]
    manifests.write(layout, {"dataset": "camus"}, rejects)
    home = tmp_path / "records.partial" / "records"
    contents = {path.name: path.read_text() for path in home.iterdir()}
    assert set(contents) == {schema.REJECTED, schema.MANIFEST, "features.json"}
    lines = contents[schema.REJECTED].splitlines()
    assert [listings.Reject(**json.loads(line)) for line in lines] == rejects
    assert json.loads(contents[schema.MANIFEST]) == {"dataset": "camus"}
    assert json.loads(contents["features.json"]) == schema.FEATURES


@pytest.mark.parametrize("taken", [schema.REJECTED, "features.json"])
def test_no_manifest_marks_a_folder_whose_account_is_not_whole(tmp_path, taken):
    home = tmp_path / "records.partial" / "records"
    (home / taken / "in the way").mkdir(parents=True)
    with pytest.raises(filesystem.BeamIOError, match=taken):
        manifests.write(layouts.Layout(str(tmp_path / "records")), {}, [])
    assert not (home / schema.MANIFEST).exists()
