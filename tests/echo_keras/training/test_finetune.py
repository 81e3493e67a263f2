import json
import shutil

import keras
import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.data import tfrecords
from echo_keras.models import norms, unet
from echo_keras.training import (
    finetune,
    fitting,
    initial,
    labels,
    layerwise,
    length,
    optimizers,
    origin,
    pseudo,
)

TINY = config.Finetune(
    size=32, width=2, batch=4, steps=20, warmup_steps=2, mixed_precision="off"
)


@pytest.fixture(scope="module")
def finished(records, tmp_path_factory):
    """A short run: its folder, its recipe and what it returned."""
    folder = tmp_path_factory.mktemp("runs") / "model"
    recipe = config.replace(TINY, fraction=0.5, steps=60)
    return folder, recipe, finetune.run(recipe, records, folder)


def weights(folder):
    model = keras.models.load_model(folder / initial.MODEL_FILE)
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def test_a_few_steps_lower_the_loss(finished):
    _, _, summary = finished
    assert summary["loss"][-1] < 0.8 * summary["loss"][0]
    assert summary["validation_loss"][-1] < summary["validation_loss"][0]


def test_the_curves_cover_the_whole_run(finished):
    _, _, summary = finished
    assert summary["step"] == [6, 12, 18, 24, 30, 36, 42, 48, 54, 60]
    for curve in ("loss", "validation_loss", "validation_dice"):
        assert len(summary[curve]) == 10


def test_the_folder_holds_model_recipe_and_summary(finished):
    folder, recipe, summary = finished
    assert sorted(path.name for path in folder.iterdir()) == [
        "finetune.json",
        "model.keras",
        "recipe.yaml",
    ]
    assert json.loads((folder / "finetune.json").read_text()) == summary
    assert config.load(config.Finetune, folder / initial.RECIPE_FILE) == recipe
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_the_summary_says_what_was_used(finished, records):
    _, _, summary = finished
    assert summary["dataset"] == "echonet"
    assert summary["source_fingerprint"] == "0123abcd"
    for split, count in (("train", 4), ("validation", 2)):
        assert len(summary["patients"][split]) == count
        assert set(summary["patients"][split]) <= {*tfrecords.patients(records, split)}
        assert summary["frames"][split] == 2 * count


def test_the_saved_model_scores_what_the_summary_says(finished, records):
    folder, recipe, summary = finished
    model = keras.models.load_model(folder / initial.MODEL_FILE)
    patients = summary["patients"]["validation"]
    images, masks = labels.load(recipe, records, "validation", patients=patients)
    probability = model.predict(images, verbose=0)
    assert probability.shape == masks.shape
    assert probability.dtype == np.float32
    scores = [
        2 * np.sum(mask * (one >= 0.5)) / np.sum(mask + (one >= 0.5))
        for mask, one in zip(masks, probability)
    ]
    assert summary["dice"] == pytest.approx(np.mean(scores), abs=1e-5)


def test_the_same_seed_gives_the_same_weights(finished, records, tmp_path):
    folder, recipe, _ = finished
    finetune.run(recipe, records, tmp_path / "again")
    np.testing.assert_array_equal(weights(tmp_path / "again"), weights(folder))


@pytest.mark.usefixtures("small_network")
def test_another_seed_gives_other_weights(records, tmp_path):
    for name, seed in (("one", 3), ("other", 4)):
        finetune.run(config.replace(TINY, seed=seed), records, tmp_path / name)
    difference = weights(tmp_path / "one") - weights(tmp_path / "other")
    assert np.abs(difference).max() > 0.01


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    ("frames", "batch", "epochs", "steps"),
    [(16, 4, 1, 4), (16, 5, 3, 12), (16, 64, 3, 3)],
)
def test_epochs_are_passes_over_the_labelled_frames(
    records, tmp_path, frames, batch, epochs, steps
):
    recipe = config.replace(TINY, batch=batch, epochs=epochs)
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert summary["frames"]["train"] == frames
    assert summary["steps"] == steps
    saved = config.load(config.Finetune, tmp_path / "model" / initial.RECIPE_FILE)
    assert (saved.steps, saved.epochs) == (steps, 0)
    assert saved.batch == min(batch, 16)


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("steps", [1, 7, 11, 25])
def test_exactly_the_steps_of_the_recipe_are_run(records, tmp_path, capsys, steps):
    recipe = config.replace(TINY, steps=steps, batch=1)
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert summary["step"][-1] == steps
    assert f"finetune {steps}/{steps} steps" in capsys.readouterr().err


