import dataclasses

import pytest

from echo_keras import config, errors

RECIPES = [config.Pretrain, config.Finetune]


@pytest.fixture
def recipe(tmp_path):
    """Write lines of YAML and return their file."""

    def write(text):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("kind", RECIPES)
def test_nothing_given_means_the_defaults(kind, recipe):
    assert config.load(kind) == kind()
    assert config.load(kind, recipe("# only a comment\n")) == kind()
    assert config.load(kind, batch=None) == kind()


def test_an_option_goes_before_the_file_and_the_file_before_the_default(recipe):
    path = recipe("steps: 7\nbatch: 3\n")
    loaded = config.load(config.Finetune, path, steps=9, seed=None)
    assert loaded == config.Finetune(steps=9, batch=3)


@pytest.mark.parametrize("text", ["1e-3", "0.001", "1.0e-3", "'0.001'"])
def test_a_rate_may_be_written_in_any_usual_way(recipe, text):
    loaded = config.load(config.Finetune, recipe(f"learning_rate: {text}"))
    assert loaded.learning_rate == 0.001
    assert isinstance(loaded.learning_rate, float)


def test_a_whole_number_serves_as_a_float(recipe):
    loaded = config.load(config.Finetune, recipe("fraction: 1"))
    assert isinstance(loaded.fraction, float)


def test_a_list_of_words_becomes_a_tuple(recipe):
    loaded = config.load(config.Pretrain, recipe("splits: [train, validation]"))
    assert loaded.splits == ("train", "validation")
    assert hash(loaded)


@pytest.mark.parametrize(
    "full",
    [
        config.Pretrain(splits=("train",), learning_rate=3e-7, views="paper"),
        config.Finetune(init="runs/encoder", augment="none", weight_decay=0.0),
        config.Finetune(init="no"),
    ],
)
def test_what_is_saved_loads_the_same(full, tmp_path):
    config.save(full, tmp_path / "recipe.yaml")
    assert config.load(type(full), tmp_path / "recipe.yaml") == full


@pytest.mark.parametrize("kind", RECIPES)
def test_a_saved_recipe_names_every_key(kind, tmp_path):
    config.save(kind(), tmp_path / "recipe.yaml")
    keys = [line.split(":")[0] for line in (tmp_path / "recipe.yaml").open()]
    assert {field.name for field in dataclasses.fields(kind)} <= set(keys)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("stpes: 3", r"recipe\.yaml: unknown key 'stpes'; .*\bsteps\b"),
        ("stpes: 3", "key 'stpes'; steps is the nearest. A Finetune recipe has "),
        ("3: 4\nstpes: 3", r"recipe\.yaml: unknown key 3; a Finetune recipe"),
        (
            "size: 64\nmethod: simclr",
            "unknown key 'method', as this is a recipe of echo-keras pretrain, not of "
            "echo-keras finetune$",
        ),
        ("fractions: [1]", "unknown key 'fractions', as this is .* echo-keras study,"),
        ("method: simclr\nloss: both", "unknown key 'method'; a Finetune recipe has"),
        ("network: vnet", r"recipe\.yaml: network is 'vnet'; choose .*unet, deeplabv3"),
        ("network: [unet]", "network is \\['unet'\\]; choose one of"),
        ("steps: 3.0", r"steps is 3\.0; it must be of type int"),
        ("steps: ten", "steps is 'ten'; it must be of type int"),
        ("steps: true", "steps is True; it must be of type int"),
        ("steps:", "steps is None; it must be of type int"),
        ("augment: 1", "augment is 1; choose one of none, mild, strong"),
        ("between: 1", "between is 1; it must be of type bool"),
        ("init: 3", "init is 3; it must be of type str"),
        ("learning_rate: fast", "learning_rate is 'fast'; it must be a number"),
        ("learning_rate: yes", "learning_rate is True; it must be a number"),
        ("learning_rate: [1]", r"learning_rate is \[1\]; it must be of type float"),
    ],
)
def test_a_mistake_is_told_by_file_key_and_value(recipe, line, sentence):
    with pytest.raises(errors.InputError, match=sentence) as mistake:
        config.load(config.Finetune, recipe(line))
    assert "recipe.yaml: " in str(mistake.value)


@pytest.mark.parametrize("value", ["train", "[1, 2]", "{a: b}"])
def test_splits_must_be_a_list_of_words(recipe, value):
    with pytest.raises(errors.InputError, match=r"splits is .*; give a list of words"):
        config.load(config.Pretrain, recipe(f"splits: {value}"))


@pytest.mark.parametrize(
    "line",
    ["steps: -1", "width: 0", "batch: -1", "size: 0", "learning_rate: 0"],
)
def test_counts_and_rates_must_be_positive(recipe, line):
    key, value = line.split(": ")
    with pytest.raises(errors.InputError, match=f"{key} is {value}.*must be above"):
        config.load(config.Finetune, recipe(line))


