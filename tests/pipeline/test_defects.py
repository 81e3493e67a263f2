"""Each planted defect is reported, nothing else is, and the rest becomes records."""

import collections
import json
import shutil

import pytest
import tensorflow as tf

from echo_keras.data import schema, tfrecords
from pipeline import build, phantom
from pipeline.phantom.defects import camus, camus_2019, echonet, planting
from pipeline.sources import camus as camus_source

QUICK = {"views": ("4CH",), "half_sequence": False}
FORMS = {
    "echonet": (echonet, 30, {"frames": 24}),
    "camus": (camus, 28, QUICK),
    "camus of 2019": (camus_2019, 6, {**QUICK, "release": "2019"}),
}

WHOLE = (2, 1)
"""Labelled frames and videos of an undamaged patient, of one view."""

LEFT = {
    "echonet": {
        "unknown-split": (0, 1),
        "empty-mask": (1, 1),
        **dict.fromkeys(
            [
                *("untraced", "traced-stranger", "unlisted-video"),
                *("short-tracing", "nan-in-tracing", "text-in-tracing"),
                *("one-traced-frame", "three-traced-frames", "short-video"),
                *(
                    "truncated-video",
                    "damaged-frame",
                    "empty-video",
                    "random-video",
                    "missing-video",
                ),
                *("dead-link", "other-format"),
            ],
            (0, 0),
        ),
    },
    "camus": {
        **dict.fromkeys(
            [
                *("plain-gz", "truncated-gz", "truncated-inside", "empty-file"),
                *("bright-image", "fourth-label", "resized-mask", "empty-mask"),
                *("missing-image", "missing-mask", "dead-link", "not-one-image"),
            ],
            (1, 1),
        ),
        "missing-masks": (0, 1),
        "missing-patient": (0, 0),
        "empty-folder": (0, 0),
    },
    "camus of 2019": {
        **dict.fromkeys(camus_2019.OF_PATIENTS, (1, 1)),
        "doubled-data": (2, 1),
    },
}


SLOW = [pytest.param(form, marks=pytest.mark.slow) for form in FORMS]


@pytest.fixture(scope="module", params=SLOW)
def form(request):
    return request.param


@pytest.fixture(scope="module")
def folder(form, tmp_path_factory):
    kinds, patients, options = FORMS[form]
    folder = tmp_path_factory.mktemp("defects")
    phantom.write(form.split()[0], patients, 1, folder / "sound", **options)
    shutil.copytree(folder / "sound", folder / "damaged")
    names = [*kinds.OF_PATIENTS, *kinds.OF_THE_WHOLE]
    planting.plant(folder / "damaged", names, kinds, seed=1)
    for name in ("sound", "damaged"):
        build.run(
            form.split()[0],
            folder / name,
            folder / f"{name} records",
            max_rejected=1.0,
            beam_args=("--direct_running_mode=in_memory", "--direct_num_workers=1"),
        )
    return folder


@pytest.fixture(scope="module")
def sound(folder):
    return Records(folder / "sound records")


@pytest.fixture(scope="module")
def damaged(folder):
    return Records(folder / "damaged records")


@pytest.fixture(scope="module")
def planted(folder):
    return lines(folder / "damaged" / "planted.jsonl")


class Records:
    """What a job made: its rejects, and the split and the records of each patient."""

    def __init__(self, folder):
        manifest = tfrecords.manifest(folder)
        self.counts = manifest["counts"]
        self.rejects = [
            (line["file"], line["reason"]) for line in lines(folder / "rejected.jsonl")
        ]
        self.splits, self.made = {}, collections.defaultdict(lambda: [0, 0])
        for shard in manifest["shards"]:
            for record in tf.data.TFRecordDataset(f"{folder}/{shard['file']}"):
                patient = schema.parse_patient(record).numpy().decode()
                self.made[patient][shard["family"] == "unlabelled"] += 1
                self.splits[patient] = shard["split"]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_all_that_is_planted_is_reported_and_nothing_else(sound, damaged, planted):
    expected = [(line["file"], line["reason"]) for line in planted if line["reason"]]
    assert sorted(damaged.rejects) == sorted(expected + sound.rejects)


def test_patients_keep_all_that_is_not_damaged(form, sound, damaged, planted):
    left = {
        line["patient"]: LEFT[form].get(line["defect"], WHOLE)
        for line in planted
        if line["patient"]
    }
    for patient, before in sound.made.items():
        expected = [min(pair) for pair in zip(before, left.get(patient, WHOLE))]
        assert damaged.made[patient] == expected, patient


def test_the_counts_fall_by_the_patients_that_are_lost(form, sound, damaged, planted):
    expected = {split: count["patients"] for split, count in sound.counts.items()}
    defects = {line["patient"]: line["defect"] for line in planted if line["patient"]}
    for patient, defect in defects.items():
        lost = LEFT[form].get(defect) == (0, 0)
        if lost or defect == "unknown-split":
            expected[sound.splits[patient]] -= 1
        if defect == "unknown-split":
            expected["unlisted"] = expected.get("unlisted", 0) + 1
    for split in {*expected, *damaged.counts}:
        found = damaged.counts.get(split, {"patients": 0})["patients"]
        assert found == expected.get(split, 0), split


def test_a_missing_sequence_is_reported_where_others_have_theirs(camus_copy):
    folder = camus_copy.folder
    before = camus_source.listing(folder).rejects
    planted = list(camus.OF_PATIENTS["missing-sequence"](folder, "patient0002"))
    after = camus_source.listing(folder).rejects
    told = [(reject.file, reject.reason) for reject in after if reject not in before]
    assert told == planted
    assert planted[0][1] == "no sequence"


def test_every_defect_befalls_a_patient_of_its_own(form, planted):
    kinds = FORMS[form][0]
    befallen = {(line["defect"], line["patient"]) for line in planted}
    assert {name for name, _ in befallen} == {*kinds.OF_PATIENTS, *kinds.OF_THE_WHOLE}
    patients = [patient for _, patient in befallen if patient]
    assert len(set(patients)) == len(patients) == len(kinds.OF_PATIENTS)
