import importlib.util
import pathlib
import subprocess
import sys

import pytest
from click import testing

from echo_keras import cli, config, errors
from echo_keras.study import pictures

COMMANDS = [
    "phantom",
    "build-tfrecords",
    "inspect",
    "pretrain",
    "finetune",
    "export",
    "serve",
    "deploy",
    "evaluate",
    "predict",
    "view",
    "demo",
    "compare",
    "run",
    "runs",
    "lineage",
    "study",
]
HEAVY = ("tensorflow", "keras", "apache_beam", "numpy", "cv2", "matplotlib", "rich")
COUNTS = {"labelled_frames": 4, "unlabelled_videos": 3}
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


def run(*arguments):
    return testing.CliRunner().invoke(cli.main, [str(word) for word in arguments])


@pytest.fixture
def called(monkeypatch):
    """Put a function in place of another; it notes how it is called."""

    def replace(module, name, returns):
        calls = []

        def noted(*arguments, **options):
            calls.append((arguments, options))
            return returns

        monkeypatch.setattr(importlib.import_module(module), name, noted)
        return calls

    return replace


def test_help_lists_every_command_and_imports_nothing_heavy():
    script = (
        "import sys\n"
        "from echo_keras import cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in shown
    assert shown.endswith("heavy: []\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"{command} [OPTIONS]" in result.output
    assert run(command, "-h").output == result.output


def test_a_users_mistake_is_one_line_on_standard_error(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: [1,\n  2")
    command = [sys.executable, "-m", "echo_keras.cli", "finetune"]
    command += ["--data", "nowhere", "--output", "model", "--config", str(recipe)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: cannot read recipe {recipe}: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_a_missing_source_is_told_without_what_libraries_warn_of(tmp_path):
    command = [sys.executable, "-m", "echo_keras.cli", "build-tfrecords"]
    command += ["--dataset", "camus", "--source", "nowhere", "--output", "records"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "Error: no folder nowhere; is the path right?\n"


@pytest.mark.parametrize(("command", "goes_on"), [("study", True), ("export", False)])
def test_ctrl_c_says_whether_the_command_goes_on(
    monkeypatch, tmp_path, command, goes_on
):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    for module, name in (("study.labels", "run"), ("serving.export", "export")):
        module = importlib.import_module(f"echo_keras.{module}")
        monkeypatch.setattr(module, name, interrupt)
    options = {"study": ["--data", "records", "--config", "study.yaml"]}
    options["export"] = ["--model", "model"]
    result = run(command, *options[command], "--output", tmp_path / "out")
    assert result.exit_code == 1
    assert ("the same command goes on" in result.stderr) == goes_on
    assert "Aborted!" in result.stderr


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(*arguments, **options):
        raise KeyError("a bug")

    monkeypatch.setattr(config, "load", fail)
    result = run("finetune", "--data", "records", "--output", "model")
    assert isinstance(result.exception, KeyError)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["finetune", "--epochs", 1, "--steps", 2, "--data", "a", "--output", "b"],
            "--epochs and --steps exclude each other",
        ),
        (
            ["evaluate", "--data", "a", "--output", "b", "--url", "u", "--model", "m"],
            "give either --url or --model",
        ),
        (["evaluate", "--data", "a", "--output", "b"], "give either --url or --model"),
        (["predict", "a.png"], "give either --url or --model"),
        (["predict", "--model", "m"], "Missing argument 'FILE...'"),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "0"], "--fraction"),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "1.5"], "0<x<=1"),
        (
            ["finetune", "--data", "a", "--output", "b", "--fraction", "5%"],
            "5 % is 0.05",
        ),
        (["finetune", "--data", "a", "--output", "b", "--fraction", "nan"], "fraction"),
        (["finetune", "--data", "a", "--output", "b", "--network", "vnet"], "'vnet'"),
        (["finetune", "--data", "a", "--output", "b", "--steps", "0"], "--steps"),
        (["finetune", "--data", "a", "--output", "b", "--seed", "-1"], "seed"),
        (["finetune", "--output", "b"], "Missing option '--data'"),
        (["pretrain", "--output", "b"], "Missing option '--data'"),
        (["pretrain", "--data", "a", "--output", "b", "--method", "moco"], "'moco'"),
        (["pretrain", "--data", "a", "--output", "b", "--replicas", "0"], "--replicas"),
        (["serve", "--models", "a", "--port", "65536"], "--port"),
        (["serve", "--models", "a", "--label", "lv=1"], "such as lv/stable=3"),
        (["serve", "--models", "a", "--model-version", "lv"], "such as lv/3"),
        (["serve", "--models", "a", "--model-version", "lv/3"], "need each other"),
        (["serve", "--models", "a", "--version-policy", "specific"], "each other"),
        (["serve", "--models", "a", "--timeout", "0"], "--timeout"),
        (["phantom", "--layout", "mri", "--patients", 1, "--output", "a"], "'mri'"),
        (["phantom", "--layout", "camus", "--patients", 0, "--output", "a"], "1"),
        (["phantom", "--layout", "camus", "--release", "2020"], "'2020'"),
        (
            ["build-tfrecords", "--dataset", "x", "--source", "a", "--output", "b"],
            "'x'",
        ),
        (["demo", "--fast"], "--fast"),
        (["dream"], "No such command 'dream'"),
    ],
)
def test_options_that_cannot_be_meant_end_with_two(arguments, sentence):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_an_input_error_from_a_command_ends_with_two(monkeypatch):
    from echo_keras.serving import export

    def refuse(*arguments, **options):
        raise errors.InputError("no model in\n  here")

    monkeypatch.setattr(export, "export", refuse)
    result = run("export", "--model", "here", "--output", "there")
    assert result.exit_code == 2
    assert result.output == "Error: no model in here\n"


