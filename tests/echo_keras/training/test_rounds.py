import json
import re
import shutil

import pytest
import yaml

from echo_keras import config, errors
from echo_keras.training import finetune, initial, length, pseudo, rounds, work

TINY = config.Finetune(
    size=32,
    width=2,
    batch=4,
    steps=3,
    warmup_steps=1,
    fraction=0.5,
    subset_seed=1,
    seed=2,
    mixed_precision="off",
)
NETWORK = {"size": 32, "width": 2, "batch": 4, "warmup_steps": 1}

pytestmark = pytest.mark.usefixtures("small_network")


@pytest.fixture
def write(tmp_path):
    """Function that writes the recipe of a tiny network and gives its path."""

    def written(name, **values):
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**NETWORK, **values}))
        return str(path)

    return written


@pytest.fixture
def finished(half_labelled, tmp_path, write):
    """Recipe of a student whose teacher is there, and its own network not."""
    recipe = config.replace(TINY, teachers=(write("first"),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    shutil.rmtree(tmp_path / "last")
    return recipe


@pytest.fixture
def untrained(monkeypatch):
    """Runs must end before they train."""

    def run(*_):
        raise AssertionError("it has begun to train")

    monkeypatch.setattr(finetune, "run", run)


def test_teachers_of_teachers_are_trained_first_on_the_same_labels(
    half_labelled, tmp_path, write, capsys
):
    write("first", optimizer="adam")
    second = write("second", teachers=["first.yaml"])
    recipe = config.replace(TINY, teachers=("hearts", second))
    summary = rounds.run(recipe, half_labelled, tmp_path / "last")
    assert summary["pseudo"]["patients"] == 5
    place = tmp_path / "last-teachers"
    folders = [tmp_path / "last", place / "second", place / "first"]
    made = [initial.recipe_of(str(folder)) for folder in folders]
    for recipe in made:
        shared = {name: getattr(recipe, name) for name in rounds.SHARED}
        assert shared == {name: getattr(TINY, name) for name in rounds.SHARED}
    assert [recipe.optimizer for recipe in made] == ["adamw", "adamw", "adam"]
    taught = [given["folder"] for given in summary["teachers"]]
    assert taught == ["hearts", str(place / "second")]
    assert made[1].teachers == (str(place / "first"),)
    said = capsys.readouterr().err
    told = [line for line in said.splitlines() if line.startswith("network ")]
    assert told == [
        f"network 1 of 3: the teacher {folders[2]}",
        f"network 2 of 3: the teacher {folders[1]}",
        f"network 3 of 3: {folders[0]}",
    ]
    assert said.count("teachers label 10 frames of 5 patients\n") == 2
    assert len(re.findall(r"^validation dice 0\.\d{3} of 4 frames$", said, re.M)) == 2


def test_a_recipe_that_teaches_twice_is_trained_once(half_labelled, tmp_path, write):
    write("first")
    second = write("second", teachers=["first.yaml"])
    recipe = config.replace(TINY, teachers=(str(tmp_path / "first.yaml"), second))
    summary = rounds.run(recipe, half_labelled, tmp_path / "last")
    first, second = summary["teachers"]
    assert second["teachers"][0] == first


def test_the_real_network_is_taught_so_too(half_labelled, tmp_path, write, monkeypatch):
    monkeypatch.undo()  # the small network
    monkeypatch.chdir(tmp_path)
    write("first", init="hearts", width=16)
    recipe = config.replace(TINY, steps=1, teachers=("hearts", "first.yaml"))
    summary = rounds.run(recipe, half_labelled, "last")
    assert summary["teachers"][1]["folder"] == "last-teachers/first"
    assert (tmp_path / "last" / initial.MODEL_FILE).is_file()


def test_settings_of_a_teacher_that_the_run_chooses_are_named(
    half_labelled, tmp_path, write, capsys
):
    first = write("first", steps=400, seed=2, mixed_precision="bfloat16")
    recipe = config.replace(TINY, teachers=(first,))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    said = capsys.readouterr().err
    for name, value in (("steps", 3), ("mixed_precision", "off")):
        wanted = f"note: {name} of {first} has no effect beside {name}: {value} of the"
        assert wanted in said
    assert said.count("has no effect") == 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"epochs": 1}, "epochs: 1"),
        ({"steps": 0}, "the labelled patients"),
    ],
)
def test_what_decides_the_length_in_place_of_a_teacher_is_named(
    half_labelled, tmp_path, write, capsys, monkeypatch, values, told
):
    monkeypatch.setattr(length, "LEAST", 2)
    monkeypatch.setattr(length, "STEPS", 2)
    first = write("first", steps=400)
    recipe = config.replace(TINY, teachers=(first,), **values)
    rounds.run(recipe, half_labelled, tmp_path / "last")
    assert f"note: steps of {first} has no effect beside {told} of the run that" in (
        capsys.readouterr().err
    )


