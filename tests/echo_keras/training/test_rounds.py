import pytest
import yaml

from echo_keras import config, errors
from echo_keras.training import finetune, initial, rounds

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


def test_teachers_of_teachers_are_trained_first_on_the_same_labels(
    half_labelled, tmp_path, write, capsys
):
    first = write("first", steps=400, seed=9, optimizer="adam")
    second = write("second", teachers=[first], fraction=1.0)
    recipe = config.replace(TINY, teachers=("hearts", second))
    summary = rounds.run(recipe, half_labelled, tmp_path / "last")
    assert summary["pseudo"]["patients"] == 5
    begun = tmp_path / "last-teachers/second"
    folders = [tmp_path / "last", begun, begun.with_name("second-teachers") / "first"]
    taught = [initial.finetuned(str(folder))[1] for folder in folders]
    for made in taught:
        shared = {name: getattr(made, name) for name in rounds.SHARED}
        assert shared == {name: getattr(TINY, name) for name in rounds.SHARED}
    assert [made.optimizer for made in taught] == ["adamw", "adamw", "adam"]
    assert [given["folder"] for given in summary["teachers"]] == ["hearts", str(begun)]
    assert taught[1].teachers == (str(folders[2]),)
    said = capsys.readouterr().err
    assert said.index(f"teacher {folders[2]}\n") < said.index(f"teacher {begun}\n")


def test_a_teacher_that_is_there_is_not_trained_again(
    half_labelled, tmp_path, write, capsys
):
    recipe = config.replace(TINY, teachers=(write("first"),), epochs=1)
    rounds.run(recipe, half_labelled, tmp_path / "last")
    folder = tmp_path / "last-teachers/first"
    made = (folder / initial.MODEL_FILE).stat().st_mtime_ns
    (tmp_path / "last").rename(tmp_path / "kept")
    capsys.readouterr()
    rounds.run(recipe, half_labelled, tmp_path / "last")
    assert f"{folder} is trained already\n" in capsys.readouterr().err
    assert (folder / initial.MODEL_FILE).stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("values", "odd"), [({"subset_seed": 3}, "subset_seed"), ({"steps": 4}, "steps")]
)
def test_a_teacher_of_another_run_is_refused(
    half_labelled, tmp_path, write, values, odd
):
    recipe = config.replace(TINY, teachers=(write("first"),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    (tmp_path / "last").rename(tmp_path / "kept")
    other = config.replace(recipe, **values)
    with pytest.raises(errors.InputError, match=f"another run, with other {odd}; rem"):
        rounds.run(other, half_labelled, tmp_path / "last")


def test_a_teacher_of_other_first_weights_is_refused(half_labelled, tmp_path, write):
    folder = tmp_path / "begin"
    finetune.run(config.replace(TINY, steps=1), half_labelled, folder)
    recipe = config.replace(TINY, teachers=(write("first", init=str(folder)),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    (tmp_path / "last").rename(tmp_path / "kept")
    folder.rename(tmp_path / "begun")
    finetune.run(config.replace(TINY, steps=2), half_labelled, folder)
    with pytest.raises(errors.InputError, match="another run, with other init; remov"):
        rounds.run(recipe, half_labelled, tmp_path / "last")


def test_a_teacher_of_other_records_is_refused(
    half_labelled, surrounded, tmp_path, write
):
    recipe = config.replace(TINY, teachers=(write("first"),))
    rounds.run(recipe, half_labelled, tmp_path / "last")
    (tmp_path / "last").rename(tmp_path / "kept")
    with pytest.raises(errors.InputError, match="with other records_fingerprint; rem"):
        rounds.run(recipe, surrounded, tmp_path / "last")


def test_a_recipe_that_leads_to_itself_is_refused(tmp_path, write):
    first = write("first", teachers=[str(tmp_path / "second.yaml")])
    write("second", teachers=[first])
    recipe = config.replace(TINY, teachers=(first,))
    with pytest.raises(errors.InputError, match=r"first\.yaml leads to itself by way"):
        rounds.run(recipe, tmp_path / "nowhere", tmp_path / "last")


def test_two_teachers_of_one_name_are_refused(half_labelled, tmp_path, write):
    first = write("first")
    (tmp_path / "other").mkdir()
    second = write("other/first")
    recipe = config.replace(TINY, teachers=(first, second))
    with pytest.raises(errors.InputError, match="two teachers would be written to"):
        rounds.run(recipe, half_labelled, tmp_path / "last")


def test_what_the_last_network_is_refused_for_is_told_before_any_is_trained(
    half_labelled, tmp_path, write
):
    (tmp_path / "last").write_text("here")
    recipe = config.replace(TINY, teachers=(write("first"),))
    with pytest.raises(errors.InputError, match="last exists and is not empty"):
        rounds.run(recipe, half_labelled, tmp_path / "last")
    with pytest.raises(errors.InputError, match="a batch of 1 has no room"):
        rounds.run(config.replace(recipe, batch=1), half_labelled, tmp_path / "another")
    assert not [*tmp_path.glob("*-teachers")]