@pytest.mark.usefixtures("small_network")
def test_a_run_of_no_length_takes_the_steps_of_its_patients(
    records, tmp_path, monkeypatch
):
    """Eight patients take 142 where 15 take 190, and their 16 frames would take 196."""
    monkeypatch.setattr(length, "LEAST", 7)
    monkeypatch.setattr(length, "STEPS", 190)
    recipe = config.replace(TINY, steps=0, batch=1)
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert len(summary["patients"]["train"]) == 8
    assert summary["steps"] == 100
    saved = config.load(config.Finetune, tmp_path / "model" / initial.RECIPE_FILE)
    assert saved.steps == 100


def test_a_run_starts_from_the_pretrained_encoder(
    records, pretrained, tmp_path, monkeypatch
):
    monkeypatch.setattr(fitting, "fit", lambda *_, **__: {})
    recipe = config.replace(TINY, init=str(pretrained))
    finetune.run(recipe, records, tmp_path / "model")
    source = keras.models.load_model(pretrained / initial.ENCODER_FILE)
    kept = keras.models.load_model(tmp_path / "model" / initial.MODEL_FILE)
    for got, wanted in zip(kept.get_layer("unet").get_weights(), source.get_weights()):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.usefixtures("small_network")
def test_the_weights_kept_are_averages_and_do_not_change_the_training(
    records, tmp_path
):
    losses = []
    for name, decay in (("averaged", 0.9), ("last", 0.0)):
        recipe = config.replace(TINY, average_decay=decay)
        losses.append(finetune.run(recipe, records, tmp_path / name)["loss"])
    assert losses[0] == losses[1]
    difference = weights(tmp_path / "averaged") - weights(tmp_path / "last")
    assert np.abs(difference).max() > 1e-4


@pytest.mark.usefixtures("small_network")
def test_a_loss_that_breaks_is_told_and_leaves_nothing(records, tmp_path, monkeypatch):
    monkeypatch.setitem(
        fitting.LOSSES, "both", lambda truth, seen: seen[:, 0, 0, 0] / 0
    )
    with pytest.raises(
        errors.InputError, match=r"stopped being a number .*learning_ra"
    ):
        finetune.run(TINY, records, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "precious").touch()
    with pytest.raises(errors.InputError, match="model exists and is not empty"):
        finetune.run(TINY, tmp_path / "nowhere", tmp_path / "model")


@pytest.mark.slow
def test_a_deeplab_is_fine_tuned_with_augmentation(records, tmp_path):
    recipe = config.replace(TINY, network="deeplabv3", width=4, steps=2, warmup_steps=1)
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert np.isfinite(summary["loss"]).all()
    assert (tmp_path / "model" / initial.MODEL_FILE).is_file()


@pytest.mark.usefixtures("small_network")
def test_frames_between_the_phases_are_trained_on_when_asked_for(
    write_records, tmp_path, capsys
):
    folder = tmp_path / "records"
    folder.mkdir()
    manifest = tfrecords.manifest(write_records(folder))
    train = next(shard for shard in manifest["shards"] if shard["split"] == "train")
    manifest["shards"] += [train | {"family": "sequence"}]
    (folder / tfrecords.MANIFEST).write_text(json.dumps(manifest))
    recipe = config.replace(TINY, fraction=0.5, steps=1)
    counted = [
        finetune.run(config.replace(recipe, between=between), folder, tmp_path / name)
        for name, between in (("phases", False), ("all", True))
    ]
    assert [summary["frames"] for summary in counted] == [
        {"train": 8, "validation": 4},
        {"train": 16, "validation": 4},
    ]
    assert "between has no effect" not in capsys.readouterr().err


