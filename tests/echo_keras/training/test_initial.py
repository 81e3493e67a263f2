import functools
import pathlib
import shutil

import keras
import numpy as np
import pytest

from echo_keras import config, errors
from echo_keras.models import deeplabv3, resnet
from echo_keras.training import imagenet, initial, origin

TINY = config.Finetune(size=32, width=2)


@pytest.fixture
def shallow_resnet(monkeypatch):
    """One block a stage, as all of ResNet-50 takes seconds to build."""
    build = functools.partial(resnet.encoder, blocks=(1, 1, 1, 1))
    monkeypatch.setattr(resnet, "encoder", build)


@pytest.fixture
def copied(pretrained, tmp_path):
    """Artefact that a test may damage."""
    return shutil.copytree(pretrained, tmp_path / "encoder")


def test_a_network_from_chance_follows_the_seed():
    networks = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        networks.append(initial.network(TINY).get_weights())
    first, again, other = (np.concatenate([*map(np.ravel, one)]) for one in networks)
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_every_weight_of_the_pretrained_encoder_arrives(pretrained):
    source = keras.models.load_model(pretrained / initial.ENCODER_FILE, compile=False)
    model = initial.network(config.replace(TINY, init=str(pretrained)))
    chance = initial.network(TINY)
    got = model.get_layer("unet").get_weights()
    random = chance.get_layer("unet").get_weights()
    assert len(got) == len(source.weights) == 50
    for weight, wanted, before in zip(got, source.get_weights(), random):
        np.testing.assert_array_equal(weight, wanted)
        assert not np.array_equal(weight, before)


def test_the_network_answers_with_the_pretrained_weights(pretrained):
    frames = np.random.default_rng(0).random((1, 32, 32, 1)).astype(np.float32)
    source = keras.models.load_model(pretrained / initial.ENCODER_FILE, compile=False)
    model = initial.network(config.replace(TINY, init=str(pretrained)))
    for got, wanted in zip(model.get_layer("unet")(frames), source(frames)):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_a_pretrained_encoder_may_see_frames_of_another_size(pretrained):
    model = initial.network(config.replace(TINY, size=48, init=str(pretrained)))
    assert model.output_shape == (None, 48, 48, 1)


@pytest.mark.usefixtures("shallow_resnet")
def test_the_resnet_takes_its_own_artefact(tmp_path):
    source, target = (initial.encoder("resnet50", size=32, width=2) for _ in "ab")
    source.save(tmp_path / initial.ENCODER_FILE)
    recipe = config.Pretrain(encoder="resnet50", size=32, width=2)
    config.save(recipe, tmp_path / initial.RECIPE_FILE)
    initial.load_pretrained(target, tmp_path)
    for got, wanted in zip(target.get_weights(), source.get_weights()):
        np.testing.assert_array_equal(got, wanted)


def test_an_artefact_of_another_encoder_is_refused_by_name(pretrained):
    wanted = r"holds a unet encoder, .* resnet50 one; give .* or choose the unet one"
    frame = keras.Input((32, 32, 1))
    with pytest.raises(errors.InputError, match=wanted):
        initial.load_pretrained(keras.Model(frame, frame, name="resnet50"), pretrained)


def test_an_artefact_of_another_width_is_refused_with_the_remedy(pretrained):
    recipe = config.replace(TINY, width=3, init=str(pretrained))
    with pytest.raises(errors.InputError, match=r"with width 2, .* set width: 2 in"):
        initial.network(recipe)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere", "there is no folder .*nowhere; give random, imagenet, a"),
        ("Random", "there is no folder .*Random; give random, imagenet, a"),
        ("", r"holds no encoder\.keras; give random, imagenet, a"),
    ],
)
def test_a_folder_without_an_artefact_is_named(tmp_path, name, sentence):
    with pytest.raises(errors.InputError, match=sentence):
        initial.network(config.replace(TINY, init=str(tmp_path / name)))


