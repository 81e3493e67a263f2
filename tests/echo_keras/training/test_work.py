import contextlib
import json
import subprocess
import sys

import pytest

from echo_keras import errors
from echo_keras.training import work

IDENTITY = {"size": 16, "splits": ("train",), "data": [{"dataset": "camus"}]}
CODE = "0.1.0+11111111"


class Killed(BaseException):
    pass


def kill(output, identity=IDENTITY, *, checkpoint=True):
    """Leave behind what a killed run leaves."""
    with (
        contextlib.suppress(Killed),
        work.folder(output, identity, code=CODE) as folder,
    ):
        (folder / work.CHECKPOINTS).mkdir()
        if checkpoint:
            (folder / work.CHECKPOINTS / "checkpoint").write_text("here")
        (folder / work.ARTEFACT / "logs").write_text("one")
        raise Killed
    return folder


@pytest.mark.parametrize("exists", [False, True])
def test_a_finished_run_leaves_its_artefact_and_nothing_else(tmp_path, exists):
    output = tmp_path / "deep" / "encoder"
    if exists:
        output.mkdir(parents=True)
    with work.folder(output, IDENTITY, code=CODE) as folder:
        assert folder.name == "encoder.partial"
        (folder / work.ARTEFACT / "model").write_text("weights")
        assert not exists or not list(output.iterdir())
    assert [path.name for path in output.parent.iterdir()] == ["encoder"]
    assert [path.name for path in output.iterdir()] == ["model"]


def test_a_killed_run_goes_on_with_what_it_left(tmp_path):
    kill(tmp_path / "encoder")
    with work.folder(tmp_path / "encoder", IDENTITY, code=CODE) as folder:
        assert (folder / work.CHECKPOINTS / "checkpoint").read_text() == "here"
        assert (folder / work.ARTEFACT / "logs").read_text() == "one"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 32}, "begun with size 16, not 32; repeat the command"),
        ({"splits": ["unlisted"]}, "begun with other splits; repeat the command"),
        ({"data": [{"dataset": "echonet"}]}, "begun with other data; repeat"),
        ({"data": "camus"}, "begun with other data; repeat"),
        ({"optimizer": "lars"}, "begun with optimizer None, not lars"),
    ],
)
def test_another_run_is_refused_and_the_first_one_kept(tmp_path, change, sentence):
    folder = kill(tmp_path / "encoder")
    with (
        pytest.raises(errors.InputError, match=sentence),
        work.folder(tmp_path / "encoder", {**IDENTITY, **change}, code=CODE),
    ):
        pass
    assert (folder / work.CHECKPOINTS / "checkpoint").exists()


@pytest.mark.parametrize("half", [False, True])
def test_another_run_may_have_a_folder_without_a_checkpoint(tmp_path, half):
    killed = kill(tmp_path / "encoder", checkpoint=False)
    (killed / work.ARTEFACT / "deep").mkdir()
    if half:  # as a disk that is full leaves it
        (killed / work.CHECKPOINTS / "ckpt-1_temp").mkdir()
    other = {**IDENTITY, "size": 32}
    work.refuse_other(tmp_path / "encoder", other)
    with work.folder(tmp_path / "encoder", other, code=CODE) as folder:
        assert json.loads((folder / work.IDENTITY_FILE).read_text())["size"] == 32
        assert list((folder / work.ARTEFACT).iterdir()) == []
        assert not (folder / work.CHECKPOINTS).exists()


def test_another_run_is_refused_before_it_begins(tmp_path):
    work.refuse_other(tmp_path / "encoder", IDENTITY)  # nothing is there
    kill(tmp_path / "encoder")
    work.refuse_other(tmp_path / "encoder", {"size": 16})
    with pytest.raises(errors.InputError, match="begun with size 16, not 32"):
        work.refuse_other(tmp_path / "encoder", {"size": 32})
    with (
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
        pytest.raises(errors.InputError, match="another job is writing"),
    ):
        work.refuse_other(tmp_path / "encoder", IDENTITY)


@pytest.mark.parametrize("output", [".", "/", "..", ""])
def test_a_place_in_place_of_a_name_is_refused(output):
    for refuse in (work.vacant, lambda place: work.refuse_other(place, {})):
        with pytest.raises(errors.InputError, match="is a place rather than a name"):
            refuse(output)


def test_what_is_finished_stays_where_the_output_was_taken_meanwhile(tmp_path):
    output = tmp_path / "encoder"

    def finish():
        with work.folder(output, IDENTITY, code=CODE) as folder:
            (folder / work.ARTEFACT / "model").write_text("weights")
            output.mkdir()
            (output / "precious").touch()

    with pytest.raises(errors.InputError, match=r"finished lies in .*partial/artefact"):
        finish()
    assert (tmp_path / "encoder.partial" / work.ARTEFACT / "model").exists()


