"""Data sets are whole, repeatable and never overwrite anything."""

import pytest

from echo_keras import errors
from pipeline import phantom

QUICK = {
    "echonet": {"frames": 21},
    "camus": {"views": ("4CH",), "half_sequence": False},
}


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("layout", QUICK)
def test_a_seed_gives_the_same_bytes(layout, tmp_path):
    for name in "ab":
        assert phantom.write(layout, 2, 4, tmp_path / name, **QUICK[layout]) == 2
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    phantom.write(layout, 2, 5, tmp_path / "c", **QUICK[layout])
    assert contents(tmp_path / "c") != contents(tmp_path / "a")


@pytest.mark.parametrize("layout", QUICK)
def test_more_patients_leave_the_first_as_they_are(layout, tmp_path):
    phantom.write(layout, 1, 4, tmp_path / "one", **QUICK[layout])
    phantom.write(layout, 3, 4, tmp_path / "three", **QUICK[layout])
    one, three = contents(tmp_path / "one"), contents(tmp_path / "three")
    pictures = [name for name in one if name.endswith((".avi", ".gz", ".cfg"))]
    assert pictures
    assert all(one[name] == three[name] for name in pictures)


def test_workers_do_not_change_a_byte(tmp_path):
    for workers in (1, 2):
        output = tmp_path / str(workers)
        phantom.write("echonet", 3, 0, output, workers=workers, frames=21)
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