@pytest.mark.usefixtures("small_network")
def test_frames_between_the_phases_that_are_not_there_are_told(
    records, tmp_path, capsys
):
    recipe = config.replace(TINY, between=True, steps=1)
    finetune.run(recipe, records, tmp_path / "model")
    sentence = f"note: between has no effect as {records} holds no labelled frames"
    assert sentence in capsys.readouterr().err


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("multiply", ["bfloat16", "float16"])
def test_mixed_precision_learns_what_float32_does(records, tmp_path, multiply):
    recipe = config.replace(TINY, average_decay=0.5)
    exact = finetune.run(recipe, records, tmp_path / "exact")
    recipe = config.replace(recipe, mixed_precision=multiply)
    mixed = finetune.run(recipe, records, tmp_path / "mixed")
    assert (exact["precision"], mixed["precision"]) == ("float32", multiply)
    np.testing.assert_allclose(mixed["loss"], exact["loss"], rtol=0.02)
    np.testing.assert_allclose(
        weights(tmp_path / "mixed"), weights(tmp_path / "exact"), atol=0.02
    )
    model = keras.models.load_model(tmp_path / "mixed" / initial.MODEL_FILE)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


@pytest.mark.usefixtures("small_network")
def test_all_structures_are_learnt_and_the_ventricle_scored(surrounded, tmp_path):
    recipe = config.replace(TINY, structures="all", steps=40, learning_rate=0.05)
    summary = finetune.run(recipe, surrounded, tmp_path / "model")
    assert summary["loss"][-1] < 0.9 * summary["loss"][0]
    model = keras.models.load_model(tmp_path / "model" / initial.MODEL_FILE)
    assert model.output_shape == (None, 32, 32, 4)
    patients = summary["patients"]["validation"]
    images, masks = labels.load(recipe, surrounded, "validation", patients=patients)
    inside = model.predict(images, verbose=0)[..., 1:2] >= 0.5
    scores = [
        2 * np.sum((mask == 1) & seen) / np.sum((mask == 1).astype(int) + seen)
        for mask, seen in zip(masks, inside)
    ]
    assert summary["dice"] == pytest.approx(np.mean(scores), abs=1e-5)