def test_phantom_passes_its_options(called):
    calls = called("pipeline.phantom", "write", 3)
    result = run(
        "phantom", "--layout", "camus", "--patients", 3, "--seed", 4, "--output", "out"
    )
    assert result.output == "3 patients in the layout of camus  out\n"
    assert calls == [(("camus", 3, 4, pathlib.Path("out")), {})]


def test_phantom_passes_only_the_options_of_its_layout(called):
    calls = called("pipeline.phantom", "write", 3)
    start = ("phantom", "--patients", 3, "--output", "out", "--layout")
    run(*start, "camus", "--views", "4CH", "--no-half-sequence")
    run(*start, "camus", "--release", "2019")
    run(*start, "echonet", "--frames", 20)
    run(*start, "echonet", "--defects", "all")
    run(*start, "camus", "--defects", "dead-link,plain-gz")
    assert [options for _, options in calls] == [
        {"views": ("4CH",), "half_sequence": False},
        {"release": "2019"},
        {"frames": 20},
        {"defects": "all"},
        {"defects": "dead-link,plain-gz"},
    ]
    for owner, other, option in (
        ("echonet", "camus", ("--frames", 20)),
        ("camus", "echonet", ("--release", "2019")),
    ):
        result = run(*start, other, *option)
        assert result.exit_code == 2
        assert f"{option[0]} is for --layout {owner}, not {other}" in result.output


def test_build_tfrecords_passes_what_follows_the_dashes_to_beam(called):
    manifest = {
        "counts": {"train": COUNTS, "test": COUNTS},
        "rejected": {"truncated": 2, "unreadable": 1},
    }
    calls = called("pipeline.build", "run", manifest)
    result = run(
        *("build-tfrecords", "--dataset", "echonet", "--source", "raw"),
        *("--output", "out", "--shards", 2, "--max-rejected", 0.5),
        *("--exclude", "a", "--exclude", "b"),
        *("--", "--direct_num_workers", 2, "--runner=DirectRunner"),
    )
    assert result.output.startswith("8 labelled frames, 6 unlabelled videos")
    assert "2 truncated, 1 unreadable" in result.output
    ((arguments, options),) = calls
    assert arguments == ("echonet", "raw", "out")
    assert options["shards"] == 2
    assert options["max_rejected"] == 0.5
    assert options["exclude"] == ("a", "b")
    assert options["beam_args"] == (
        "--direct_num_workers",
        "2",
        "--runner=DirectRunner",
    )


