import subprocess

from echo_keras.training import origin


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True)


def test_code_in_git_is_named_by_its_commit_and_whether_it_changed(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "__init__.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    head = (
        tmp_path / ".git" / (tmp_path / ".git/HEAD").read_text().split()[1]
    ).read_text()
    assert origin.code(tmp_path).endswith(f"+{head[:8]}")
    (tmp_path / "__init__.py").write_text("changed")
    assert origin.code(tmp_path).endswith(f"+{head[:8]}.changed")


def test_code_installed_within_another_repository_is_named_by_its_version(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "__init__.py").write_text("")
    assert "+" not in origin.code(tmp_path)


def test_code_without_git_is_named_by_its_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "+" not in origin.code()


def test_another_choice_of_frames_is_another_data_set(
    unlabelled, write_videos, noise, tmp_path
):
    """Records of the same source differ by the frames that were kept of it."""
    other = write_videos(tmp_path / "other", [noise(who, 3) for who in "abcdefghi"])
    origins = [origin.records(folder) for folder in (unlabelled, other)]
    assert origins[0]["source_fingerprint"] == origins[1]["source_fingerprint"]
    assert origins[0] != origins[1]