@pytest.mark.usefixtures("small_network")
def test_weights_that_more_labels_went_into_are_refused(records, tmp_path):
    finetune.run(config.replace(TINY, steps=1), records, tmp_path / "whole")
    recipe = config.replace(TINY, fraction=0.5, steps=1, init=str(tmp_path / "whole"))
    sentence = "whole has learnt from the labels of 4 patients .* may not see, such as"
    with pytest.raises(errors.InputError, match=sentence):
        finetune.run(recipe, records, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.usefixtures("small_network")
def test_hearts_that_moved_to_another_split_are_known(write_records, tmp_path):
    for name, splits in (
        ("before", {"train": "abcd", "validation": "ij", "test": "m"}),
        ("after", {"train": "cdmn", "validation": "ij", "test": "ab"}),
    ):
        (tmp_path / name).mkdir()
        write_records(tmp_path / name, splits)
    finetune.run(config.replace(TINY, steps=1), tmp_path / "before", tmp_path / "model")
    recipe = config.replace(TINY, steps=1, init=str(tmp_path / "model"))
    sentence = "labels of 2 patients of these records .* such as a;"
    with pytest.raises(errors.InputError, match=sentence):
        finetune.run(recipe, tmp_path / "after", tmp_path / "other")


@pytest.mark.parametrize("given", ["init", "teachers"])
def test_a_network_that_is_none_is_told_before_frames_are_read(tmp_path, given):
    nowhere = str(tmp_path / "nowhere")
    values = {given: (nowhere,) if given == "teachers" else nowhere}
    recipe = config.replace(TINY, **values)
    with pytest.raises(errors.InputError, match=r"no folder .*nowhere; give"):
        finetune.run(recipe, tmp_path / "records", tmp_path / "model")


def test_settings_that_do_nothing_are_named(tmp_path, capsys):
    changed = {"encoder": "resnet18", "pseudo_share": 0.25, "epochs": 3}
    changed |= {"subset_seed": 1, "fraction_by": "image", "validation": "full"}
    with pytest.raises(errors.InputError, match="no folder"):
        finetune.run(config.replace(TINY, **changed), tmp_path / "no", tmp_path / "m")
    notes = capsys.readouterr().err.splitlines()
    assert [note for note in notes if note.startswith("note")] == [
        "note: encoder has no effect with network: unet",
        "note: pseudo_share has no effect without teachers",
        "note: steps has no effect beside epochs",
        "note: subset_seed has no effect at fraction: 1",
        "note: fraction_by has no effect at fraction: 1",
        "note: validation has no effect at fraction: 1",
    ]
    recipe = config.replace(TINY, subset_seed=1, fraction=0.5)
    with pytest.raises(errors.InputError, match="no folder"):
        finetune.run(recipe, tmp_path / "no", tmp_path / "m")
    assert "note" not in capsys.readouterr().err


def test_a_run_goes_on_from_a_fine_tuned_network_and_says_so(
    finished, records, tmp_path, monkeypatch, capsys
):
    folder, recipe, before = finished
    monkeypatch.setattr(fitting, "fit", lambda *_, **__: {})
    recipe = config.replace(recipe, init=str(folder))
    summary = finetune.run(recipe, records, tmp_path / "model")
    np.testing.assert_array_equal(weights(tmp_path / "model"), weights(folder))
    assert summary["dice"] == pytest.approx(before["dice"], abs=1e-6)
    assert summary["init"]["folder"] == str(folder)
    assert summary["init"]["patients"] == before["patients"]
    assert summary["init"][origin.FRAMES] == before[origin.FRAMES]
    assert len(before[origin.FRAMES]) == 2 * len(before["patients"]["train"])
    assert "whose labels" not in capsys.readouterr().err


@pytest.mark.parametrize("structures", ["lv", "all"])
def test_a_head_that_is_left_out_is_told(
    surrounded, tmp_path, monkeypatch, capsys, structures
):
    monkeypatch.setattr(fitting, "fit", lambda *_, **__: {})
    recipe = config.replace(TINY, width=16, init="hearts", structures=structures)
    finetune.run(recipe, surrounded, tmp_path / "model")
    told = "note: the head of hearts is left out" in capsys.readouterr().err
    assert told == (structures == "lv")


def test_a_network_that_does_not_tell_whose_labels_it_saw_is_told(
    finished, records, tmp_path, monkeypatch, capsys
):
    folder, recipe, _ = finished
    shutil.copytree(folder, tmp_path / "copied")
    (tmp_path / "copied" / "finetune.json").unlink()
    monkeypatch.setattr(fitting, "fit", lambda *_, **__: {})
    counts = {"frames": 0, "patients": 0}
    monkeypatch.setattr(pseudo, "load", lambda *_, **__: (None, counts))
    copied = str(tmp_path / "copied")
    recipe = config.replace(recipe, init=copied, teachers=(copied,))
    finetune.run(recipe, records, tmp_path / "model")
    told = capsys.readouterr().err
    assert told.count("copied does not tell whose labels it learnt") == 1


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "madgrad", "schedule": "constant"},
        {"optimizer": "adam"},
        {"augment": "strong"},
        {"fraction_by": "image", "fraction": 0.25},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_every_way_to_train_lowers_the_loss(records, tmp_path, options):
    recipe = config.replace(TINY, **{"learning_rate": 0.02, **options})
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert summary["loss"][-1] < 0.9 * summary["loss"][0]


@pytest.mark.usefixtures("small_network")
def test_the_best_weights_are_those_of_the_lowest_validation_loss(records, tmp_path):
    # So fast that it leaves the minimum again.
    recipe = config.replace(TINY, keep="best", average_decay=0.0, learning_rate=2.0)
    summary = finetune.run(recipe, records, tmp_path / "model")
    best = int(np.argmin(summary["validation_loss"]))
    assert best < 9
    assert summary["kept_step"] == summary["step"][best]
    assert summary["dice"] == pytest.approx(summary["validation_dice"][best], abs=1e-5)


@pytest.mark.parametrize(
    "options",
    [{"steps": 13}, {"steps": 0, "checks": 1}, {"checks": 1}, {"epochs": 13}],
)
def test_one_check_has_no_best(records, tmp_path, options):
    best = {"keep": "best", "average_decay": 0.0, "checks": 10, "batch": 64}
    recipe = config.replace(TINY, **{**best, **options})
    with pytest.raises(errors.InputError, match="keep: best has one check to choose"):
        finetune.run(recipe, records, tmp_path / "model")


@pytest.mark.parametrize("frozen", [2, 1])
def test_a_frozen_encoder_keeps_its_weights(records, pretrained, tmp_path, frozen):
    recipe = config.replace(TINY, init=str(pretrained), steps=2, freeze_steps=frozen)
    finetune.run(recipe, records, tmp_path / "model")
    source = keras.models.load_model(pretrained / initial.ENCODER_FILE)
    model = keras.models.load_model(tmp_path / "model" / initial.MODEL_FILE)
    pairs = zip(model.get_layer("unet").trainable_weights, source.trainable_weights)
    same = [np.array_equal(*pair) for pair in pairs]
    assert all(same) if frozen == recipe.steps else not any(same)


