import json

import numpy as np
import pytest
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import schema, tfrecords


def frame(patient, phase):
    pixels = np.full((4, 6), ord(patient), np.uint8)
    return schema.LabelledFrame(
        patient=patient,
        dataset="echonet",
        view="4CH",
        phase=phase,
        frame=0,
        image=pixels,
        mask=np.zeros_like(pixels),
    )


def video(patient):
    return schema.UnlabelledVideo(
        patient=patient,
        dataset="echonet",
        view="4CH",
        frames=(np.zeros((4, 6), np.uint8),),
        frame_numbers=(3,),
    )


def write_shard(folder, file, records):
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(schema.encode(record))
    family, _, rest = file.partition("/")
    return {
        "file": file,
        "family": family,
        "split": rest.split(".")[0].split("-")[1],
        "bytes": path.stat().st_size,
        "patients": sorted({record.patient for record in records}),
    }


@pytest.fixture
def folder(tmp_path):
    shards = [
        write_shard(
            tmp_path,
            "labelled/echonet-train.tfrecord-00000-of-00002",
            [frame("a", "ED"), frame("a", "ES"), frame("c", "ED")],
        ),
        write_shard(
            tmp_path,
            "labelled/echonet-train.tfrecord-00001-of-00002",
            [frame("b", "ED"), frame("b", "ES")],
        ),
        write_shard(
            tmp_path,
            "unlabelled/echonet-train.tfrecord-00000-of-00001",
            [video("a"), video("b")],
        ),
        write_shard(
            tmp_path, "unlabelled/echonet-test.tfrecord-00000-of-00001", [video("t")]
        ),
    ]
    counts = {
        "train": {"labelled_frames": 5, "unlabelled_videos": 2},
        "test": {"labelled_frames": 0, "unlabelled_videos": 1},
    }
    manifest = {"format": schema.FORMAT, "counts": counts, "shards": shards}
    (tmp_path / tfrecords.MANIFEST).write_text(json.dumps(manifest))
    return tmp_path


def names(dataset):
    return [record["patient"].numpy().decode() for record in dataset]


def test_labelled_frames_come_in_the_order_of_the_shards(folder):
    assert names(tfrecords.labelled(folder, "train")) == ["a", "a", "c", "b", "b"]


def test_only_the_frames_of_the_wanted_patients_are_read(folder):
    dataset = tfrecords.labelled(folder, "train", patients=["c", "b"])
    assert names(dataset) == ["c", "b", "b"]


def test_frames_between_the_phases_come_when_they_are_wanted(folder):
    shard = write_shard(
        folder,
        "sequence/echonet-train.tfrecord-00000-of-00001",
        [frame("a", "between"), frame("c", "between"), frame("z", "between")],
    )
    manifest = tfrecords.manifest(folder)
    manifest["shards"].append(shard)
    (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))

    def phases(**options):
        frames = tfrecords.labelled(folder, "train", patients=["a"], **options)
        return [record["phase"].numpy() for record in frames]

    assert phases() == [b"ED", b"ES"]
    assert phases(between=True) == [b"ED", b"ES", b"between"]


def test_patients_are_those_with_labelled_frames(folder):
    assert tfrecords.patients(folder, "train") == ["a", "b", "c"]


def test_videos_of_the_wanted_splits_come_from_every_folder(folder):
    assert names(tfrecords.unlabelled([folder])) == ["a", "b"]
    both = tfrecords.unlabelled([folder, folder], splits=("test",))
    assert names(both) == ["t", "t"]


def test_a_split_without_labelled_frames_says_what_there_is(folder):
    with pytest.raises(errors.InputError, match="split test; it has 5 labelled frames"):
        tfrecords.labelled(folder, "test")
    with pytest.raises(errors.InputError, match="no unlabelled video in the splits u"):
        tfrecords.unlabelled([folder], splits=("unlisted",))


def test_a_split_that_cannot_be_is_refused_beside_one_that_is(folder):
    with pytest.raises(errors.InputError, match="no split trian; choose of train, "):
        tfrecords.unlabelled([folder], splits=("train", "trian"))


def test_a_split_whose_shards_are_empty_holds_nothing(folder):
    path = folder / tfrecords.MANIFEST
    manifest = json.loads(path.read_text())
    empty = "labelled/echonet-test.tfrecord-00000-of-00001"
    manifest["shards"].append(write_shard(folder, empty, []))
    path.write_text(json.dumps(manifest))
    with pytest.raises(errors.InputError, match="no labelled frame in the split test"):
        tfrecords.patients(folder, "test")


@pytest.mark.parametrize("patients", [["a", "z"], []])
def test_patients_of_other_records_are_refused(folder, patients):
    with pytest.raises(errors.InputError, match="has no labelled frame in the split"):
        tfrecords.labelled(folder, "train", patients=patients)


def test_a_missing_or_unfinished_folder_is_refused(tmp_path):
    with pytest.raises(errors.InputError, match=r"no folder .*build-tfrecords"):
        tfrecords.manifest(tmp_path / "nowhere")
    with pytest.raises(errors.InputError, match=r"has no manifest\.json"):
        tfrecords.manifest(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"format": 2, "cou', "is damaged"),
        ('{"format": 1}', "of format 1, .* reads 2"),
        ("[]", "of format None"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(folder, text, sentence):
    (folder / tfrecords.MANIFEST).write_text(text)
    with pytest.raises(errors.InputError, match=sentence):
        tfrecords.labelled(folder, "train")


def test_a_shard_cut_short_is_refused(folder):
    shard = folder / "labelled/echonet-train.tfrecord-00001-of-00002"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(errors.InputError, match=r"00001-of-00002 is missing or not"):
        tfrecords.labelled(folder, "train")
