"""Commands on exports and servers."""

import pathlib

import pytest

from echo_keras import config
from echo_keras.study import pictures

SCORES = {
    "dice_per_image_mean": 0.91234,
    "dice_per_image_interval": [0.9, 0.92],
    "images": 4,
    "patients": 2,
    "ejection_fraction": {
        "4CH": {
            "recorded": {"patients": 2, "mae": 9.34, "bias": -7.25},
            "reference": None,
        },
        "2CH": {"recorded": None, "reference": {"mae": 1.0, "bias": 1.0}},
    },
}


def test_export_names_the_version_that_it_wrote(called, run):
    calls = called("echo_keras.serving.export", "export", pathlib.Path("saved/lv/3"))
    called("echo_keras.serving.export", "facts", {"largest_difference": 1.2e-7})
    words = ("--largest-component", "--temperature", 1.5, "--scores", "s.json")
    result = run("export", "--model", "model", "--output", "saved/lv", *words)
    line = "exported and verified, differs by 1.2e-07 at most  saved/lv/3\n"
    assert result.output == line
    [(paths, options)] = calls
    assert paths == (pathlib.Path("model"), pathlib.Path("saved/lv"))
    assert options == {
        "scores": pathlib.Path("s.json"),
        "largest_component": True,
        "fill_holes": False,
        "temperature": 1.5,
        "quantize": None,
    }


def test_hearts_are_those_of_the_package_and_a_folder_of_that_name_has_a_dot(
    called, tmp_path, monkeypatch, run
):
    monkeypatch.chdir(tmp_path)
    calls = called("echo_keras.serving.export", "export", pathlib.Path("saved/lv/1"))
    called("echo_keras.serving.export", "facts", {"largest_difference": 0.0})
    pathlib.Path("hearts").mkdir()
    for word in ("hearts", "./hearts"):
        run("export", "--model", word, "--output", "saved/lv")
    (packaged, _), (folder, _) = (arguments for arguments, _ in calls)
    assert (packaged / "model.keras").is_file()
    assert folder == pathlib.Path("hearts")


def test_serve_passes_host_and_port(called, run):
    from echo_keras.serving import catalog, limits

    calls = called("echo_keras.serving.server", "serve", None)
    assert run("serve", "--models", "saved", "--port", 0).exit_code == 0
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("saved"),)
    assert (options["host"], options["port"]) == ("127.0.0.1", 0)
    assert (options["rules"], options["limit"]) == (catalog.LATEST, limits.DEFAULT)
    assert options["joins"] is None


def test_deploy_names_the_models_and_what_to_run(called, run):
    from echo_keras.serving import catalog

    calls = called("echo_keras.serving.deployment", "write", ["lv", "rv"])
    result = run("deploy", "--models", "saved", "--output", "d", "--label", "lv/a=2")
    assert result.output == "lv, rv  docker compose -f d/docker-compose.yml up\n"
    rules = catalog.Rules(labels={"lv": {"a": 2}})
    assert calls == [((pathlib.Path("saved"), pathlib.Path("d"), rules), {})]


def test_serve_passes_versions_labels_limits_and_batching(called, tmp_path, run):
    from echo_keras.serving import catalog, limits

    calls = called("echo_keras.serving.server", "serve", None)
    path = tmp_path / "batching.txt"
    path.write_text("max_batch_size { value: 4 }")
    words = "serve --models a --version-policy specific --label lv/stable=1"
    words += " --model-version lv/1 --model-version lv/3 --max-body 1 --max-pixels 2"
    words += f" --max-images 5 --max-waiting 3 --timeout 4.5 --batching {path}"
    assert run(*words.split()).exit_code == 0
    ((_, options),) = calls
    assert options["rules"] == catalog.Rules(
        "specific", versions={"lv": [1, 3]}, labels={"lv": {"stable": 1}}
    )
    assert options["limit"] == limits.Limits(
        body=2**20, pixels=2, rows=5, waiting=3, seconds=4.5
    )
    assert options["joins"].max_batch_size == 4