@pytest.mark.parametrize(("wanted", "steps", "kept"), [(0.5, 9, 0.5), (0.99, 1, 0.05)])
def test_batch_norms_keep_what_the_recipe_says_or_less_in_a_short_run(
    records, tmp_path, monkeypatch, wanted, steps, kept
):
    found, compiled = set(), fitting._compiled

    def watched(model, *rest):
        found.update(norm.momentum for norm in model.submodules if _is_norm(norm))
        return compiled(model, *rest)

    monkeypatch.setattr(fitting, "_compiled", watched)
    recipe = config.replace(TINY, norm_momentum=wanted, steps=steps)
    finetune.run(recipe, records, tmp_path / "model")
    assert list(found) == [pytest.approx(kept)]


@pytest.mark.parametrize(
    ("init", "values", "same"),
    [
        ("imagenet", {"checks": 1}, True),
        ("imagenet", {"checks": 4}, True),
        ("imagenet", {"checks": 4, "mixed_precision": "bfloat16"}, True),
        ("imagenet", {"checks": 4, "keep": "best", "average_decay": 0.0}, True),
        ("random", {"checks": 4}, False),
    ],
)
def test_nothing_is_left_of_some_first_batch_statistics(
    records, tmp_path, begin_with, init, values, same
):
    recipe = config.replace(TINY, steps=8, width=4, init=init, **values)
    kept = []
    for statistics in (0.0, 40.0):
        begin_with(statistics)
        folder = tmp_path / f"{statistics}"
        finetune.run(recipe, records, folder)
        kept.append(statistics_of(folder))
    assert np.allclose(*kept, atol=2e-2) == same


def test_what_is_kept_is_the_same_however_often_it_is_validated(
    records, tmp_path, begin_with
):
    begin_with(40.0)
    kept = []
    for checks in (1, 4):
        recipe = config.replace(TINY, steps=8, checks=checks, init="imagenet")
        finetune.run(recipe, records, tmp_path / f"{checks}")
        kept.append(statistics_of(tmp_path / f"{checks}"))
    np.testing.assert_allclose(*kept, atol=1e-3)


@pytest.fixture
def begin_with(monkeypatch):
    """Function that adds to the statistics which batch norms begin with."""
    network = initial.network

    def add(statistics):
        def begun(recipe):
            model = network(config.replace(recipe, init="random"))
            for layer in filter(_is_norm, model.submodules):
                for variable in (layer.moving_mean, layer.moving_variance):
                    variable.assign(variable + statistics)
            return model

        monkeypatch.setattr(initial, "network", begun)

    return add


def statistics_of(folder):
    model = keras.models.load_model(folder / initial.MODEL_FILE)
    return np.concatenate(norms.statistics(model))


def _is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


@pytest.mark.usefixtures("small_network")
def test_every_setting_of_the_optimizer_arrives(records, tmp_path, monkeypatch):
    given, create = {}, optimizers.create

    def watched(name, **options):
        given.update(options, optimizer=name)
        return create(name, **{**options, "scale": None})

    monkeypatch.setattr(optimizers, "create", watched)
    monkeypatch.setattr(config.Finetune, "encoder_name", "probability")
    monkeypatch.setattr(layerwise, "shares", lambda layer, **options: options)
    settings = {"optimizer": "adam", "schedule": "constant", "learning_rate": 0.0123}
    settings |= {"weight_decay": 0.00321, "average_decay": 0.77, "warmup_steps": 3}
    scale = {"freeze_steps": 2, "layer_decay": 0.5}
    recipe = config.replace(TINY, steps=9, **settings, **scale)
    finetune.run(recipe, records, tmp_path / "model")
    assert given == {**settings, "steps": 9, "scale": scale}