@pytest.mark.parametrize("text", ["", "{", "3"])
def test_an_identity_that_cannot_be_read_is_named_and_kept(tmp_path, text):
    path = kill(tmp_path / "encoder") / work.IDENTITY_FILE
    path.write_text(text)
    with (
        pytest.raises(errors.InputError, match=r"cannot read .*run\.json.*; remove"),
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
    ):
        pass
    assert path.read_text() == text


def test_a_second_process_is_refused_while_the_first_works(tmp_path):
    script = (
        "import sys; from echo_keras.training import work\n"
        "with work.folder(sys.argv[1], {}, code='1'):\n"
        "    print('working', flush=True); sys.stdin.read()"
    )
    output = tmp_path / "encoder"
    command = [sys.executable, "-c", script, str(output)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as first:
        assert first.stdout.readline() == "working\n"
        for identity in ({}, IDENTITY):
            with (
                pytest.raises(errors.InputError, match=r"another job is writing .*enc"),
                work.folder(output, identity, code=CODE),
            ):
                pass
        assert (tmp_path / "encoder.partial" / work.IDENTITY_FILE).exists()
        first.kill()
    with work.folder(output, {}, code=CODE):
        pass
    assert output.exists()


def test_what_a_kill_left_before_the_run_began_is_taken_over(tmp_path):
    begun = tmp_path / "encoder.partial"
    (begun / work.ARTEFACT).mkdir(parents=True)
    (begun / work.LOCK_FILE).touch()
    with work.folder(tmp_path / "encoder", IDENTITY, code=CODE) as folder:
        assert json.loads((folder / work.IDENTITY_FILE).read_text())["size"] == 16


def test_what_a_kill_left_while_the_run_began_is_taken_over(tmp_path):
    half = tmp_path / "encoder.partial" / f".{work.IDENTITY_FILE}-k2x"
    half.mkdir(parents=True)
    with work.folder(tmp_path / "encoder", IDENTITY, code=CODE) as folder:
        assert (folder / work.IDENTITY_FILE).is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_what_a_kill_left_behind_a_whole_output_goes(tmp_path):
    folder = kill(tmp_path / "encoder")
    (folder / work.ARTEFACT).rename(tmp_path / "encoder")
    with (
        pytest.raises(errors.InputError, match="exists and is not empty"),
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_checkpoints_stay_though_the_artefact_and_the_output_are_gone(tmp_path):
    (kill(tmp_path / "encoder") / work.ARTEFACT / "logs").unlink()
    (tmp_path / "encoder.partial" / work.ARTEFACT).rmdir()
    with work.folder(tmp_path / "encoder", IDENTITY, code=CODE) as folder:
        assert (folder / work.CHECKPOINTS / "checkpoint").exists()


def test_every_version_that_a_run_went_on_with_is_told(tmp_path, capsys):
    assert work.codes(kill(tmp_path / "encoder")) == CODE
    for code in (CODE, "0.1.0+22222222", "0.1.0+22222222"):
        with (
            contextlib.suppress(Killed),
            work.folder(tmp_path / "encoder", IDENTITY, code=code) as folder,
        ):
            raise Killed
    assert work.codes(folder) == f"{CODE}, then 0.1.0+22222222"
    assert capsys.readouterr().err.count(f"begun by echo-keras {CODE}, goes on") == 1


def test_a_folder_of_something_else_is_refused_and_kept(tmp_path):
    other = tmp_path / "encoder.partial"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with (
        pytest.raises(errors.InputError, match="was not left by this command; remove"),
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
    ):
        pass
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "encoder.partial").write_text("mine")
    with (
        pytest.raises(errors.InputError, match="was not left by this command"),
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
    ):
        pass


def test_a_place_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(errors.InputError, match=r"cannot write .*encoder\.partial"),
        work.folder(tmp_path / "file" / "encoder", IDENTITY, code=CODE),
    ):
        pass


@pytest.mark.parametrize("reason", [errors.InputError, KeyboardInterrupt])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_a_run_that_ends_early_leaves_only_checkpoints_worth_keeping(
    tmp_path, checkpoint, reason
):
    kill(tmp_path / "encoder", checkpoint=checkpoint)
    with (
        pytest.raises(reason, match="broken"),
        work.folder(tmp_path / "encoder", IDENTITY, code=CODE),
    ):
        raise reason("broken")
    assert (tmp_path / "encoder.partial").exists() is checkpoint


def test_the_identity_is_written_for_a_reader(tmp_path):
    folder = kill(tmp_path / "encoder")
    written = json.loads((folder / work.IDENTITY_FILE).read_text())
    assert written == {**IDENTITY, "splits": ["train"], "code": CODE}