def test_a_teacher_that_is_there_is_not_trained_again(
    half_labelled, tmp_path, finished, capsys, monkeypatch
):
    folder = tmp_path / "last-teachers/first"
    made = (folder / initial.MODEL_FILE).stat().st_mtime_ns
    monkeypatch.chdir(tmp_path)
    rounds.run(finished, half_labelled, "last")
    said = capsys.readouterr().err
    assert "teacher last-teachers/first\nit is trained already, by echo-keras" in said
    assert (folder / initial.MODEL_FILE).stat().st_mtime_ns == made


def test_teachers_of_teachers_are_found_from_another_folder(
    half_labelled, tmp_path, write, monkeypatch, capsys
):
    write("first")
    recipe = config.replace(TINY, teachers=(write("second", teachers=["first.yaml"]),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    shutil.rmtree(tmp_path / "last")
    monkeypatch.chdir(tmp_path)
    rounds.run(recipe, half_labelled, "last")
    assert capsys.readouterr().err.count("is trained already") == 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"subset_seed": 3}, "first is of another run, with subset_seed 1 and not 3"),
        ({"steps": 4}, "with steps 3 and not 4; give what was given then, remove .*"),
        ({"epochs": 40}, "with steps 3 and not 80;"),
    ],
)
def test_a_teacher_of_another_run_is_refused(
    half_labelled, tmp_path, finished, values, sentence
):
    other = config.replace(finished, **values)
    with pytest.raises(errors.InputError, match=sentence):
        rounds.run(other, half_labelled, tmp_path / "last")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, None),
        ({"epochs": 5}, "with steps 2 and not 10;"),
        ({"epochs": 0, "steps": 3}, "with steps 2 and not 3;"),
    ],
)
def test_teachers_of_epochs_are_known_again(
    half_labelled, tmp_path, write, capsys, values, sentence
):
    recipe = config.replace(TINY, epochs=1, teachers=(write("first"),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    shutil.rmtree(tmp_path / "last")
    again = config.replace(recipe, **values)
    if sentence is None:
        rounds.run(again, half_labelled, tmp_path / "last")
        assert "is trained already" in capsys.readouterr().err
    else:
        with pytest.raises(errors.InputError, match=sentence):
            rounds.run(again, half_labelled, tmp_path / "last")


def test_a_teacher_of_other_first_weights_is_refused(half_labelled, tmp_path, write):
    folder = tmp_path / "begin"
    finetune.run(config.replace(TINY, steps=1), half_labelled, folder)
    recipe = config.replace(TINY, teachers=(write("first", init=str(folder)),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    shutil.rmtree(tmp_path / "last")
    shutil.rmtree(folder)
    finetune.run(config.replace(TINY, steps=2), half_labelled, folder)
    with pytest.raises(errors.InputError, match="another run, with other first weigh"):
        rounds.run(recipe, half_labelled, tmp_path / "last")


def test_a_teacher_of_other_records_is_refused(half_labelled, tmp_path, finished):
    others = shutil.copytree(half_labelled, tmp_path / "others")
    manifest = json.loads((others / "manifest.json").read_text())
    manifest["source_fingerprint"] = "of another source"
    (others / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(errors.InputError, match="of another run, with other records"):
        rounds.run(finished, others, tmp_path / "last")


def test_a_teacher_whose_length_was_open_is_known_again(
    half_labelled, tmp_path, write, capsys, monkeypatch
):
    """Four patients or five take 100 steps where 15 take 150, and one would take 2."""
    monkeypatch.setattr(length, "LEAST", 2)
    monkeypatch.setattr(length, "STEPS", 150)
    recipe = config.replace(TINY, steps=0, teachers=(write("first"),))
    assert rounds.run(recipe, half_labelled, tmp_path / "last")["steps"] == 100
    shutil.rmtree(tmp_path / "last")
    rounds.run(recipe, half_labelled, tmp_path / "last")
    assert "is trained already" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "last")
    monkeypatch.setattr(length, "STEPS", 300)
    with pytest.raises(errors.InputError, match="with steps 100 and not 200;"):
        rounds.run(recipe, half_labelled, tmp_path / "last")


@pytest.mark.usefixtures("untrained")
def test_an_output_that_another_run_has_begun_is_told_before_a_teacher_is_trained(
    half_labelled, tmp_path, write
):
    begun = tmp_path / "last.partial"
    (begun / work.CHECKPOINTS).mkdir(parents=True)
    (begun / work.CHECKPOINTS / "checkpoint").touch()
    (begun / work.IDENTITY_FILE).write_text(json.dumps({"batch": 5}))
    recipe = config.replace(TINY, teachers=(write("first"),))
    with pytest.raises(errors.InputError, match=r"last\.partial was begun with"):
        rounds.run(recipe, half_labelled, tmp_path / "last")


@pytest.mark.usefixtures("untrained")
def test_a_folder_of_something_else_is_told_before_any_teacher_is_trained(
    half_labelled, tmp_path, write
):
    taken = tmp_path / "last-teachers/second"
    taken.mkdir(parents=True)
    (taken / "notes.txt").touch()
    recipe = config.replace(TINY, teachers=(write("first"), write("second")))
    sentence = r"second\.yaml: .*last-teachers/second"
    with pytest.raises(errors.InputError, match=sentence):
        rounds.run(recipe, half_labelled, tmp_path / "last")


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("listed", "sentence"),
    [(True, "video of another patient than the 8 labe"), (False, "video in the spli")],
)
def test_records_without_a_patient_to_label_are_told_before_any_network_is_trained(
    records, half_labelled, tmp_path, write, monkeypatch, listed, sentence
):
    monkeypatch.setattr(pseudo, "SPLITS", ("train",))  # no patient is unlisted
    recipe = config.replace(TINY, fraction=1.0, teachers=(write("first"),))
    with pytest.raises(errors.InputError, match=f"holds no unlabelled {sentence}"):
        rounds.run(recipe, half_labelled if listed else records, tmp_path / "last")


@pytest.mark.usefixtures("untrained")
def test_a_recipe_that_leads_to_itself_is_refused(tmp_path, write):
    write("third", teachers=["second.yaml"])
    second = write("second", teachers=["third.yaml"])
    recipe = config.replace(TINY, teachers=(write("first"), second))
    with pytest.raises(errors.InputError, match=r"second\.yaml leads to itself by way"):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


@pytest.mark.usefixtures("untrained")
def test_a_recipe_that_leads_to_itself_by_another_path_is_refused(tmp_path, write):
    first = write("first", teachers=[f"../{tmp_path.name}/first.yaml"])
    recipe = config.replace(TINY, teachers=(first,))
    with pytest.raises(errors.InputError, match=r"first\.yaml leads to itself by way"):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


def test_one_recipe_by_two_paths_is_trained_once(
    half_labelled, tmp_path, write, monkeypatch
):
    write("first")
    second = write("second", teachers=["first.yaml"])
    monkeypatch.chdir(tmp_path)
    recipe = config.replace(TINY, teachers=("first.yaml", second))
    first, second = rounds.run(recipe, half_labelled, "last")["teachers"]
    assert second["teachers"][0] == first


@pytest.mark.usefixtures("untrained")
def test_two_recipes_of_one_name_are_refused(tmp_path, write):
    (tmp_path / "other").mkdir()
    recipe = config.replace(TINY, teachers=(write("first"), write("other/first")))
    with pytest.raises(
        errors.InputError, match=r"would both be trained into .*/first;"
    ):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("teacher", "own", "sentence"),
    [
        ({}, {"batch": 1}, "a batch of 1 has no room"),
        ({}, {"structures": "all"}, r"first\.yaml knows the left ventricle alone"),
        ({"aspect": "keep"}, {}, r"first\.yaml was fine-tuned with aspect keep"),
        ({"teachers": ["lost.yaml"]}, {}, r"cannot read recipe .*lost\.yaml: no such"),
        ({"teachers": ["lost"]}, {}, r"first\.yaml: there is no folder lost; gi"),
        ({"keep": "best"}, {}, "keep: best takes the weights of one step, but average"),
        (
            {"keep": "best", "average_decay": 0.0, "checks": 1},
            {"steps": 0},
            "keep: best has one check to choose from, as the steps are to be divided",
        ),
    ],
)
def test_what_cannot_be_is_told_before_any_network_is_trained(
    tmp_path, write, teacher, own, sentence
):
    recipe = config.replace(TINY, teachers=(write("first", **teacher),), **own)
    with pytest.raises(errors.InputError, match=sentence):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


def test_first_weights_that_do_not_fit_are_told_before_any_network_is_trained(
    tmp_path, write, monkeypatch
):
    monkeypatch.undo()  # the small network
    monkeypatch.setattr(finetune, "run", None)
    recipe = config.replace(TINY, init="hearts", teachers=(write("first"),))
    with pytest.raises(errors.InputError, match="hearts was fine-tuned with width 16"):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


@pytest.mark.usefixtures("untrained")
def test_an_output_that_is_there_is_told_before_any_network_is_trained(tmp_path, write):
    (tmp_path / "last").write_text("here")
    recipe = config.replace(TINY, teachers=(write("first"),))
    with pytest.raises(errors.InputError, match="last exists and is not empty"):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")