def test_coarser_levels_help_in_training_and_are_not_kept(
    records, tmp_path, monkeypatch
):
    coarser, supervised = [], unet.supervised

    def watched(model):
        learner = supervised(model)
        coarse = [learner.get_layer(f"logits{level}") for level in unet.COARSE]
        coarser.extend((layer, layer.get_weights()) for layer in coarse)
        return learner

    monkeypatch.setattr(unet, "supervised", watched)
    recipe = config.replace(TINY, deep_supervision=True, steps=4, checks=2)
    summary = finetune.run(recipe, records, tmp_path / "model")
    assert summary["step"] == [2, 4]
    assert len(coarser) == 2
    for layer, before in coarser:
        for own, first in zip(layer.get_weights(), before):
            assert (own != first).any()
    model = keras.models.load_model(tmp_path / "model" / initial.MODEL_FILE)
    assert model.output_shape == (None, 32, 32, 1)
    assert len(model.weights) == len(initial.network(TINY).weights)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"deep_supervision": True, "network": "deeplabv3"}, "is for the UNet"),
        (
            {"encoder": "efficientnet_lite2", "network": "deeplabv3"},
            "an encoder of the UNet, as it ends at a 32nd",
        ),
        ({"keep": "best"}, r"average_decay 0\.99 .*; set average_decay: 0 or"),
        ({"teachers": ("somewhere",), "batch": 1}, "a batch of 1 has no room"),
        ({"optimizer": "madgrad", "freeze_steps": 2}, "with freeze_steps or layer_dec"),
        ({"optimizer": "madgrad", "layer_decay": 0.5}, "choose another optimizer"),
    ],
)
def test_options_that_contradict_each_other_are_told(tmp_path, options, sentence):
    recipe = config.replace(TINY, **options)
    with pytest.raises(errors.InputError, match=sentence):
        finetune.run(recipe, tmp_path / "nowhere", tmp_path / "model")


@pytest.mark.usefixtures("small_network")
def test_a_teacher_labels_the_patients_without_labels(half_labelled, tmp_path):
    recipe = config.replace(TINY, fraction=0.5)
    first = finetune.run(recipe, half_labelled, tmp_path / "teacher")
    recipe = config.replace(recipe, teachers=(str(tmp_path / "teacher"),), steps=5)
    summary = finetune.run(recipe, half_labelled, tmp_path / "student")
    assert summary["pseudo"] == {"patients": 5, "frames": 10, "left_out": 0}
    assert summary["patients"] == first["patients"]
    [teacher] = summary["teachers"]
    assert teacher["folder"] == str(tmp_path / "teacher")
    assert teacher["patients"] == first["patients"]


@pytest.mark.usefixtures("small_network")
def test_hearts_may_teach_beside_a_network_of_other_size_and_structures(
    half_labelled, tmp_path
):
    recipe = config.replace(TINY, fraction=0.5)
    finetune.run(recipe, half_labelled, tmp_path / "teacher")
    teachers = ("hearts", str(tmp_path / "teacher"))
    recipe = config.replace(recipe, teachers=teachers, steps=5)
    summary = finetune.run(recipe, half_labelled, tmp_path / "student")
    assert summary["pseudo"]["frames"] + summary["pseudo"]["left_out"] == 10
    assert [given["folder"] for given in summary["teachers"]] == [*teachers]
    assert summary["teachers"][0]["dataset"] == "synthetic hearts"


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("number", [1, 2])
def test_first_weights_are_those_of_the_seed_with_any_number_of_teachers(
    half_labelled, tmp_path, monkeypatch, number
):
    recipe = config.replace(TINY, fraction=0.5, steps=1)
    finetune.run(recipe, half_labelled, tmp_path / "teacher")
    begun = []

    def trained(model, *_, **__):
        begun.append(model.get_weights())
        raise errors.InputError("that will do")

    monkeypatch.setattr(finetune, "_trained", trained)
    teachers = (str(tmp_path / "teacher"), "hearts")[:number]
    for given in ((), teachers):
        student = config.replace(recipe, teachers=given, seed=3)
        with pytest.raises(errors.InputError, match="that will do"):
            finetune.run(student, half_labelled, tmp_path / "student")
    for alone, taught in zip(*begun):
        np.testing.assert_array_equal(alone, taught)


@pytest.mark.usefixtures("small_network")
def test_a_teacher_that_more_labels_went_into_is_refused(half_labelled, tmp_path):
    finetune.run(config.replace(TINY, steps=1), half_labelled, tmp_path / "teacher")
    teacher = str(tmp_path / "teacher")
    recipe = config.replace(TINY, fraction=0.5, teachers=(teacher,))
    with pytest.raises(errors.InputError, match="teacher has learnt from the labels"):
        finetune.run(recipe, half_labelled, tmp_path / "student")
