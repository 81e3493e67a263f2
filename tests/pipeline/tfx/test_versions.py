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
