import json

import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.training import positives, videos

TINY = config.Pretrain(size=16, batch=4, epochs=3)
COUNTS = (5, 1, 3, 8, 2, 4, 6, 7, 9)


@pytest.fixture(scope="module")
def loaded(write_videos, noise, tmp_path_factory):
    """Two chamber views of one patient, and one of each of three others."""
    made = [
        noise("a", 3),
        noise("a", 2, view="2CH"),
        noise("b", 4),
        noise("c", 1),
        noise("a", 2, dataset="camus"),
    ]
    folder = write_videos(tmp_path_factory.mktemp("videos") / "records", made)
    return videos.load([folder], ("train",), size=TINY.size)


def test_videos_come_with_their_patient_and_view(loaded):
    assert [(video.patient, video.view) for video in loaded] == [
        ("echonet/0123abcd/a", "4CH"),
        ("echonet/0123abcd/a", "2CH"),
        ("echonet/0123abcd/b", "4CH"),
        ("echonet/0123abcd/c", "4CH"),
        ("camus/0123abcd/a", "4CH"),
    ]
    assert [video.frames.shape for video in loaded] == [
        (count, 16, 16, 1) for count in (3, 2, 4, 1, 2)
    ]


def test_patients_of_two_sources_are_not_the_same(write_videos, noise, tmp_path):
    """Synthetic hearts bear the names of real ones."""
    folders = []
    for name, view in (("real", "4CH"), ("drawn", "2CH")):
        made = [noise("a", 2, view=view, dataset="camus")]
        folders.append(write_videos(tmp_path / name, made))
    manifest = json.loads((folders[1] / "manifest.json").read_text())
    told = json.dumps({**manifest, "source_fingerprint": "4567cdef"})
    (folders[1] / "manifest.json").write_text(told)
    loaded = videos.load(folders, ("train",), size=TINY.size)
    assert [video.patient for video in loaded] == [
        "camus/0123abcd/a",
        "camus/4567cdef/a",
    ]
    pairs = positives.pool(loaded, "patient")
    assert pairs.videos.tolist() == [[0, 0], [1, 1]]


def test_a_batch_names_the_patient_of_each_frame(loaded):
    """Two views of one patient share a number; two data sets share no patient."""
    recipe = config.replace(TINY, batch=5, epochs=1)
    pool = positives.pool(loaded, "frame")
    ((shown, patients),) = videos.batches(loaded, pool, recipe).as_numpy_iterator()
    assert shown.shape == (5, 1, 1, 16, 16, 1)
    found = {}
    for frame, number in zip(shown[:, 0], patients[:, 0]):
        (video,) = (
            video for video in loaded if (video.frames == frame).all((1, 2, 3)).any()
        )
        found.setdefault(video.patient, set()).add(int(number))
    numbers = [number for one in found.values() for number in one]
    assert len(numbers) == len(set(numbers)) == len(found) == 4


def test_frames_that_do_not_fit_into_memory_are_refused(
    unlabelled, tmp_path, monkeypatch
):
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  1 kB\n")
    monkeypatch.setattr(videos, "MEMORY", tmp_path / "meminfo")
    with pytest.raises(
        errors.InputError, match=r"of 9 videos take .* memory that is f"
    ):
        videos.load([unlabelled], ("train",), size=16)


def test_where_memory_is_not_told_frames_are_loaded(unlabelled, tmp_path, monkeypatch):
    monkeypatch.setattr(videos, "MEMORY", tmp_path / "nowhere")
    assert len(videos.load([unlabelled], ("train",), size=16)) == 9


def frames(counts):
    """Pairs of one frame, from as many videos as there are counts."""
    made = [
        videos.Video(f"echonet/{number}", "4CH", np.zeros(count))
        for number, count in enumerate(counts)
    ]
    return positives.pool(made, "frame")


def test_an_epoch_shows_one_frame_of_every_video():
    steps = list(videos.order(frames([1, 5, 3, 8]), epochs=3, batch=2, seed=0))
    assert len(steps) == 6
    for first, second in zip(steps[::2], steps[1::2]):
        drawn = np.concatenate([first, second])[:, 0, 0]
        assert sorted(drawn) == [0, 1, 2, 3]


def test_epochs_draw_other_frames_in_another_order():
    steps = list(videos.order(frames([50] * 8), epochs=2, batch=8, seed=0))
    (first, second) = (step[:, 0] for step in steps)
    assert (first[:, 0] != second[:, 0]).any()
    first, second = (step[np.argsort(step[:, 0]), 1] for step in (first, second))
    assert (first != second).any()


@pytest.mark.parametrize("first", [0, 1, 2, 5])
def test_a_run_can_begin_at_any_step(first):
    options = {"epochs": 3, "batch": 4, "seed": 5}
    whole = list(videos.order(frames(COUNTS), **options))
    rest = list(videos.order(frames(COUNTS), first=first, **options))
    assert len(whole) == 6
    np.testing.assert_array_equal(rest, whole[first:])
