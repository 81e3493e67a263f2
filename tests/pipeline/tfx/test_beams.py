import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import beams


def test_without_a_runner_the_work_is_done_in_this_process():
    assert beams.options(["--direct_num_workers=2"])[-1] == "--direct_num_workers=2"
    assert f"--runner={beams.RUNNER}" in beams.options([])


def test_a_runner_of_the_users_is_left_alone():
    words = ["--runner=DataflowRunner", "--region=europe-west1"]
    assert beams.options(words) == words
    assert beams.given(words) == tuple(words)


def test_a_job_with_a_runner_of_its_own_sees_only_what_the_user_gave():
    labels = ["--labels", "tfx_version=1-15-1", "--labels", "tfx_executor=it"]
    words = [*beams.options(["--temp_location=gs://a"]), *labels]
    assert beams.given(words) == ("--temp_location=gs://a",)
