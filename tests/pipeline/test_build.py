import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import fn_runner

from echo_keras import errors
from echo_keras.data import tfrecords
from pipeline import build
from pipeline.sources import echonet

ONE = ("--direct_running_mode=in_memory", "--direct_num_workers=1")


def run(dataset, source, output, **options):
    return build.run(dataset, source, output, **{"beam_args": ONE, **options})


def contents(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_manifest_counts_what_the_records_hold(echonet_copy, tmp_path):
    manifest = run("echonet", echonet_copy.write(), tmp_path / "records")
    expected = {"patients": 1, "labelled_frames": 2, "unlabelled_videos": 1}
    expected |= {"sequence_frames": 0, "unlabelled_frames": 8}
    assert manifest["counts"] == {
        "train": {name: 2 * count for name, count in expected.items()},
        "validation": expected,
        "test": expected,
    }
    assert tfrecords.manifest(tmp_path / "records") == manifest
    frames = list(tfrecords.labelled(tmp_path / "records", "train"))
    assert [frame["patient"].numpy() for frame in frames] == [
        b"0X000",
        b"0X000",
        b"0X001",
        b"0X001",
    ]
    assert len(list(tfrecords.unlabelled([tmp_path / "records"]))) == 2


def test_the_manifest_names_every_file_by_its_digest(camus_copy, tmp_path):
    manifest = run("camus", camus_copy.folder, tmp_path / "records")
    written = contents(tmp_path / "records")
    for shard in manifest["shards"]:
        content = written.pop(shard["file"])
        assert hashlib.sha256(content).hexdigest() == shard["sha256"]
    assert set(written) == {"manifest.json", "features.json", "rejected.jsonl"}
    assert json.loads(written["rejected.jsonl"])["file"] == "patient0004"
    assert not (tmp_path / "records.partial").exists()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["multi_threading", "multi_processing"])
def test_the_bytes_depend_on_neither_workers_nor_mode(echonet_copy, tmp_path, mode):
    source = echonet_copy.write()
    run("echonet", source, tmp_path / "one", shards=2)
    two = (f"--direct_running_mode={mode}", "--direct_num_workers=2")
    run("echonet", source, tmp_path / "two", shards=2, beam_args=two)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_run_after_a_failure_converts_only_what_is_missing(
    echonet_copy, tmp_path, monkeypatch
):
    source = echonet_copy.write()
    run("echonet", source, tmp_path / "whole")
    converted = []
    original = build.convert.write

    def fail_once(stream, layout):
        converted.append(stream.shard.split)
        if converted == ["test", "train"]:
            raise errors.InputError("no room")
        return original(stream, layout)

    monkeypatch.setattr(build.convert, "write", fail_once)
    with pytest.raises(errors.InputError, match="1 of 3 shards could not be written"):
        run("echonet", source, tmp_path / "records")
    assert not (tmp_path / "records").exists()
    run("echonet", source, tmp_path / "records")
    assert converted == ["test", "train", "validation", "train"]
    assert contents(tmp_path / "records") == contents(tmp_path / "whole")


def test_a_runner_can_show_what_was_written(echonet_copy, tmp_path):
    layout = build.layouts.Layout(str(tmp_path / "records"))
    listing = echonet.listing(echonet_copy.write())
    shards = build.sharding.plan("echonet", listing.patients)
    for shard in shards:
        build.sharding.save(shard, layout)
    with beam.Pipeline(runner=fn_runner.FnApiRunner()) as pipeline:
        names = pipeline | beam.Create([shard.name for shard in shards])
        _ = names | build.ConvertShards("echonet", 8, layout)
    counters = pipeline.result.metrics().query()["counters"]
    told = {counter.key.metric.name: counter.committed for counter in counters}
    assert told["patients"] == 4
    assert told["labelled_frames"] == 8
    assert told["unlabelled_frames"] == 32


def test_a_runner_shows_a_stage_for_each_step(tmp_path):
    pipeline = beam.Pipeline(runner=fn_runner.FnApiRunner())
    transform = build.ConvertShards("echonet", 8, tmp_path)
    _ = pipeline | beam.Create(["name"]) | "Convert" >> transform
    shown = [
        label.removeprefix("Convert/")
        for label in sorted(pipeline.applied_labels)
        if label.count("/") == 1 and label.startswith("Convert/")
    ]
    stages = ["Load", "Read and check", "Encode", "Write", "Count"]
    assert shown == sorted(["Spread over workers", *stages])


