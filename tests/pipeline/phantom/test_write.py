"""Data sets are whole, repeatable and never overwrite anything."""

import pytest

from echo_keras import errors
from pipeline import phantom

QUICK = {
    "echonet": {"frames": 21},
    "camus": {"views": ("4CH",), "half_sequence": False},
    "camus of 2019": {"views": ("4CH",), "half_sequence": False, "release": "2019"},
}


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def write(layout, patients, seed, output, **options):
    options = {**QUICK[layout], **options}
    return phantom.write(layout.split()[0], patients, seed, output, **options)


@pytest.mark.parametrize("layout", QUICK)
def test_a_seed_gives_the_same_bytes(layout, tmp_path):
    for name in "ab":
        assert write(layout, 2, 4, tmp_path / name) == 2
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    write(layout, 2, 5, tmp_path / "c")
    assert contents(tmp_path / "c") != contents(tmp_path / "a")


@pytest.mark.parametrize("layout", QUICK)
def test_more_patients_leave_the_first_as_they_are(layout, tmp_path):
    write(layout, 1, 4, tmp_path / "one")
    write(layout, 3, 4, tmp_path / "three")
    one, three = contents(tmp_path / "one"), contents(tmp_path / "three")
    pictures = [name for name in one if name.endswith((".avi", ".gz", "raw", ".cfg"))]
    assert pictures
    assert all(one[name] == three[name] for name in pictures)


def test_workers_do_not_change_a_byte(tmp_path):
    for workers in (1, 2):
        output = tmp_path / str(workers)
        write("echonet", 3, 0, output, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_an_existing_output_is_kept(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with pytest.raises(errors.InputError, match="not empty"):
        phantom.write("camus", 1, 0, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lumify", 1, 0), "echonet or camus"),
        (("camus", 0, 0), "1 or more"),
        (("camus", 1, -1), "negative"),
    ],
)
def test_what_cannot_be_written_is_told(arguments, words, tmp_path):
    with pytest.raises(errors.InputError, match=words):
        phantom.write(*arguments, tmp_path / "out")


def test_a_release_that_the_layout_lacks_is_told(tmp_path):
    with pytest.raises(errors.InputError, match="has no release '2019'; choose curr"):
        phantom.write("echonet", 1, 0, tmp_path / "out", release="2019")