def test_an_artefact_without_its_recipe_is_named(copied):
    (copied / initial.RECIPE_FILE).unlink()
    with pytest.raises(errors.InputError, match=r"cannot read recipe .*recipe\.yaml"):
        initial.network(config.replace(TINY, init=str(copied)))


def half(data):
    return data[: len(data) // 2]


def overwritten(data):
    return data[:3000] + bytes(200) + data[3200:]


@pytest.mark.parametrize("damage", [half, overwritten, lambda data: b""])
def test_a_damaged_encoder_is_named(copied, damage):
    path = copied / initial.ENCODER_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(errors.InputError, match=r"cannot load .*encoder\.keras: .*cut"):
        initial.network(config.replace(TINY, init=str(copied)))


def test_there_is_no_unet_trained_on_imagenet():
    with pytest.raises(errors.InputError, match=r"no ImageNet weights for the unet"):
        initial.network(config.replace(TINY, init="imagenet"))
    small = config.replace(TINY, network="deeplabv3", encoder="resnet18")
    sentence = r"the resnet18 encoder; the UNet .* efficientnet_lite2 .* resnet50"
    with pytest.raises(errors.InputError, match=sentence):
        initial.network(config.replace(small, init="weights.h5"))


@pytest.mark.parametrize("width", [4, 64])
def test_the_pyramid_is_as_wide_in_proportion_as_the_published_one(width):
    recipe = config.replace(TINY, network="deeplabv3", width=width)
    network = initial.network(recipe)
    assert network.get_layer("pyramid").num_channels == 256 * width // 64


def test_deeplabv3_stands_on_the_small_encoder_too(tmp_path):
    source = initial.encoder("resnet18", size=32, width=2)
    source.save(tmp_path / initial.ENCODER_FILE)
    recipe = config.Pretrain(encoder="resnet18", size=32, width=2)
    config.save(recipe, tmp_path / initial.RECIPE_FILE)
    recipe = config.replace(
        TINY, network="deeplabv3", encoder="resnet18", init=str(tmp_path)
    )
    model = initial.network(recipe)
    assert model.output_shape == (None, 32, 32, 1)
    got = model.get_layer("resnet18").get_weights()
    for weight, wanted in zip(got, source.get_weights()):
        np.testing.assert_array_equal(weight, wanted)


LITE = config.replace(TINY, encoder="efficientnet_lite2")


def test_the_unet_grows_on_the_lite_encoder_too():
    model = initial.network(config.replace(LITE, structures="all"))
    assert model.output_shape == (None, 32, 32, 4)
    assert model.get_layer("efficientnet_lite2").input_shape == (None, 32, 32, 1)


@pytest.mark.parametrize("init", ["imagenet", imagenet.LITE_FILE])
def test_imagenet_fills_the_lite_encoder_of_the_unet(init):
    recipe = config.replace(LITE, width=32, init=init)
    encoder = initial.network(recipe).get_layer("efficientnet_lite2")
    wanted = imagenet.lite()
    stem = encoder.get_layer("stem_conv").get_weights()[0]
    kernel = wanted["_conv_stem.weight"].sum(axis=1).transpose(1, 2, 0)
    np.testing.assert_allclose(stem[:, :, 0], kernel)
    [last] = encoder.get_layer("block20_project_conv").get_weights()
    kernel = wanted["_blocks.20._project_conv.weight"][:, :, 0, 0].T
    np.testing.assert_array_equal(last[0, 0], kernel)


def test_imagenet_weights_of_the_lite_encoder_need_its_width():
    with pytest.raises(errors.InputError, match="width 2; set width: 32 in a recipe"):
        initial.network(config.replace(LITE, init="imagenet"))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ("unet", r"no ImageNet weights for the unet encoder"),
        ("deeplabv3", r"cannot read the weights of ResNet50 from .*\.pth"),
    ],
)
def test_weights_of_pytorch_are_for_the_lite_encoder(network, sentence):
    recipe = config.replace(TINY, network=network, width=64, init=imagenet.LITE_FILE)
    with pytest.raises(errors.InputError, match=sentence):
        initial.network(recipe)


