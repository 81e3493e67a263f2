import json

import pytest

from echo_keras import config, errors
from echo_keras.serving import card
from echo_keras.training import origin

SCORES = {
    "dataset": "camus",
    "split": "test",
    "images": 100,
    "patients": 50,
    "dice_per_image_mean": 0.9069,
    "dice_per_image_interval": [0.8947, 0.9173],
    "ejection_fractions": [{"patient": "patient0001", "predicted": 60.0}],
    "cases": [{"patient": "patient0001"}],
}
TRAINING = {
    "dataset": "camus",
    "source_fingerprint": "f00d",
    "patients": {"train": ["patient0002", "patient0003"], "validation": ["patient4"]},
    "frames_learnt_from": ["0123456789abcdef", "fedcba9876543210"],
    "dice": 0.9005289,
    "validation_dice": [0.5, 0.9005289],
}


@pytest.fixture
def written(tmp_path):
    """Both forms of a card, text and dict, of a model with a pretrained encoder."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "finetune.json").write_text(json.dumps(TRAINING))
    (tmp_path / "encoder").mkdir()
    pretraining = {"data": [{"dataset": "echonet"}], "videos": 7, "loss": [1.0]}
    (tmp_path / "encoder" / "pretrain.json").write_text(json.dumps(pretraining))
    (tmp_path / "scores.json").write_text(json.dumps(SCORES))
    recipe = config.Finetune(init=str(tmp_path / "encoder"))
    found = {
        **card.collect(folder, recipe),
        "name": "lv",
        "version": 3,
        "evaluation": card.read_scores(tmp_path / "scores.json"),
        "verification": {"largest_difference": 1e-7},
        "finish": {"fill_holes": True},
        "quantized": {},
    }
    card.write(tmp_path, found)
    return (
        (tmp_path / "model_card.md").read_text(),
        json.loads((tmp_path / "model_card.json").read_text()),
    )


def test_a_card_tells_data_recipe_scores_and_limits(written):
    text, found = written
    assert text.startswith("# lv, version 3\n")
    assert "Dice 0.9069 (95 % interval 0.8947 to 0.9173)" in text
    assert "- source fingerprint: f00d" in text
    assert "- fill holes: True" in text
    assert "- learning rate: 0.002" in text
    assert "- dice on validation: 0.9005\n" in text
    assert "validation dice" not in text
    assert "- patients: train 2, validation 1\n" in text
    assert "- dataset echonet" in text
    assert "No medical device" in text
    assert found["evaluation"]["dice_per_image_interval"] == [0.8947, 0.9173]
    assert found["pretraining"] == {"data": [{"dataset": "echonet"}], "videos": 7}


def test_a_card_names_the_teachers(written):
    _, found = written
    found["training"]["teachers"] = [{"folder": "hearts"}, {"folder": "runs/few"}]
    assert "- teachers: the mean of hearts and few\n" in card.markdown(found)
    found["training"]["teachers"] = [{"folder": "runs/few"}]
    assert "- teachers: few\n" in card.markdown(found)


def test_a_card_counts_patients_and_names_none(written):
    text, found = written
    assert found["training"]["patients"] == {"train": 2, "validation": 1}
    assert found["training"]["frames_learnt_from"] == 2
    for name in ("patient0", "01234567"):
        assert name not in text + json.dumps(found)


def test_a_card_counts_the_frames_that_fine_tuning_names():
    assert origin.FRAMES in card.NAMES


def test_the_terms_of_all_data_hold_those_of_the_encoder_too(written):
    text, found = written
    assert found["terms"] == [card.TERMS["camus"], card.TERMS["echonet"]]
    assert "BY-NC-SA" in text
    assert "Stanford" in text


def test_first_weights_and_teachers_have_terms_and_patients_too(tmp_path):
    earlier = {
        "sha256": "cafe",
        "patients": {"train": ["0XSECRET"]},
        "init": {"data": [{"dataset": "echonet"}], "patients": ["0XSECRET"]},
    }
    images = ["patient0002/4CH/ED/0"]
    training = {**TRAINING, "images": images, "init": "random", "teachers": [earlier]}
    (tmp_path / "finetune.json").write_text(json.dumps(training))
    found = card.collect(tmp_path, config.Finetune())
    assert found["terms"] == [
        card.TERMS["camus"],
        card.UNKNOWN_TERMS,
        card.TERMS["echonet"],
    ]
    assert "SECRET" not in json.dumps(found)
    assert "patient0" not in json.dumps(found)
    assert found["training"]["images"] == 1
    assert found["training"]["teachers"][0]["patients"] == {"train": 1}


def test_a_model_of_unknown_data_says_so(tmp_path):
    found = card.collect(tmp_path, config.Finetune())
    assert found["terms"] == [card.UNKNOWN_TERMS]
    assert found["pretraining"] == {}


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"dice": 1}'])
def test_a_file_without_scores_is_refused(tmp_path, text):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(errors.InputError, match=r"scores\.json.* evaluate wrote"):
        card.read_scores(tmp_path / "scores.json")


def test_a_damaged_summary_is_refused(tmp_path):
    (tmp_path / "finetune.json").write_text("{")
    with pytest.raises(errors.InputError, match=r"cannot read .*finetune\.json"):
        card.collect(tmp_path, config.Finetune())


@pytest.mark.parametrize(
    "init", ["imagenet", {"folder": "encoder", "data": [], "init": "imagenet"}]
)
def test_weights_of_imagenet_have_terms_wherever_they_came_in(tmp_path, init):
    (tmp_path / "finetune.json").write_text(json.dumps({**TRAINING, "init": init}))
    found = card.collect(tmp_path, config.Finetune())
    assert found["terms"] == [card.TERMS["camus"], card.TERMS["imagenet"]]


@pytest.mark.parametrize("seen", [True, False])
def test_synthetic_hearts_are_told_to_be_free_once(written, seen):
    _, found = written
    terms = [card.TERMS["camus"], *[card.TERMS["synthetic hearts"]] * seen]
    text = card.markdown({**found, "terms": terms})
    assert text.count("ynthetic hearts") == 1
