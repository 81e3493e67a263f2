import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import versions


def test_the_same_code_has_the_same_digest():
    assert versions.digest(*versions.SERVING) == versions.digest(*versions.SERVING)


def test_a_changed_module_changes_the_digest_of_those_that_use_it(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(versions, "OWN", tmp_path)
    (tmp_path / "judging.py").write_text("FLOOR = 1\n")
    before = versions.digest(own=("judging",))
    (tmp_path / "judging.py").write_text("FLOOR = 2\n")
    assert versions.digest(own=("judging",)) != before


def test_the_components_are_no_part_of_the_job_that_reads():
    own = versions.OWN
    found = {path.name for path in versions.modules("pipeline")}
    assert "build.py" in found
    assert not found & {path.name for path in own.glob("measures.py")}


@pytest.mark.parametrize(
    ("packages", "module"),
    [
        (versions.READING, "study/facts.py"),  # its measures are what is watched
        (versions.EXPORTING, "serving/endpoints.py"),  # a part of what is pushed
        (versions.TRAINING, "losses/segmentation.py"),
    ],
)
def test_what_decides_a_result_is_a_part_of_its_version(packages, module):
    found = [path.as_posix() for name in packages for path in versions.modules(name)]
    assert any(path.endswith(f"echo_keras/{module}") for path in found)


def test_the_template_of_the_page_is_a_part_of_its_version(tmp_path, monkeypatch):
    monkeypatch.setattr(versions, "OWN", tmp_path)
    (tmp_path / "page.html").write_text("<h1>")
    before = versions.digest(own=("page.html",))
    (tmp_path / "page.html").write_text("<h2>")
    assert versions.digest(own=("page.html",)) != before


def test_a_loss_is_no_part_of_what_converts():
    found = [path for name in versions.READING for path in versions.modules(name)]
    assert not [path for path in found if "losses" in path.parts]
