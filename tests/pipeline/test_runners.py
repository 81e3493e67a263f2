import os

import pytest
from apache_beam.options import pipeline_options
from apache_beam.runners.portability.fn_api_runner import fn_runner

from echo_keras import errors
from pipeline import runners


@pytest.mark.parametrize(
    ("cores", "given", "mode", "workers"),
    [
        (2, (), "multi_threading", 2),
        (64, (), None, 16),
        (64, ("--direct_running_mode=multi_threading",), "multi_threading", 16),
        (2, ("--direct_running_mode=in_memory",), "in_memory", 1),
        (2, ("--direct_num_workers=5",), "multi_threading", 5),
    ],
)
def test_the_job_runs_here_on_all_cores(monkeypatch, cores, given, mode, workers):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    runner, options = runners.chosen(given, most_workers=16)
    direct = options.view_as(pipeline_options.DirectOptions)
    assert (direct.direct_running_mode, direct.direct_num_workers) == (mode, workers)
    assert isinstance(runner, fn_runner.FnApiRunner)


def test_a_runner_without_the_options_that_it_needs_is_refused():
    with pytest.raises(errors.InputError, match="add --job_endpoint=HOST:PORT"):
        runners.chosen(["--runner=portablerunner"], most_workers=1)
    options = ["--runner=DirectRunner", "--type_check_additional=many"]
    with pytest.raises(errors.InputError, match=r"refuses its options(.|\n)+: many"):
        runners.pipeline(*runners.chosen(options, most_workers=1))
