"""Nothing half-written ever stands under a final name."""

import pytest

from echo_keras import aside, errors


def test_a_folder_appears_whole(tmp_path):
    with aside.folder(tmp_path / "out") as folder:
        (folder / "weights").write_text("1")
        assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "weights").read_text() == "1"


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(folder):
        (folder / "weights").write_text("1")
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half"), aside.folder(tmp_path / "out") as at:
        fail(at)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_file_that_was_there(tmp_path):
    (tmp_path / "scores.json").write_text("old")
    with pytest.raises(ValueError, match="half"), aside.file(tmp_path / "scores.json"):
        raise ValueError("half way")
    assert (tmp_path / "scores.json").read_text() == "old"


def test_a_file_is_replaced(tmp_path):
    (tmp_path / "scores.json").write_text("old")
    with aside.file(tmp_path / "scores.json") as path:
        path.write_text("new")
    assert (tmp_path / "scores.json").read_text() == "new"


def test_an_empty_folder_may_be_written_to(tmp_path):
    (tmp_path / "out").mkdir()
    with aside.folder(tmp_path / "out") as folder:
        (folder / "a").touch()
    assert (tmp_path / "out" / "a").exists()


def test_what_exists_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with (
        pytest.raises(errors.InputError, match=r"out exists and is not empty"),
        aside.folder(tmp_path / "out"),
    ):
        pass


def test_of_two_who_write_one_folder_the_second_is_told(tmp_path):
    with (
        pytest.raises(errors.InputError, match="out was written by another command"),
        aside.folder(tmp_path / "out"),
        aside.folder(tmp_path / "out") as other,
    ):
        (other / "first").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "first").exists()


def test_a_place_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(errors.InputError, match="cannot write"),
        aside.folder(tmp_path / "file" / "out"),
    ):
        pass


@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_place_is_no_name_for_an_output(place):
    with pytest.raises(errors.InputError, match="name a new folder in it"):
        aside.vacant(place)
