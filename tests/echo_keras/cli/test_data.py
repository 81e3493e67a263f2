"""Commands on files and records."""

import pathlib

import pytest

COUNTS = {"labelled_frames": 4, "unlabelled_videos": 3}


def test_phantom_passes_its_options(called, run):
    calls = called("pipeline.phantom", "write", 3)
    result = run(
        "phantom", "--layout", "camus", "--patients", 3, "--seed", 4, "--output", "out"
    )
    assert result.output == "3 patients in the layout of camus  out\n"
    assert calls == [(("camus", 3, 4, pathlib.Path("out")), {})]


def test_phantom_passes_only_the_options_of_its_layout(called, run):
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


def test_build_tfrecords_passes_what_follows_the_dashes_to_beam(called, run):
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
def test_inspect_leaves_the_default_output_to_the_inspection(
    called, option, folder, run
):
    calls = called("echo_keras.study.inspection", "run", "0 flags")
    assert run("inspect", "in", *option).output == "0 flags\n"
    ((arguments, options),) = calls
    assert arguments == ("in", folder and pathlib.Path(folder))
    options["say"]("a line")
