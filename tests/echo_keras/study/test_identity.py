"""A cell is told from one of another study by its settings, teacher and weights."""

import pytest

from echo_keras import config, errors
from echo_keras.study import identity, plan

PLAN = {"identity": {"init": "random", "size": 96}, "teachers": [], "weights": None}


def taught(folder, recipe):
    """Cells of a network and of the student that it teaches, whose recipe this is."""
    (folder / "unet.yaml").write_text("batch: 4\n")
    (folder / "student.yaml").write_text(recipe)
    study = config.load(
        config.Study,
        recipes=["unet.yaml", "student.yaml"],
        teachers=["student unet"],
        fractions=[0.5],
        subsets=1,
    )
    return plan.cells(study, folder)


def test_a_plan_holds_the_settings_of_the_teacher_too(tmp_path):
    unet, student = taught(tmp_path, "batch: 5\n")
    plans = identity.plans([unet, student])
    assert plans[unet.name]["teachers"] == []
    assert plans[student.name]["teachers"] == [unet.identity]
    assert plans[student.name]["identity"]["teachers"] == [unet.name]


def test_a_plan_holds_what_its_pretraining_begins_with(tmp_path):
    weights = tmp_path / "first.h5"
    weights.write_bytes(b"1")
    (tmp_path / "simclr.yaml").write_text(f"init: {weights}\n")
    study = config.load(config.Study, inits=["simclr.yaml"], fractions=[0.5], subsets=1)
    [cell] = plan.cells(study, tmp_path)
    before = identity.plans([cell])[cell.name]
    weights.write_bytes(b"2")
    with pytest.raises(errors.InputError, match="held other weights then"):
        identity.refuse_other("here", before, identity.plans([cell])[cell.name])


def test_a_plan_holds_the_weights_of_a_teacher_that_its_recipe_names(tmp_path):
    weights = tmp_path / "teacher" / "model.keras"
    weights.parent.mkdir()
    weights.write_bytes(b"1")
    (tmp_path / "student.yaml").write_text(f"teachers: [hearts, {weights.parent}]\n")
    study = config.load(
        config.Study, recipes=["student.yaml"], fractions=[0.5], subsets=1
    )
    [cell] = plan.cells(study, tmp_path)
    before = identity.plans([cell])[cell.name]
    assert identity.refuse_other("here", before, before) is None
    without = {key: before[key] for key in PLAN}
    assert identity.refuse_other("here", without, before) is None
    weights.write_bytes(b"2")
    with pytest.raises(errors.InputError, match="teacher held other weights then"):
        identity.refuse_other("here", before, identity.plans([cell])[cell.name])


def test_a_plan_holds_the_teachers_of_study_and_recipe(tmp_path):
    weights = tmp_path / "teacher" / "model.keras"
    weights.parent.mkdir()
    weights.write_bytes(b"1")
    unet, student = taught(tmp_path, f"teachers: [{weights.parent}]\n")
    found = identity.plans([unet, student])[student.name]
    assert found["identity"]["teachers"] == [str(weights.parent), unet.name]
    assert found["teachers"] == [unet.identity]
    assert found["taught_by"].keys() == {str(weights.parent)}


def test_weights_that_are_gone_are_not_told_as_others():
    begun = {**PLAN, "identity": {"init": "runs/first"}, "weights": "abc"}
    wanted = {**begun, "weights": None}
    with pytest.raises(errors.InputError, match="in runs/first, where there are none"):
        identity.refuse_other("here", begun, wanted)


def test_the_same_plan_is_not_refused_nor_one_without_a_younger_setting():
    older = {"identity": {"init": "random"}}
    for begun in (PLAN, older):
        assert identity.refuse_other("here", begun, PLAN) is None


def test_steps_beside_epochs_decide_nothing():
    begun = {"identity": {"init": "random", "epochs": 50, "steps": 500}}
    wanted = {"identity": {"init": "random", "epochs": 50, "steps": 0}}
    assert identity.refuse_other("here", {**PLAN, **begun}, {**PLAN, **wanted}) is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"identity": {"init": "random", "steps": 7}}, "with steps 0 and not 7; name"),
        ({"identity": {"init": "random", "size": 64}}, "with size 96 and not 64; name"),
        ({"weights": "abc"}, "random held other weights then; name another --scores"),
    ],
)
def test_another_plan_is_refused(changes, told):
    with pytest.raises(errors.InputError, match=told):
        identity.refuse_other("here", PLAN, {**PLAN, **changes}, option="--scores")
