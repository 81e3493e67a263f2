import dataclasses
import json

import numpy as np
import pytest

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


@pytest.fixture
def folder(tmp_path, write_shard):
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


def test_frames_between_the_phases_come_when_they_are_wanted(folder, write_shard):
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


def test_a_split_whose_shards_are_empty_holds_nothing(folder, write_shard):
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


@pytest.fixture
def whole(write_folder, tmp_path):
    """Folder with both kinds of records of two patients, of two frames a video."""
    still = np.full((2, 3), 50, np.uint8)
    videos = [
        dataclasses.replace(
            video(name), frames=(still, still + 1), frame_numbers=(4, 9)
        )
        for name in "ab"
    ]
    frames = [frame("a", "ED"), frame("b", "ED"), frame("b", "between")]
    return write_folder(tmp_path, {"train": [*frames, *videos]})


def test_shards_are_verified_by_their_digest(whole):
    shards = tfrecords.manifest(whole)["shards"]
    for shard in shards:
        tfrecords.verify(whole, shard)
    path = whole / shards[1]["file"]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    tfrecords.verify(whole, shards[0])
    with pytest.raises(errors.InputError, match=rf"{shards[1]['file']} is damaged"):
        tfrecords.verify(whole, shards[1])
    path.write_bytes(content[:-1])
    with pytest.raises(errors.InputError, match=r"is missing or not the \d+ bytes"):
        tfrecords.verify(whole, shards[1])


def test_frames_of_videos_come_one_at_a_time_with_what_is_known_of_them(whole):
    stills = list(tfrecords.frames(whole, "unlabelled", "train").as_numpy_iterator())
    seen = [
        (still["patient"], still["frame"], still["image"][0, 0]) for still in stills
    ]
    assert seen == [(b"a", 4, 50), (b"a", 9, 51), (b"b", 4, 50), (b"b", 9, 51)]
    assert stills[0]["image"].shape == (2, 3, 1)
    assert stills[0]["spacing"].tolist() == [0, 0]


def test_frames_of_every_family_are_found_by_its_name(whole):
    def read(family, split="train", **options):
        return names(tfrecords.frames(whole, family, split, **options))

    assert read("labelled") == ["a", "b"]
    assert read("sequence") == ["b"]
    assert read("labelled", patients=["b"]) == ["b"]
    assert read("unlabelled", patients={"a", "z"}) == ["a", "a"]
    assert read("sequence", patients=["a"]) == []
    assert read("labelled", "test") == []
