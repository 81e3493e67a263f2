import keras
import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.models import heads
from echo_keras.training import initial, labels, pseudo

TINY = config.Finetune(size=32, width=2, batch=4)
TRAIN = [*"abcdefgh"]


@pytest.fixture
def teach(tmp_path):
    """Function that leaves a teacher which takes what is dark for the ventricle."""

    def write(*, level=0.4, name="teacher", **options):
        folder = tmp_path / name
        folder.mkdir()
        recipe = config.replace(TINY, **options)
        frame = keras.Input((recipe.size, recipe.size, 1))
        logits = keras.layers.Rescaling(-50.0, offset=50.0 * level)(frame)
        if recipe.structures == "all":
            nothing = keras.layers.Rescaling(0.0)(logits)
            logits = keras.layers.Concatenate()([nothing, logits, nothing, nothing])
        model = keras.Model(frame, heads.probabilities(logits))
        model.save(folder / initial.MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        return config.replace(TINY, teachers=(str(folder),))

    return write


def taught(recipe, data, *, labelled):
    """What a run learns from its teachers."""
    return pseudo.load(recipe, data, pseudo.teachers(recipe), labelled=labelled)


@pytest.mark.parametrize("size", [32, 48])
@pytest.mark.parametrize("structures", ["lv", "all"])
def test_the_teacher_labels_both_frames_of_all_who_have_no_label(
    half_labelled, teach, size, structures
):
    recipe = teach(size=size, structures=structures)
    (images, masks), facts = taught(recipe, half_labelled, labelled=[*"abc"])
    assert facts == {"patients": 6, "frames": 12, "left_out": 0}
    assert images.shape == masks.shape == (12, 32, 32, 1)
    assert (images.dtype, masks.dtype) == (np.float32, np.uint8)
    truth = labels.load(recipe, half_labelled, "train", patients=[*"defgh"])
    np.testing.assert_array_equal(images[:10], truth[0])
    agree = np.mean(masks[:10] == truth[1])
    assert agree > (0.97 if size == 32 else 0.93)


def test_no_frame_of_validation_or_test_is_read(half_labelled, teach):
    recipe = teach()
    (images, _), _ = taught(recipe, half_labelled, labelled=TRAIN)
    assert len(images) == 2  # the two of the patient in no split
    for split, patients in (("validation", "ijkl"), ("test", "m")):
        kept_back, _ = labels.load(recipe, half_labelled, split, patients=patients)
        for one in kept_back:
            assert np.abs(images - one).max(axis=(1, 2, 3)).min() > 0.1


def test_a_student_of_all_structures_learns_all(half_labelled, teach):
    recipe = config.replace(teach(structures="all"), structures="all")
    (images, masks), _ = taught(recipe, half_labelled, labelled=[*"abc"])
    alone = config.replace(recipe, structures="lv")
    (_, wanted), _ = taught(alone, half_labelled, labelled=[*"abc"])
    assert masks.shape == images.shape
    assert set(np.unique(masks)) == {0, 1}
    assert np.mean((masks == 1) == wanted) > 0.97


def test_one_sure_teacher_outweighs_two_that_doubt(half_labelled, teach, monkeypatch):
    says = iter([0.9, 0.4, 0.4])
    monkeypatch.setattr(
        pseudo, "_answers", lambda *_: np.full((12, 32, 32, 1), next(says))
    )
    folder = teach().teachers[0]
    recipe = config.replace(TINY, teachers=(folder,) * 3)
    (_, masks), _ = taught(recipe, half_labelled, labelled=[*"abc"])
    assert masks.all()


def test_of_several_teachers_the_one_that_does_not_suit_is_named(half_labelled, teach):
    good, bad = teach().teachers[0], teach(name="bad", aspect="keep").teachers[0]
    recipe = config.replace(TINY, teachers=(good, bad))
    with pytest.raises(errors.InputError, match="bad was fine-tuned with aspect keep"):
        taught(recipe, half_labelled, labelled=["a"])


def test_several_teachers_that_see_nothing_are_named(half_labelled, teach):
    folder = teach(level=0.0).teachers[0]
    recipe = config.replace(TINY, teachers=(folder, folder))
    with pytest.raises(errors.InputError, match="teacher with 1 more finds no left"):
        taught(recipe, half_labelled, labelled=["a"])


def test_of_several_teachers_the_mean_counts(half_labelled, teach):
    """One sees the ventricle in what is dark, one surely everywhere, one nowhere."""
    dark, everywhere, nowhere = (
        teach(name=name, level=level, size=size).teachers[0]
        for name, level, size in (("a", 0.4, 32), ("b", 9.0, 48), ("c", -9.0, 32))
    )
    found = {}
    for names in ((dark,), (dark, everywhere, nowhere), (dark, everywhere, everywhere)):
        recipe = config.replace(TINY, teachers=names)
        (_, found[names]), _ = taught(recipe, half_labelled, labelled=[*"abc"])
    alone, balanced, outvoted = found.values()
    np.testing.assert_array_equal(balanced, alone)
    assert 0 < alone.mean() < outvoted.mean() == 1


def test_a_student_of_all_structures_gets_their_labels():
    answer = np.zeros((1, 32, 32, 4), np.float32)
    for column in range(4):
        answer[:, :, 8 * column : 8 * column + 8, column] = 0.9
    decided = pseudo._decided(answer)
    np.testing.assert_array_equal(decided[0, 0, ::8, 0], [0, 1, 2, 3])


def test_a_teacher_that_finds_no_ventricle_anywhere_is_refused(half_labelled, teach):
    recipe = teach(level=0.0)
    sentence = "finds no left ventricle in any of the 12 frames without labels"
    with pytest.raises(errors.InputError, match=sentence):
        taught(recipe, half_labelled, labelled=[*"abc"])


def test_frames_without_a_ventricle_are_left_out_and_counted(
    half_labelled, teach, monkeypatch
):
    masks = np.zeros((12, 32, 32, 1), np.uint8)
    masks[3:] = 1  # two frames a patient
    monkeypatch.setattr(pseudo, "_decided", lambda answers: masks)
    (images, masks), facts = taught(teach(), half_labelled, labelled=[*"abc"])
    assert facts == {"patients": 5, "frames": 9, "left_out": 3}
    assert len(images) == len(masks) == 9


@pytest.mark.parametrize(
    ("theirs", "own", "sentence"),
    [
        ({}, {"structures": "all"}, "knows the left ventricle alone and cannot teach"),
        ({"aspect": "keep"}, {}, "aspect keep, not stretch; set aspect: keep"),
    ],
)
def test_a_teacher_that_does_not_suit_is_refused(
    half_labelled, teach, theirs, own, sentence
):
    recipe = config.replace(teach(**theirs), **own)
    with pytest.raises(errors.InputError, match=sentence):
        taught(recipe, half_labelled, labelled=["a"])


def test_nobody_left_to_label_is_told(half_labelled, teach):
    with pytest.raises(errors.InputError, match="of another patient than the 9 label"):
        taught(teach(), half_labelled, labelled=[*TRAIN, "z"])


def test_a_teacher_that_is_none_is_told(half_labelled, tmp_path):
    recipe = config.replace(TINY, teachers=(str(tmp_path / "nowhere"),))
    with pytest.raises(errors.InputError, match=r"no folder .*nowhere; give"):
        taught(recipe, half_labelled, labelled=["a"])
