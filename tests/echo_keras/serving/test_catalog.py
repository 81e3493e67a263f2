import concurrent.futures
import gc
import shutil
import threading
import weakref

import pytest

from echo_keras import errors
from echo_keras.serving import catalog, session


class Loaded:
    """Stands for a version's session: says when it is released."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def write(folder, *versions):
    for version in versions:
        (folder / version).mkdir(parents=True)
        (folder / version / "saved_model.pb").write_text("graph")


def load_version(path):
    if (path / "broken").exists():
        raise errors.InputError("broken")
    loaded = Loaded()
    return session.Servable(signatures={}, run=lambda *_: (loaded, str(path)))


def served(models):
    return {name: sorted(model.versions) for name, model in models.items()}


def look(models, folder, rules=catalog.LATEST, failed=None):
    """Lines that one look at the folder says."""
    said, failed = [], {} if failed is None else failed
    catalog.refresh(models, folder, rules, load_version, failed=failed, say=said.append)
    return said


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (catalog.LATEST, {"lv": [10], "rv": [1]}),
        (catalog.Rules("all"), {"lv": [2, 10], "rv": [1]}),
        (catalog.Rules("specific", {"lv": (2,)}), {"lv": [2], "rv": [1]}),
        (catalog.Rules("specific", {"lv": (2, 10)}), {"lv": [2, 10], "rv": [1]}),
    ],
)
def test_the_policy_says_which_versions_are_served(folder, rules, expected):
    write(folder, "lv/2", "lv/10", "rv/1")
    (folder / "empty").mkdir()
    assert served(catalog.load(folder, rules, load_version)) == expected


def test_labels_name_versions_that_are_served(folder):
    write(folder, "lv/1", "lv/2")
    rules = catalog.Rules("all", labels={"lv": {"stable": 1}})
    assert catalog.load(folder, rules, load_version)["lv"].labels == {"stable": 1}


@pytest.mark.parametrize(
    "rules",
    [
        catalog.Rules("specific", {"lv": (3,)}),
        catalog.Rules("specific", {"no": (1,)}),
        catalog.Rules(labels={"lv": {"stable": 1}}),
    ],
)
def test_a_version_that_is_not_served_cannot_be_asked_for(folder, rules):
    write(folder, "lv/1", "lv/2")
    with pytest.raises(errors.InputError, match="holds lv/1, lv/2: correct"):
        catalog.load(folder, rules, load_version)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_models_is_refused(tmp_path, name):
    with pytest.raises(errors.InputError, match=r"holds no model: .*NAME/1"):
        catalog.load(tmp_path / name)


def test_a_newer_version_takes_over_and_the_older_comes_back(folder):
    write(folder, "lv/1")
    models = catalog.load(folder, load_version=load_version)
    write(folder, "lv/2", "rv/5")
    assert look(models, folder) == [
        "serving lv/2",
        "no longer serving lv/1",
        "serving rv/5",
    ]
    assert served(models) == {"lv": [2], "rv": [5]}
    assert models["lv"].ended == {1: ""}
    shutil.rmtree(folder / "lv" / "2")
    assert look(models, folder) == ["serving lv/1", "no longer serving lv/2"]
    assert models["lv"].ended == {2: ""}
    assert look(models, folder) == []


def test_a_model_whose_versions_all_vanish_is_served_no_more(folder):
    write(folder, "lv/1")
    models = catalog.load(folder, load_version=load_version)
    shutil.rmtree(folder / "lv")
    assert look(models, folder) == ["no longer serving lv/1"]
    assert served(models) == {"lv": []}


def test_while_the_folder_is_out_of_reach_nothing_changes(folder):
    write(folder, "lv/1")
    models = catalog.load(folder, load_version=load_version)
    folder.rename(folder.with_name("away"))
    assert look(models, folder) == []
    assert served(models) == {"lv": [1]}


def test_a_broken_version_leaves_the_older_and_is_tried_when_its_files_change(folder):
    write(folder, "lv/1")
    models, failed = catalog.load(folder, load_version=load_version), {}
    write(folder, "lv/2")
    (folder / "lv" / "2" / "broken").touch()
    assert look(models, folder, failed=failed) == ["cannot serve lv/2: broken"]
    assert served(models) == {"lv": [1]}
    assert models["lv"].ended == {2: "broken"}
    assert look(models, folder, failed=failed) == []
    (folder / "lv" / "2" / "broken").unlink()
    assert look(models, folder, failed=failed)[0] == "serving lv/2"
    assert served(models) == {"lv": [2]}
    assert models["lv"].ended == {1: ""}


def test_labels_follow_their_version(folder):
    write(folder, "lv/1", "lv/2")
    rules = catalog.Rules("all", labels={"lv": {"stable": 1}})
    models = catalog.load(folder, rules, load_version)
    shutil.rmtree(folder / "lv" / "1")
    look(models, folder, rules)
    assert models["lv"].labels == {}


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    write(folder, "lv/1")
    write(tmp_path, "elsewhere/2")
    (folder / "lv" / "2").symlink_to(tmp_path / "elsewhere" / "2")
    with pytest.raises(errors.InputError, match="leads out of"):
        catalog.load(folder, load_version=load_version)
    (folder / "lv" / "2").unlink()
    write(folder, "lv/2")
    (folder / "lv" / "2" / "variables").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.InputError, match="leads out of"):
        catalog.load(folder, load_version=load_version)


def test_a_request_that_runs_keeps_its_version_and_then_lets_it_go(folder):
    write(folder, "lv/1")
    models = catalog.load(folder, load_version=load_version)
    running = models["lv"].versions[1].run
    released = weakref.ref(running("", {})[0])
    write(folder, "lv/2")
    look(models, folder)
    assert running("", {})[1].endswith("lv/1")
    del running
    gc.collect()
    assert released() is None


def test_a_watched_folder_is_looked_at_again_and_again(folder, monkeypatch):
    monkeypatch.setattr(catalog, "POLL_SECONDS", 0.01)
    write(folder, "lv/1")
    models, told = catalog.load(folder, load_version=load_version), threading.Event()
    with catalog.watched(models, folder, load_version=load_version, say=list):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            pool.submit(write, folder, "lv/2").result()
        for _ in range(1000):
            if served(models) == {"lv": [2]}:
                told.set()
                break
            told.wait(0.01)
    assert told.is_set()


def test_an_exported_model_is_released_when_a_newer_one_takes_over(
    models_dir, tmp_path
):
    shutil.copytree(models_dir / "lv" / "1", tmp_path / "lv" / "1")
    models = catalog.load(tmp_path)
    graph = weakref.ref(models["lv"].versions[1].run)
    shutil.copytree(models_dir / "lv" / "1", tmp_path / "lv" / "2")
    catalog.refresh(models, tmp_path, failed={}, say=list)
    gc.collect()
    assert served(models) == {"lv": [2]}
    assert graph() is None