@pytest.mark.parametrize(("option", "folder"), [([], None), (["--output", "o"], "o")])
def test_inspect_leaves_the_default_output_to_the_inspection(called, option, folder):
    calls = called("echo_keras.study.inspection", "run", "0 flags")
    assert run("inspect", "in", *option).output == "0 flags\n"
    ((arguments, options),) = calls
    assert arguments == ("in", folder and pathlib.Path(folder))
    options["say"]("a line")


def test_pretrain_takes_several_folders_and_lets_options_win(called, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 7\nbatch: 5")
    summary = {"loss": [4.0, 3.14159], "accuracy": [0.1, 0.25]}
    calls = called("echo_keras.training.pretrain", "run", summary)
    result = run(
        *("pretrain", "--data", "a", "--data", "b", "--output", "out", "--epochs", 9),
        *("--encoder", "resnet50", "--config", recipe, "--replicas", 2),
        *("--checkpoint-seconds", 60, "--positives", "video", "--contrast", "dense"),
    )
    assert result.output == "loss 3.142  accuracy 0.250  out\n"
    wanted = config.Pretrain(
        epochs=9, batch=5, encoder="resnet50", positives="video", contrast="dense"
    )
    folders = ("a", "b")
    options = {"kind": "mirrored", "replicas": 2, "checkpoint_seconds": 60}
    assert calls == [((wanted, folders, pathlib.Path("out")), options)]


def test_finetune_lets_options_win_over_the_recipe(called, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nbatch: 5\nseed: 1")
    patients = {"train": ["a", "b"], "validation": ["c"]}
    summary = {"patients": patients, "dice": 0.87654, "frames": {"validation": 2}}
    calls = called("echo_keras.training.finetune", "run", summary)
    result = run(
        *("finetune", "--data", "in", "--output", "out", "--config", recipe),
        *("--fraction", 0.05, "--subset-seed", 3, "--network", "deeplabv3"),
        *("--init", "imagenet", "--steps", 9, "--seed", 0),
        *("--fraction-by", "image", "--validation", "full", "--structures", "all"),
        *("--teacher", "other", "--teacher", "third", "--mixed-precision", "off"),
    )
    assert result.output == (
        "labelled patients: 2 to train, 1 to validate  validation dice 0.877 of 2 "
        "frames  out\n"
    )
    wanted = config.Finetune(
        steps=9,
        batch=5,
        seed=0,
        fraction=0.05,
        subset_seed=3,
        network="deeplabv3",
        init="imagenet",
        fraction_by="image",
        validation="full",
        structures="all",
        teachers=("other", "third"),
        mixed_precision="off",
    )
    assert calls == [((wanted, "in", pathlib.Path("out")), {})]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), ("hearts", "{folder}/first.yaml", "runs/one")),
        (("--teacher", "second.yaml"), ("second.yaml",)),
    ],
)
def test_recipes_of_teachers_are_named_from_where_they_are_named(
    called, tmp_path, options, wanted
):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("teachers: [hearts, first.yaml, runs/one]\n")
    patients = {"train": ["a"], "validation": ["b"]}
    summary = {"patients": patients, "dice": 0.9, "frames": {"validation": 2}}
    calls = called("echo_keras.training.rounds", "run", summary)
    run("finetune", "--data", "in", "--output", "out", "--config", recipe, *options)
    [((given, *_), _)] = calls
    assert given.teachers == tuple(word.format(folder=tmp_path) for word in wanted)


@pytest.mark.parametrize(
    ("option", "steps", "epochs"), [("--epochs", 7, 3), ("--steps", 3, 0)]
)
def test_finetune_counts_as_the_option_does(called, tmp_path, option, steps, epochs):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nepochs: 5")
    summary = {"patients": {"train": ["a"], "validation": ["b"]}, "dice": 0.5}
    summary["frames"] = {"validation": 2}
    calls = called("echo_keras.training.finetune", "run", summary)
    words = ("--data", "a", "--output", "b", "--config", recipe, option, 3)
    assert run("finetune", *words).exit_code == 0
    ((arguments, _),) = calls
    assert (arguments[0].steps, arguments[0].epochs) == (steps, epochs)