def test_evaluate_asks_for_a_file_before_it_scores(called, tmp_path, run):
    scored = called("echo_keras.serving.evaluate", "by_model", SCORES)
    result = run("evaluate", "--data", "in", "--model", "m", "--output", str(tmp_path))
    assert "is a folder; name a file in it" in result.output
    assert result.exit_code == 2
    assert scored == []


def test_evaluate_tells_that_no_patient_has_an_ejection_fraction(called, run):
    lost = {"recorded": {"patients": 0, "left_out": 2, "mae": float("nan")}}
    scores = {**SCORES, "ejection_fraction": {"4CH": lost}}
    called("echo_keras.serving.evaluate", "by_model", scores)
    called("echo_keras.serving.written", "write", None)
    called("echo_keras.study.gallery", "write", None)
    result = run("evaluate", "--data", "in", "--model", "model", "--output", "s.json")
    [_, told] = result.output.splitlines()
    assert told == (
        "ejection fraction from 4CH: none, as all 2 patients have an empty mask"
    )


@pytest.mark.parametrize(
    ("option", "value", "name", "place"),
    [
        ("--url", "http://h/v1/models/lv", "by_url", "http://h/v1/models/lv"),
        ("--model", "model", "by_model", pathlib.Path("model")),
    ],
)
def test_evaluate_scores_where_it_is_told(called, option, value, name, place, run):
    scored = called("echo_keras.serving.evaluate", name, SCORES)
    written = called("echo_keras.serving.written", "write", None)
    drawn = called("echo_keras.study.gallery", "write", None)
    result = run("evaluate", "--data", "in", option, value, "--output", "s.json")
    assert result.output == (
        "dice 0.9123 (0.9000-0.9200)  4 images of 2 test patients  s.json\n"
        "ejection fraction from 4CH: 9.3 points off the recorded one, -7.2 on average\n"
    )
    [(arguments, options)] = scored
    assert arguments == ("in", "test", place)
    assert written == [((SCORES, pathlib.Path("s.json")), {})]
    see = options["see"]
    assert see.func is pictures.keep
    assert drawn == [((SCORES, *see.args, "in", pathlib.Path("s.json")), {})]


def test_evaluate_and_predict_know_the_hearts_of_the_package(
    called, tmp_path, monkeypatch, run
):
    monkeypatch.chdir(tmp_path)
    scored = called("echo_keras.serving.evaluate", "by_model", SCORES)
    loaded = called("echo_keras.serving.evaluate", "local", "a function")
    called("echo_keras.serving.written", "write", None)
    called("echo_keras.study.gallery", "write", None)
    called("echo_keras.study.predict", "run", None)
    run("evaluate", "--data", "in", "--model", "hearts", "--output", "s.json")
    run("predict", "a.png", "--model", "hearts")
    [(arguments, _)] = scored
    assert arguments == ("in", "test", config.HEARTS_FOLDER)
    assert loaded == [((config.HEARTS_FOLDER,), {})]


def test_predict_takes_files_and_complains_of_each(called, monkeypatch, run):
    called("echo_keras.serving.evaluate", "local", "a function")
    calls = called("echo_keras.study.predict", "run", None)
    assert run("predict", "a.png", "b.avi", "--model", "m").exit_code == 0
    [(arguments, _)] = calls
    files = (pathlib.Path("a.png"), pathlib.Path("b.avi"))
    assert arguments == (files, "a function", pathlib.Path("runs/predict"))

    def complain(*_, complain, **options):
        complain("cannot read\n a.png")

    monkeypatch.setattr("echo_keras.study.predict.run", complain)
    result = run("predict", "a.png", "--model", "m")
    assert result.output == "Error: cannot read a.png\n"


def test_view_tells_its_address(monkeypatch, run):
    def view(url, port, *, ready, browser):
        ready(f"{url} {port} {browser}")

    monkeypatch.setattr("echo_keras.viewer.server.view", view)
    result = run("view", "--url", "u", "--port", 0, "--no-browser")
    assert result.output == "viewing  u 0 False\n"
