import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.training import labels, origin

TINY = config.Finetune(size=32, width=2, batch=4, steps=20, warmup_steps=2)


@pytest.mark.parametrize(
    ("fraction", "train", "validation"), [(1.0, 8, 4), (0.5, 4, 2), (0.1, 1, 1)]
)
def test_validation_shrinks_with_the_labels_but_keeps_a_patient(
    records, fraction, train, validation
):
    chosen = labels.choose(config.replace(TINY, fraction=fraction), records)["patients"]
    assert len(chosen["train"]) == train
    assert len(chosen["validation"]) == validation
    assert not set(chosen["train"]) & set(chosen["validation"])


def test_validation_stays_whole_where_the_recipe_says_so(records):
    recipe = config.replace(TINY, fraction=0.25, validation="full")
    chosen = labels.choose(recipe, records)["patients"]
    assert len(chosen["train"]) == 2
    assert chosen["validation"] == [*"ijkl"]


def test_records_without_validation_are_told(write_records, tmp_path):
    write_records(tmp_path, {"train": "ab"})
    with pytest.raises(errors.InputError, match="no labelled frame in the split valid"):
        labels.choose(TINY, tmp_path)


def test_a_fraction_that_selects_nobody_is_told(records):
    recipe = config.replace(TINY, fraction=0.01)
    with pytest.raises(errors.InputError, match="of 8 patients selects none"):
        labels.choose(recipe, records)


def test_frames_and_masks_are_those_of_the_patients_named(records):
    images, masks = labels.load(TINY, records, "train", patients=["c", "a"])
    assert images.shape == masks.shape == (4, 32, 32, 1)
    assert (images.dtype, masks.dtype) == (np.float32, np.uint8)
    assert 0 <= images.min() < images.max() <= 1
    assert set(np.unique(masks)) == {0, 1}
    # ED comes before ES, and its ventricle is dark and larger.
    areas = masks.sum(axis=(1, 2, 3))
    assert areas[0] > areas[1]
    assert areas[2] > areas[3]
    assert images[masks > 0].mean() < images[masks == 0].mean() - 0.4


def test_the_other_structures_are_kept_where_asked_for(surrounded):
    both = [
        labels.load(
            config.replace(TINY, structures=structures),
            surrounded,
            "train",
            patients=["a"],
        )[1]
        for structures in ("lv", "all")
    ]
    ventricle, everything = both
    assert set(np.unique(everything)) == {0, 1, 2, 3}
    assert set(np.unique(ventricle)) == {0, 1}
    np.testing.assert_array_equal(ventricle == 1, everything == 1)


@pytest.mark.parametrize(
    ("label", "structures", "sentence"),
    [
        (2, "lv", r"none of the 4 masks of train in .* shows a left ventricle"),
        (0, "lv", r"none of the 4 masks of train in .* shows a left ventricle"),
        (7, "lv", r"the 4 masks of train in .* hold the label 7, .* masks of 0 to 3"),
        (255, "all", r"hold the label 255, which is no structure"),
        (1, "all", r"none of the .* shows the myocardium, .*; set structures: lv"),
    ],
)
def test_masks_that_do_not_show_what_is_to_be_learnt_are_told(
    write_records, tmp_path, label, structures, sentence
):
    write_records(tmp_path, {"train": "ab"}, structure=label)
    recipe = config.replace(TINY, structures=structures)
    with pytest.raises(errors.InputError, match=sentence):
        labels.load(recipe, tmp_path, "train", patients=["a", "b"])


def test_validation_may_lack_a_structure_that_is_to_be_learnt(write_records, tmp_path):
    write_records(tmp_path, {"validation": "a"}, structure=1)
    recipe = config.replace(TINY, structures="all")
    _, found = labels.load(recipe, tmp_path, "validation", patients=["a"])
    assert set(np.unique(found)) == {0, 1}


def test_by_image_frames_are_drawn_one_by_one_and_nested(records):
    recipe = config.replace(TINY, fraction_by="image")
    drawn = [
        labels.choose(config.replace(recipe, fraction=fraction), records)
        for fraction in (0.25, 0.5, 1.0)
    ]
    assert [len(chosen["images"]) for chosen in drawn] == [4, 8, 16]
    for few, more in zip(drawn, drawn[1:]):
        assert set(few["images"]) < set(more["images"])
    patients = {name.split("/")[0] for name in drawn[1]["images"]}
    assert drawn[1]["patients"]["train"] == sorted(patients)
    assert len(patients) > 4
    assert "a/4CH/ED/0" in drawn[2]["images"]


def test_only_the_frames_drawn_are_read(records):
    every, _ = labels.load(TINY, records, "train", patients=["a", "b"])
    images, masks = labels.load(
        TINY,
        records,
        "train",
        patients=["a", "b"],
        images=["a/4CH/ES/0", "b/4CH/ED/0", "c/4CH/ED/0"],
    )
    assert images.shape == masks.shape == (2, 32, 32, 1)
    np.testing.assert_array_equal(images, every[[1, 2]])


def test_a_fraction_that_selects_no_image_is_told(records):
    recipe = config.replace(TINY, fraction=0.01, fraction_by="image")
    with pytest.raises(errors.InputError, match="of 16 images selects none"):
        labels.choose(recipe, records)


def test_a_patient_is_marked_by_its_frames_and_not_by_its_name(write_records, tmp_path):
    (tmp_path / "moved").mkdir()
    (tmp_path / "first").mkdir()
    first = write_records(tmp_path / "first", {"train": "ab", "test": "c"})
    moved = write_records(tmp_path / "moved", {"train": "c", "validation": "b"})
    known = labels.marks(first, ["train", "test"])
    assert labels.marks(moved, ["train", "validation"]) == {
        patient: known[patient] for patient in "bc"
    }
    assert labels.marks(first, ["train"], patients=["b"]) == {"b": known["b"]}
    assert len(set.union(*known.values())) == 6


def test_labels_of_a_patient_of_whom_records_hold_fewer_frames_are_known(
    write_records, tmp_path
):
    """As where they were built of one view, or without the end of systole."""
    (tmp_path / "fewer").mkdir()
    (tmp_path / "all").mkdir()
    fewer = write_records(tmp_path / "fewer", {"train": "abc"}, phases=["ED"])
    known = labels.marks(write_records(tmp_path / "all", {"train": "abc"}), ["train"])
    seen = labels.marks(fewer, ["train"], patients=["a", "b"])
    weights = {
        "folder": "model",
        origin.FRAMES: [mark for marks in seen.values() for mark in marks],
    }
    chosen = {"patients": {"train": ["a"]}}
    sentence = "model has learnt from the labels of 1 patients .* such as b;"
    with pytest.raises(errors.InputError, match=sentence):
        labels.refuse_more(weights, chosen, known)
    labels.refuse_more(weights, {"patients": {"train": ["a", "b"]}}, known)