@pytest.mark.usefixtures("shallow_resnet")
def test_imagenet_weights_need_the_published_width():
    recipe = config.replace(TINY, network="deeplabv3", init="imagenet")
    with pytest.raises(errors.InputError, match="width 2; set width: 64 in a recipe"):
        initial.network(recipe)


@pytest.mark.usefixtures("shallow_resnet")
def test_imagenet_weights_go_to_the_encoder_of_the_network(monkeypatch):
    filled = []
    monkeypatch.setattr(imagenet, "original", lambda path: path)
    monkeypatch.setattr(resnet, "adopt", lambda *given: filled.append(given))
    monkeypatch.setattr(resnet, "IMAGENET_WIDTH", 2)
    for init, path in (("imagenet", None), ("weights.h5", "weights.h5")):
        recipe = config.replace(TINY, network="deeplabv3", init=init)
        model = initial.network(recipe)
        assert filled.pop() == (model.get_layer("resnet50"), path)
    assert model.output_shape == (None, 32, 32, 1)


@pytest.fixture
def tuned(tmp_path):
    """Function that leaves a fine-tuned network of random weights in a folder."""

    def write(name="tuned", **options):
        recipe = config.replace(TINY, **options)
        folder = tmp_path / name
        folder.mkdir()
        initial.network(recipe).save(folder / initial.MODEL_FILE)
        config.save(recipe, folder / initial.RECIPE_FILE)
        return str(folder)

    return write


def test_a_fine_tuned_network_is_taken_whole(tuned):
    folder = tuned()
    source, recipe = initial.finetuned(folder)
    assert recipe == TINY
    model = initial.network(config.replace(TINY, size=48, init=folder))
    assert model.output_shape == (None, 48, 48, 1)
    for got, wanted in zip(model.get_weights(), source.get_weights()):
        np.testing.assert_array_equal(got, wanted)


def test_a_head_of_other_structures_stays_new_and_all_else_is_taken(tuned):
    folder = tuned(structures="all")
    source, _ = initial.finetuned(folder)
    model = initial.network(config.replace(TINY, init=folder))
    assert model.output_shape == (None, 32, 32, 1)
    taken = [
        np.array_equal(got, wanted)
        for got, wanted in zip(model.get_weights(), source.get_weights())
    ]
    assert taken == [True] * (len(taken) - 2) + [False] * 2


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"network": "deeplabv3", "encoder": "resnet18"},
        {"encoder": "efficientnet_lite2"},
    ],
)
def test_an_encoder_may_come_from_a_fine_tuned_network(tuned, network, assert_same):
    folder = tuned(**network)
    source, recipe = initial.finetuned(folder)
    name = recipe.encoder_name
    target = initial.encoder(name, size=64, width=2)
    initial.fill(target, folder, width=2)
    assert_same(target, source.get_layer(name))


def test_an_encoder_of_a_fine_tuned_network_of_another_kind_is_refused(tuned):
    wide = initial.encoder("unet", size=32, width=3)
    with pytest.raises(errors.InputError, match="trained with width 2, which does not"):
        initial.fill(wide, tuned(), width=3)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"width": 3}, "was fine-tuned with width 2, not 3; set width: 2 in"),
        ({"network": "deeplabv3", "encoder": "resnet18"}, "network unet, not deepl"),
        (
            {"encoder": "efficientnet_lite2"},
            "encoder resnet50, not efficientnet_lite2; set encoder: resnet50 in",
        ),
    ],
)
def test_a_fine_tuned_network_of_another_kind_is_refused(tuned, other, sentence):
    recipe = config.replace(TINY, init=tuned(), **other)
    with pytest.raises(errors.InputError, match=sentence):
        initial.network(recipe)