@pytest.mark.parametrize(
    "line", ["seed: -1", "warmup_steps: -3", "weight_decay: -1e-4"]
)
def test_nothing_is_negative(recipe, line):
    with pytest.raises(errors.InputError, match="must be above 0, or 0"):
        config.load(config.Finetune, recipe(line))


@pytest.mark.parametrize("value", [".nan", ".inf", "nan"])
def test_a_number_must_be_finite(recipe, value):
    with pytest.raises(errors.InputError, match=r"learning_rate is .* a number"):
        config.load(config.Finetune, recipe(f"learning_rate: {value}"))


def test_zero_is_fine_where_it_means_none(recipe):
    text = "seed: 0\nsubset_seed: 0\nwarmup_steps: 0\nweight_decay: 0\naverage_decay: 0"
    loaded = config.load(config.Finetune, recipe(f"{text}\nnorm_momentum: 0"))
    assert loaded == config.Finetune(
        warmup_steps=0, weight_decay=0, average_decay=0, norm_momentum=0
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- steps\n- 3", "must be lines of `key: value`, and is a list"),
        ("[size]: 3", r"(?s)cannot read recipe .*unhashable key"),
        ("size,width\n32,2", "lines of `key: value`, and is text of another kind"),
        ("size: 3\nsteps: 3\nsize: 4", "size stands in line 1 and again in line 3"),
        ("steps: [3", r"cannot read recipe .*recipe\.yaml"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(recipe, text, sentence):
    with pytest.raises(errors.InputError, match=sentence) as mistake:
        config.load(config.Finetune, recipe(text))
    assert "recipe.yaml" in str(mistake.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(errors.InputError, match=r"cannot read recipe .*nowhere\.yaml"):
        config.load(config.Finetune, tmp_path / "nowhere.yaml")


def test_code_in_yaml_is_refused(recipe):
    with pytest.raises(errors.InputError, match="cannot read recipe"):
        config.load(config.Finetune, recipe("seed: !!python/name:os.system"))


def test_a_recipe_cannot_be_changed_but_copied():
    recipe = config.Finetune()
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.steps = 3
    assert config.replace(recipe, steps=3) == config.Finetune(steps=3)
    assert recipe.steps != 3


@pytest.mark.parametrize(
    ("recipe", "values", "reason"),
    [
        (config.Finetune, {"seed": 2**31}, "seed is .* below"),
        (config.Finetune, {"average_decay": 1.0}, "average_decay is 1.0; .* below 1"),
        (config.Pretrain, {"apart": 10}, "apart is 10.0; it must be below 1"),
        (config.Pretrain, {"momentum": 1.5}, "momentum is 1.5; it must be below 1"),
        (config.Finetune, {"norm_momentum": 1.0}, "norm_momentum is 1.0; .* below 1"),
        (config.Finetune, {"layer_decay": 5}, "layer_decay is 5.0; .* at most 1"),
        (config.Pretrain, {"splits": []}, "splits is empty; name one"),
        (config.Pipeline, {"least_dice": 80}, "least_dice is 80.0; it must be below 1"),
        (config.Pretrain, {"splits": ["train", "test"]}, "splits holds test"),
    ],
)
def test_values_that_would_do_harm_are_refused(recipe, values, reason):
    with pytest.raises(errors.InputError, match=reason):
        config.load(recipe, **values)


@pytest.mark.parametrize(
    ("kind", "line", "wanted"),
    [
        (config.Finetune, "augment: true", {"augment": "mild"}),
        (config.Finetune, "augment: false", {"augment": "none"}),
        (config.Finetune, "augment: no", {"augment": "none"}),
        (config.Finetune, "mixed_precision: off", {"mixed_precision": "off"}),
        (config.Pretrain, "mixed_precision: off", {"mixed_precision": "off"}),
    ],
)
def test_a_word_that_yaml_reads_as_yes_or_no_is_understood(recipe, kind, line, wanted):
    assert config.load(kind, recipe(line)) == kind(**wanted)


def test_a_floor_of_zero_lets_every_model_pass():
    recipe = config.load(config.Pipeline, least_dice=0, least_slice_dice=0)
    assert recipe.least_dice == recipe.least_slice_dice == 0


def test_steps_may_be_zero_where_the_patients_decide(recipe):
    assert config.load(config.Finetune, recipe("steps: 0")).steps == 0


def test_epochs_may_be_zero_where_steps_count_instead(recipe):
    assert config.load(config.Finetune, recipe("epochs: 0")).epochs == 0
    with pytest.raises(errors.InputError, match="epochs is 0; it must be above 0"):
        config.load(config.Pretrain, recipe("epochs: 0"))
