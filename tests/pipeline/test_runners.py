import os

import pytest
from apache_beam.options import pipeline_options
from apache_beam.runners.portability.fn_api_runner import fn_runner

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
