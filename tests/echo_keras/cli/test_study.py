"""Commands that compare."""

import pathlib


def test_demo_runs_on_phantoms_where_no_data_set_is_given(called, run):
    calls = called("echo_keras.study.demo", "run", "dice 0.9")
    result = run("demo", "--camus", "raw", "--output", "out")
    assert result.output.endswith("dice 0.9\n")
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("out"),)
    assert options["camus"] == pathlib.Path("raw")
    assert options["echonet"] is None


def test_study_passes_its_plan_on(called, run):
    calls = called("echo_keras.study.labels", "run", "best dice .9000")
    words = ("--data", "in", "--config", "study.yaml", "--output", "out")
    assert run("study", *words).output == "best dice .9000\n"
    ((arguments, _),) = calls
    assert arguments == (pathlib.Path("study.yaml"), "in", pathlib.Path("out"))


def test_compare_takes_two_files(called, run):
    calls = called("echo_keras.study.compare", "run", "dice +0.0100")
    assert run("compare", "a.json", "b.json").output == "dice +0.0100\n"
    ((arguments, options),) = calls
    assert arguments == (pathlib.Path("a.json"), pathlib.Path("b.json"))
    options["say"]("a table")