def test_what_another_job_left_is_not_taken_over(echonet_copy, tmp_path):
    source = echonet_copy.write()
    echonet_copy.video("0X000").write_bytes(b"")
    with pytest.raises(errors.InputError, match="1 not a video"):
        run("echonet", source, tmp_path / "records")
    options = {"unlabelled_frames": "all", "max_rejected": 0.5}
    manifest = run("echonet", source, tmp_path / "records", **options)
    assert manifest["counts"]["test"]["unlabelled_frames"] == 20


def test_too_many_rejects_leave_nothing_under_the_final_name(echonet_copy, tmp_path):
    source = echonet_copy.write()
    echonet_copy.video("0X000").write_bytes(b"")
    message = r"1 of 4 files .* 1\.0% allowed \(1 not a video; first Videos/0X000\.avi"
    with pytest.raises(errors.InputError, match=message):
        run("echonet", source, tmp_path / "records")
    assert not (tmp_path / "records").exists()
    manifest = run("echonet", source, tmp_path / "records", max_rejected=0.25)
    assert manifest["rejected"] == {"not a video": 1}
    assert manifest["counts"]["train"]["patients"] == 1


def test_a_file_repaired_to_the_same_size_is_read_again(echonet_copy, tmp_path):
    source = echonet_copy.write()
    run("echonet", source, tmp_path / "whole")
    video = echonet_copy.video("0X000")
    content = video.read_bytes()
    video.write_bytes(bytes(len(content)))
    with pytest.raises(errors.InputError, match="1 not a video"):
        run("echonet", source, tmp_path / "records")
    video.write_bytes(content)
    run("echonet", source, tmp_path / "records")
    assert contents(tmp_path / "records") == contents(tmp_path / "whole")


def test_facts_of_the_release_are_reported_but_fail_nothing(echonet_copy, tmp_path):
    del echonet_copy.traced["0X001"]
    manifest = run("echonet", echonet_copy.write(), tmp_path / "r", max_rejected=0.0)
    assert manifest["rejected"] == {"untraced": 1}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("files", "2 of 4 patients are lost, more than the 25.0% .*2 no row"),
        ("traced", "2 of 4 patients are lost, more than the 25.0% .*2 untraced"),
    ],
)
def test_a_table_cut_in_half_is_noticed(echonet_copy, tmp_path, table, sentence):
    if table == "files":
        del echonet_copy.files[2:]
    else:
        for name in ("0X000", "0X001"):
            del echonet_copy.traced[name]
    with pytest.raises(errors.InputError, match=sentence):
        run("echonet", echonet_copy.write(), tmp_path / "records")
    assert not (tmp_path / "records.partial").exists()


def test_a_patient_counts_as_one_however_many_files_are_gone(camus_copy, tmp_path):
    shutil.rmtree(camus_copy.file("patient0002", ""))
    options = {"max_rejected": 0.2}
    with pytest.raises(errors.InputError, match=r"1 of 4 patients are lost, .* 20\.0%"):
        run("camus", camus_copy.folder, tmp_path / "records", **options)


def test_a_patient_can_be_left_out(camus_copy, tmp_path):
    run("camus", camus_copy.folder, tmp_path / "whole")
    manifest = run(
        "camus", camus_copy.folder, tmp_path / "records", exclude=("patient0004",)
    )
    assert "unlisted" not in manifest["counts"]
    assert manifest["rejected"] == {"excluded": 1, "unlisted": 1}
    assert manifest["command"].endswith(" --exclude=patient0004")
    whole, left = contents(tmp_path / "whole"), contents(tmp_path / "records")
    shards = [shard["file"] for shard in manifest["shards"]]
    assert [left[shard] for shard in shards] == [whole[shard] for shard in shards]


def test_a_patient_to_leave_out_has_to_be_there(camus_copy, tmp_path):
    source = camus_copy.folder
    with pytest.raises(errors.InputError, match=r"no patient 4 .* patient0001"):
        run("camus", source, tmp_path / "records", exclude=("4",))


def test_what_was_begun_with_other_patients_is_not_taken_over(echonet_copy, tmp_path):
    source = echonet_copy.write()
    echonet_copy.video("0X000").write_bytes(b"")
    with pytest.raises(errors.InputError, match="1 not a video"):
        run("echonet", source, tmp_path / "records", shards=1)
    options = {"shards": 1, "exclude": ("0X000",)}
    manifest = run("echonet", source, tmp_path / "records", **options)
    train = [shard for shard in manifest["shards"] if shard["split"] == "train"]
    assert [shard["patients"] for shard in train] == [["0X001"], ["0X001"]]


