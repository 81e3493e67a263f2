import errno

import pytest

from echo_keras import errors
from pipeline import files


def test_all_files_are_found_with_their_sizes(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "two").write_bytes(b"xx")
    (tmp_path / "one").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    assert files.below(tmp_path) == {"a/b/two": 2, "empty/": 0, "one": 1}


def test_a_loop_of_links_is_entered_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "one").write_bytes(b"x")
    (tmp_path / "nowhere").symlink_to(tmp_path / "nowhere")
    assert files.below(tmp_path) == {"nowhere": -1, "one": 1}


def test_a_linked_folder_is_entered(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "one").write_bytes(b"x")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "Videos").symlink_to(tmp_path / "disk")
    assert files.below(tmp_path / "source") == {"Videos/one": 1}


def test_a_folder_goes_by_its_own_name_rather_than_by_a_links(tmp_path):
    (tmp_path / "deep" / "Videos").mkdir(parents=True)
    (tmp_path / "deep" / "Videos" / "one").write_bytes(b"x")
    (tmp_path / "deep" / "All").symlink_to("Videos")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "again").symlink_to("../deep")
    assert files.below(tmp_path) == {"deep/Videos/one": 1}


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path, aside = tmp_path / "deep" / "file", tmp_path / "aside"
    with files.written_aside(path, aside) as file:
        file.write(b"content")
        assert not path.exists()
    assert path.read_bytes() == b"content"
    assert not list(aside.iterdir())


def interrupted(path, aside, error):
    with files.written_aside(path, aside) as file:
        file.write(b"half")
        raise error


def test_an_interrupted_file_never_appears(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "file", tmp_path / "aside", KeyboardInterrupt())
    assert not (tmp_path / "file").exists()


def test_a_full_disk_is_told_in_one_sentence(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(errors.InputError, match=r"cannot write .* \(No space left"):
        interrupted(tmp_path / "file", tmp_path / "aside", full)


def test_urls_are_remote_and_paths_are_not(tmp_path):
    assert files.is_remote("gs://bucket/folder")
    assert not files.is_remote(tmp_path)