def test_export_names_the_version_that_it_wrote(called):
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
    called, tmp_path, monkeypatch
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


def test_serve_passes_host_and_port(called):
    from echo_keras.serving import catalog, limits

    calls = called("echo_keras.serving.server", "serve", None)
    assert run("serve", "--models", "saved", "--port", 0).exit_code == 0
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("saved"),)
    assert (options["host"], options["port"]) == ("127.0.0.1", 0)
    assert (options["rules"], options["limit"]) == (catalog.LATEST, limits.DEFAULT)
    assert options["joins"] is None


def test_deploy_names_the_models_and_what_to_run(called):
    from echo_keras.serving import catalog

    calls = called("echo_keras.serving.deployment", "write", ["lv", "rv"])
    result = run("deploy", "--models", "saved", "--output", "d", "--label", "lv/a=2")
    assert result.output == "lv, rv  docker compose -f d/docker-compose.yml up\n"
    rules = catalog.Rules(labels={"lv": {"a": 2}})
    assert calls == [((pathlib.Path("saved"), pathlib.Path("d"), rules), {})]


def test_serve_passes_versions_labels_limits_and_batching(called, tmp_path):
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


def test_evaluate_asks_for_a_file_before_it_scores(called, tmp_path):
    scored = called("echo_keras.serving.evaluate", "by_model", SCORES)
    result = run("evaluate", "--data", "in", "--model", "m", "--output", str(tmp_path))
    assert "is a folder; name a file in it" in result.output
    assert result.exit_code == 2
    assert scored == []


def test_evaluate_tells_that_no_patient_has_an_ejection_fraction(called):
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
def test_evaluate_scores_where_it_is_told(called, option, value, name, place):
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
    called, tmp_path, monkeypatch
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


def test_predict_takes_files_and_complains_of_each(called, monkeypatch):
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


def test_view_tells_its_address(monkeypatch):
    def view(url, port, *, ready, browser):
        ready(f"{url} {port} {browser}")

    monkeypatch.setattr("echo_keras.viewer.server.view", view)
    result = run("view", "--url", "u", "--port", 0, "--no-browser")
    assert result.output == "viewing  u 0 False\n"


def test_demo_runs_on_phantoms_where_no_data_set_is_given(called):
    calls = called("echo_keras.study.demo", "run", "dice 0.9")
    result = run("demo", "--camus", "raw", "--output", "out")
    assert result.output.endswith("dice 0.9\n")
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("out"),)
    assert options["camus"] == pathlib.Path("raw")
    assert options["echonet"] is None


@pytest.mark.parametrize("words", [("run",), ("runs",), ("lineage", "saved_models/1")])
def test_without_tfx_the_pipeline_says_what_to_install(monkeypatch, words):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = run(*words)
    assert result.exit_code == 2
    assert "needs TFX, which is not installed" in result.output
    assert "tools/setup.py .venv tfx" in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("words", [("--runner", "kubeflow"), ("--output", "a.yaml")])
def test_an_output_belongs_to_a_compiled_pipeline(words):
    result = run("run", *words)
    assert result.exit_code == 2
    assert "--output belongs to --runner kubeflow" in result.output


def test_study_passes_its_plan_on(called):
    calls = called("echo_keras.study.labels", "run", "best dice .9000")
    words = ("--data", "in", "--config", "study.yaml", "--output", "out")
    assert run("study", *words).output == "best dice .9000\n"
    ((arguments, _),) = calls
    assert arguments == (pathlib.Path("study.yaml"), "in", pathlib.Path("out"))


def test_compare_takes_two_files(called):
    calls = called("echo_keras.study.compare", "run", "dice +0.0100")
    assert run("compare", "a.json", "b.json").output == "dice +0.0100\n"
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("a.json"), pathlib.Path("b.json"))
    options["say"]("a table")