def test_a_fine_tuned_network_that_its_recipe_does_not_describe_is_refused(tuned):
    folder = tuned()
    frame = keras.Input((32, 32, 1))
    other = keras.Model(frame, keras.layers.Conv2D(1, 1)(frame))
    other.save(f"{folder}/{initial.MODEL_FILE}")
    with pytest.raises(errors.InputError, match="not built as this version builds it"):
        initial.network(config.replace(TINY, init=folder))


def test_a_fine_tuned_network_with_another_pyramid_is_refused(tuned):
    recipe = config.replace(TINY, network="deeplabv3", encoder="resnet18")
    folder = tuned(network="deeplabv3", encoder="resnet18")
    encoder = initial.encoder("resnet18", size=32, width=2)
    deeplabv3.segmenter(encoder, filters=16).save(f"{folder}/{initial.MODEL_FILE}")
    with pytest.raises(errors.InputError, match="not built as this version builds it"):
        initial.network(config.replace(recipe, init=folder))


@pytest.mark.parametrize("word", ["random", "imagenet"])
def test_a_folder_that_is_called_as_a_word_is_no_first_weights(
    tuned, word, monkeypatch, tmp_path
):
    folder = pathlib.Path(tuned())
    monkeypatch.chdir(tmp_path)
    folder.rename(tmp_path / word)
    assert initial.located(word) is None
    assert origin.weights(word) == word
    encoder = initial.network(TINY).get_layer("unet")
    trained = initial.finetuned(f"./{word}")[0].get_layer("unet")
    assert (encoder.weights[0].numpy() != trained.weights[0].numpy()).any()


def test_a_damaged_network_is_named(tuned):
    folder = tuned()
    with open(f"{folder}/{initial.MODEL_FILE}", "r+b") as file:
        file.truncate(1000)
    with pytest.raises(errors.InputError, match=r"cannot load .*model\.keras: .*cut"):
        initial.network(config.replace(TINY, init=folder))


def test_a_folder_that_is_no_fine_tuned_network_is_named(pretrained):
    with pytest.raises(
        errors.InputError, match=r"holds no model\.keras; give a folder"
    ):
        initial.finetuned(pretrained)


def test_a_local_file_of_imagenet_weights_fills_the_network(tmp_path):
    original = keras.applications.ResNet50(include_top=False, weights=None)
    original.save_weights(tmp_path / "resnet50.h5")
    recipe = config.replace(TINY, network="deeplabv3", width=64)
    recipe = config.replace(recipe, init=str(tmp_path / "resnet50.h5"))
    encoder = initial.network(recipe).get_layer("resnet50")
    taken = [
        np.array_equal(own, theirs)
        for layer in encoder.layers
        if layer.weights and layer.name != "conv1_conv"
        for own, theirs in zip(
            layer.get_weights(), original.get_layer(layer.name).get_weights()
        )
    ]
    assert len(taken) > 300
    assert all(taken)


def test_a_file_of_imagenet_weights_that_is_not_there_is_named(tmp_path):
    recipe = config.replace(TINY, network="deeplabv3", width=64)
    recipe = config.replace(recipe, init=str(tmp_path / "nowhere.h5"))
    with pytest.raises(errors.InputError, match=r"read the weights .*nowhere\.h5"):
        initial.network(recipe)


def test_the_hearts_of_the_package_fill_a_whole_network(assert_same):
    recipe = config.Finetune(structures="all", init=config.HEARTS)
    source, made_by = initial.finetuned(config.HEARTS)
    assert (made_by.network, made_by.width) == (recipe.network, recipe.width)
    assert_same(initial.network(recipe), source)


def test_the_hearts_of_the_package_fill_an_encoder(assert_same):
    source, _ = initial.finetuned(config.HEARTS)
    encoder = initial.encoder("unet", size=32, width=16)
    initial.fill(encoder, config.HEARTS, width=16)
    assert_same(encoder, source.get_layer("unet"))


def test_the_hearts_of_the_package_are_for_a_unet_of_their_width():
    with pytest.raises(errors.InputError, match="set width: 16 in the recipe"):
        initial.network(config.Finetune(width=8, init=config.HEARTS))
