import importlib.util
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def setup():
    specification = importlib.util.spec_from_file_location(
        "environment_setup", ROOT / "tools" / "setup.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def commands(setup, monkeypatch):
    """Commands that the set-up would run; none is."""
    ran = []

    def run(command, **_):
        ran.append(command)
        return setup.subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(setup.subprocess, "run", run)
    monkeypatch.chdir(ROOT)
    return ran


@pytest.mark.parametrize("version", [(3, 8, 20), (3, 12, 0), (3, 14, 1), (4, 0, 0)])
def test_another_python_stops_with_one_sentence(
    setup, commands, monkeypatch, tmp_path, version
):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "version", ".".join(map(str, version)) + " (main)")
    with pytest.raises(SystemExit) as stop:
        setup.main(str(tmp_path / "venv"))
    sentence = stop.value.code
    assert "needs Python 3.9 to 3.11, this is {}.{}.{}:".format(*version) in sentence
    assert "TensorFlow 2.15" in sentence
    assert "uv python install 3.11" in sentence
    assert "\n" not in sentence
    assert commands == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [(3, 9, 0), (3, 10, 14), (3, 11, 9)])
def test_a_supported_python_installs_what_the_lock_pins(
    setup, commands, monkeypatch, tmp_path, version
):
    monkeypatch.setattr(sys, "version_info", version)
    venv = tmp_path / "venv"
    venv.mkdir()
    with pytest.raises(SystemExit) as stop:
        setup.main(str(venv), "dev")
    assert stop.value.code == 0
    assert commands[0] == [sys.executable, "-m", "venv", str(venv)]
    assert commands[-1][-2:] == ["--editable", ".[dev]"]
    assert commands[-1].count("requirements.lock") == 2


def test_an_environment_that_is_there_is_kept(setup, commands, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pip").touch()
    with pytest.raises(SystemExit):
        setup.main(str(tmp_path))
    assert not any("venv" in command for command in commands)
    assert commands[-1][-1] == "."


@pytest.mark.parametrize("stays", [True, False])
def test_modules_are_compiled_where_python_may_not_keep_them_so(
    setup, commands, monkeypatch, tmp_path, stays
):
    monkeypatch.setattr(sys, "dont_write_bytecode", not stays)
    with pytest.raises(SystemExit):
        setup.main(str(tmp_path))
    assert ("--compile-bytecode" in commands[-1]) == (not stays)


def test_the_installer_itself_comes_with_its_hashes(setup, commands, tmp_path):
    with pytest.raises(SystemExit):
        setup.main(str(tmp_path))
    pin = (tmp_path / "uv.txt").read_text()
    assert re.match(r"uv==[\d.]+", pin)
    assert re.findall(r"^\S", pin, flags=re.M) == ["u"]
    assert pin.count("--hash=sha256:") >= 1
    assert any("--require-hashes" in command for command in commands)


def test_the_project_and_the_set_up_support_the_same_pythons(setup):
    project = (ROOT / "pyproject.toml").read_text()
    (low, high) = setup.SUPPORTED
    wanted = f'requires-python = ">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"'
    assert wanted in project
