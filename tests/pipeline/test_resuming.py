import os
import signal

import pytest

from echo_keras import errors
from pipeline import build, files, layout, resuming

ONE = ("--direct_running_mode=in_memory",)


def run(source, output, **options):
    return build.run("echonet", source, output, **{"beam_args": ONE, **options})


def contents(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def converted(monkeypatch):
    """Names of the shards as they are converted; the third of all fails."""
    names, original = [], build.convert.write

    def note(stream, layout):
        names.append(stream.shard.name)
        if len(names) == 3:
            raise errors.InputError("no room")
        return original(stream, layout)

    monkeypatch.setattr(build.convert, "write", note)
    return names


def fail_at_the_third(source, output):
    with pytest.raises(errors.InputError, match="1 of 3 shards could not be written"):
        run(source, output)


def test_a_file_replaced_by_one_of_the_same_size_is_converted_again(
    echonet_copy, tmp_path, converted
):
    source = echonet_copy.write()
    fail_at_the_third(source, tmp_path / "records")
    path = echonet_copy.video("0X003")
    os.utime(path, ns=(0, 0))
    run(source, tmp_path / "records")
    kinds = [name.partition(".")[0] for name in converted]
    assert kinds == [
        "echonet-test",
        "echonet-train",
        "echonet-validation",
        "echonet-test",
        "echonet-validation",
    ]


def test_what_other_code_left_is_not_taken_over(
    echonet_copy, tmp_path, converted, monkeypatch
):
    source = echonet_copy.write()
    fail_at_the_third(source, tmp_path / "records")
    monkeypatch.setattr(resuming, "_code", lambda: "another version")
    run(source, tmp_path / "records")
    assert len(converted) == 6


def end_before_cleaning_up(source, output, monkeypatch):
    original = files.remove

    def remove(folder):
        if folder == f"{output}.partial":
            raise KeyboardInterrupt
        original(folder)

    with monkeypatch.context() as patch:
        patch.setattr(files, "remove", remove)
        with pytest.raises(KeyboardInterrupt):
            run(source, output)


def test_a_job_ended_before_its_last_step_is_found_finished(
    echonet_copy, tmp_path, monkeypatch
):
    source, output = echonet_copy.write(), tmp_path / "records"
    end_before_cleaning_up(source, output, monkeypatch)
    before = contents(output)
    manifest = run(source, output)
    assert manifest["counts"]["train"]["labelled_frames"] == 4
    assert contents(output) == before
    assert list(tmp_path.glob("records*")) == [output]
    with pytest.raises(errors.InputError, match="records is not empty"):
        run(source, output)


def test_a_finished_job_of_another_kind_is_kept(echonet_copy, tmp_path, monkeypatch):
    source, output = echonet_copy.write(), tmp_path / "records"
    end_before_cleaning_up(source, output, monkeypatch)
    with pytest.raises(errors.InputError, match="records is not empty"):
        run(source, output, unlabelled_frames="all")


def test_two_jobs_do_not_write_one_output_at_once(echonet_copy, tmp_path):
    source, output = echonet_copy.write(), tmp_path / "records"
    with (
        resuming.alone(layout.Layout(str(output))),
        pytest.raises(errors.InputError, match=r"another job is writing .*records"),
    ):
        run(source, output)
    assert not list(tmp_path.glob("records*"))
    run(source, output)


@pytest.mark.parametrize("target", ["folder", "nowhere"])
def test_an_output_that_is_a_link_is_refused(echonet_copy, tmp_path, target):
    (tmp_path / "folder").mkdir()
    (tmp_path / "records").symlink_to(tmp_path / target)
    with pytest.raises(errors.InputError, match="is a link, which a folder cannot"):
        run(echonet_copy.write(), tmp_path / "records")
    assert not list(tmp_path.glob("*.partial"))


def test_a_name_that_is_no_text_hinders_nothing(echonet_copy, tmp_path):
    source = echonet_copy.write()
    (source / "Videos" / os.fsdecode(b"caf\xe9.txt")).touch()
    manifest = run(source, tmp_path / "records")
    assert manifest["rejected"] == {"unknown file": 1}


def test_a_source_that_links_to_itself_is_told(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(errors.InputError, match="loop"):
        run(tmp_path / "loop", tmp_path / "records")


def test_a_job_that_goes_on_says_so(echonet_copy, tmp_path, converted, capsys):
    source = echonet_copy.write()
    fail_at_the_third(source, tmp_path / "records")
    run(source, tmp_path / "records")
    assert "going on: 2 of 3 shards are there" in capsys.readouterr().err


def test_an_interrupt_ends_the_job_after_the_shards_at_hand(
    echonet_copy, tmp_path, monkeypatch
):
    source, original = echonet_copy.write(), build.convert.write

    def interrupted(stream, layout):
        os.kill(os.getpid(), signal.SIGINT)
        return original(stream, layout)

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(build.convert, "write", interrupted)
        with pytest.raises(errors.InputError, match="stopped, with 2 of 3 shards"):
            run(source, tmp_path / "records")
    assert signal.getsignal(signal.SIGINT) is before
    manifest = run(source, tmp_path / "records")
    assert manifest["counts"]["train"]["labelled_frames"] == 4


def test_a_stray_word_is_refused(echonet_copy, tmp_path):
    with pytest.raises(errors.InputError, match="'foo' is no option; what follows"):
        run(echonet_copy.write(), tmp_path / "records", beam_args=("foo",))


def test_a_value_that_beam_refuses_is_told_without_its_usage(
    echonet_copy, tmp_path, capfd
):
    source, wrong = echonet_copy.write(), ("--direct_running_mode=fast",)
    with pytest.raises(errors.InputError, match=r"Beam refuses .* choice: 'fast'"):
        run(source, tmp_path / "records", beam_args=wrong)
    assert "usage" not in capfd.readouterr().err