@pytest.mark.parametrize(("choice", "told"), [("between", True), ("all", False)])
def test_a_source_with_nothing_between_the_phases_is_told(
    camus_copy, tmp_path, capsys, choice, told
):
    for path in camus_copy.folder.rglob("*half_sequence*"):
        path.unlink()
    options = {"unlabelled_frames": choice}
    manifest = run("camus", camus_copy.folder, tmp_path / "records", **options)
    videos = manifest["counts"]["train"]["unlabelled_videos"]
    assert (videos == 0) == told
    assert ("no video was kept" in capsys.readouterr().err) == told


def test_a_data_set_without_a_usable_patient_is_refused(echonet_copy, tmp_path):
    echonet_copy.traced = {}
    with pytest.raises(errors.InputError, match="lists no patient who can be"):
        run("echonet", echonet_copy.write(), tmp_path / "records")


@pytest.mark.parametrize("taken", ["records", "records.partial"])
def test_what_stands_in_the_way_is_kept(echonet_copy, tmp_path, taken):
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "thesis").write_text("dear to someone")
    with pytest.raises(errors.InputError, match=f"{taken} is"):
        run("echonet", echonet_copy.write(), tmp_path / "records")
    assert (tmp_path / taken / "thesis").exists()


def test_an_output_inside_the_source_is_refused(echonet_copy, monkeypatch):
    source = echonet_copy.write()
    with pytest.raises(errors.InputError, match="lies inside the source"):
        run("echonet", source, source / "records")
    monkeypatch.chdir(source)
    with pytest.raises(errors.InputError, match="lies inside the source"):
        run("echonet", ".", "records")


def test_the_current_folder_cannot_be_the_output(echonet_copy, tmp_path, monkeypatch):
    source = echonet_copy.write()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(errors.InputError, match="name a folder to make"):
        run("echonet", source, ".")
    assert not list((tmp_path / "here").iterdir())


def test_an_output_below_a_file_is_refused(echonet_copy, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match=r"cannot write .* \(Not a directory"):
        run("echonet", echonet_copy.write(), tmp_path / "file" / "records")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("mode", [ONE, ("--direct_num_workers=2",)])
def test_a_full_disk_ends_in_one_sentence_and_no_half_files(
    echonet_copy, write_video, tmp_path, small_disk, mode
):
    source, output = echonet_copy.write(), small_disk / "records"
    for name in echonet_copy.traced:
        write_video(echonet_copy.video(name), noise=True)
    options = {"unlabelled_frames": "all", "beam_args": mode}
    with pytest.raises(errors.InputError, match=r"shards could not be written in .*"):
        run("echonet", source, output, **options)
    assert not output.exists()
    work = small_disk / "records.partial"
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    for finished in (work / "finished").glob("*.json"):
        for file in json.loads(finished.read_text())["files"]:
            content = (work / "records" / file["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
    run("echonet", source, output, **options)
    run("echonet", source, tmp_path / "whole", **options)
    assert contents(output) == contents(tmp_path / "whole")


def test_an_unknown_runner_is_refused(echonet_copy, tmp_path):
    with pytest.raises(errors.InputError, match="Beam has no runner Foo"):
        run(
            "echonet",
            echonet_copy.write(),
            tmp_path / "records",
            beam_args=("--runner=Foo",),
        )
    assert not (tmp_path / "records").exists()


def killed_while_converting(source, output, delay):
    """Run the job and kill it with its workers soon after it finished a shard more."""
    command = (
        "import sys; from pipeline import build; "
        "build.run('echonet', *sys.argv[1:3], shards=64, beam_args=sys.argv[3:])"
    )
    finished = output.with_name(f"{output.name}.partial") / "finished"
    before = len(list(finished.glob("*")))
    job = subprocess.Popen(
        [sys.executable, "-c", command, str(source), str(output), *ONE],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while job.poll() is None and len(list(finished.glob("*"))) <= before:
        time.sleep(0.001)
    time.sleep(delay)
    os.killpg(job.pid, signal.SIGKILL)
    return job.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_a_job_killed_ten_times_ends_in_the_same_bytes(tmp_path, make_echonet):
    source = make_echonet(tmp_path / "echonet", patients=256).write()
    run("echonet", source, tmp_path / "whole", shards=64)
    output = tmp_path / "records"
    chance = random.Random(0)
    for _ in range(10):
        assert killed_while_converting(source, output, chance.uniform(0, 0.02))
        assert not output.exists()
    run("echonet", source, output, shards=64)
    assert contents(output) == contents(tmp_path / "whole")
    assert not list(tmp_path.glob("*.partial"))
