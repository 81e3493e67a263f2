"""Cells run once each, whatever happens to them or to the study."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from echo_keras import config, errors, lock
from echo_keras.study import grid, jobs, plan, worker

# What the real worker does to a folder, in no time; `LOG` tells of every start and end.
FAKE = """
import json, pathlib, sys, time
what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
log = folder.parents[1] / "log"
tell = lambda word: log.open("a").write(f"{word} {folder.name}\\n")
tell("begin")
def put(name, text):
    (folder / f".{name}").write_text(text)
    (folder / f".{name}").rename(folder / name)
(folder / ".model-killed").mkdir()
plan = json.loads((folder / "cell.json").read_text())
if "fail" in folder.name:
    sys.exit("Error: the loss stopped being a number")
time.sleep(0.02)
(folder / ".model-killed").rename(folder / "model")
if what == "finetune":
    put("cost.json", '{"seconds": 1.0}')
    put("scores.json", '{"dice_per_image_mean": 0.9}')
tell("end")
"""
STUDY = """
import pathlib, sys
from echo_keras import config
from echo_keras.study import grid, jobs, plan
output, fake = pathlib.Path(sys.argv[1]), sys.argv[2]
jobs._command = lambda what: [sys.executable, "-c", fake, what]
jobs._SECONDS_BETWEEN_LOOKS = 0.001
cells = plan.cells(config.load(config.Study, subsets=8, seeds=8), None)
records = grid.Records("records", "test", {"records_fingerprint": "1"})
with grid.opened(output, records) as folder:
    grid.prepare(cells, records, folder, keep_models=True)
    grid.run(cells, folder, say=print)
"""
RECORDS = grid.Records("records", "test", {"records_fingerprint": "1"})
STUDENT = "student.yaml"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(
        jobs, "_command", lambda what: [sys.executable, "-c", FAKE, what]
    )
    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_LOOKS", 0.001)


@pytest.fixture
def recipes(tmp_path):
    """Folder of recipes whose names say what becomes of them."""
    for name in ("good", "fail"):
        (tmp_path / f"{name}.yaml").write_text("size: 32\n")
    (tmp_path / STUDENT).write_text("size: 32\nbatch: 8\n")
    (tmp_path / "simclr.yaml").write_text("epochs: 3\n")
    (tmp_path / "fail-simclr.yaml").write_text("epochs: 3\n")
    return tmp_path


def cells(folder=None, **values):
    values = {"fractions": [0.5], "subsets": 2, **values}
    return plan.cells(config.load(config.Study, **values), folder)


def run(chosen, output, *, records=RECORDS, workers=1):
    with grid.opened(output, records) as folder:
        grid.prepare(chosen, records, folder, keep_models=True)
        return grid.run(chosen, folder, workers=workers, say=lambda text: None)


def log(output):
    return (output / "log").read_text().splitlines()


def test_every_cell_runs_once_and_never_again(tmp_path):
    output = tmp_path / "study"
    first = run(cells(), output)
    assert [found.dice for found in first] == [0.9, 0.9]
    begun = log(output)
    assert run(cells(), output) == first
    assert log(output) == begun
    assert [line.split()[0] for line in begun] == ["begin", "end"] * 2


def test_a_failed_cell_is_a_row_with_its_reason_and_not_the_end(recipes):
    output = recipes / "study"
    chosen = cells(recipes, recipes=["fail.yaml", "good.yaml"], subsets=1)
    failed, good = run(chosen, output)
    assert (failed.dice, failed.reason) == (None, "the loss stopped being a number")
    assert good.dice == 0.9
    begun = log(output)
    assert run(chosen, output)[0] == failed
    assert log(output) == begun


def test_a_cell_that_is_killed_is_told_apart(tmp_path, monkeypatch):
    script = "import os; os.kill(os.getpid(), 9)"
    monkeypatch.setattr(jobs, "_command", lambda what: [sys.executable, "-c", script])
    [found] = run(cells(subsets=1), tmp_path / "study")
    assert found.reason.startswith("it was ended by signal 9")


def test_a_study_grows_and_keeps_what_is_there(tmp_path):
    output = tmp_path / "study"
    run(cells(subsets=1), output)
    run(cells(subsets=3), output)
    assert [line for line in log(output) if line.startswith("begin")] == [
        f"begin default-random-0.5-{number}" for number in range(3)
    ]


def test_a_pretraining_is_shared_by_its_cells(recipes):
    output = recipes / "study"
    found = run(cells(recipes, inits=["simclr.yaml"]), output)
    begun = [line.split()[1] for line in log(output) if line.startswith("begin")]
    assert begun == ["simclr-unet-16", *(result.cell.name for result in found)]
    recipe = config.load(config.Finetune, found[0].folder / worker.RECIPE)
    assert recipe.init == str(output / grid.PRETRAINED / "simclr-unet-16" / "model")


def test_a_failed_pretraining_fails_its_cells_and_is_not_tried_for_each(recipes):
    output = recipes / "study"
    found = run(cells(recipes, inits=["random", "fail-simclr.yaml"]), output)
    reason = (
        "pretraining of fail-simclr-unet-16 failed: the loss stopped being a number"
    )
    assert [result.reason for result in found] == ["", reason] * 2
    assert sum("begin fail-simclr-unet" in line for line in log(output)) == 1


def test_cells_are_tried_again_with_the_pretraining_that_failed_them(
    recipes, monkeypatch
):
    output = recipes / "study"
    chosen = cells(recipes, inits=["fail-simclr.yaml"])
    run(chosen, output)
    shutil.rmtree(output / grid.PRETRAINED / "fail-simclr-unet-16")
    mended = FAKE.replace("fail", "never")
    monkeypatch.setattr(
        jobs, "_command", lambda what: [sys.executable, "-c", mended, what]
    )
    assert [result.dice for result in run(chosen, output)] == [0.9, 0.9]


def test_a_finished_cell_lets_go_of_its_process_before_the_next(tmp_path, monkeypatch):
    process, held, most = jobs._process, [], []

    @contextlib.contextmanager
    def counted(job, workers):
        with process(job, workers) as started:
            held.append(job)
            most.append(len(held))
            yield started
        held.remove(job)

    monkeypatch.setattr(jobs, "_process", counted)
    run(cells(subsets=3), tmp_path / "study")
    assert most == [1, 1, 1]


def test_a_student_follows_its_teacher_and_learns_from_it(recipes):
    output = recipes / "study"
    chosen = cells(recipes, recipes=["good.yaml", STUDENT], teachers=["student good"])
    run(chosen, output, workers=4)
    for number in range(2):
        teacher, student = (
            f"{kind}-random-0.5-{number}" for kind in ("good", "student")
        )
        lines = log(output)
        assert lines.index(f"end {teacher}") < lines.index(f"begin {student}")
        recipe = config.load(
            config.Finetune, output / grid.CELLS / student / worker.RECIPE
        )
        assert recipe.teachers == (str(output / grid.CELLS / teacher / worker.MODEL),)


def test_a_student_learns_from_the_teachers_of_its_recipe_too(recipes):
    output, student = recipes / "study", "anchored-random-0.5-0"
    (recipes / "anchored.yaml").write_text("size: 32\nteachers: [hearts]\n")
    chosen = cells(
        recipes,
        recipes=["good.yaml", "anchored.yaml"],
        teachers=["anchored good"],
        subsets=1,
    )
    run(chosen, output)
    recipe = config.load(config.Finetune, output / grid.CELLS / student / worker.RECIPE)
    taught = output / grid.CELLS / "good-random-0.5-0" / worker.MODEL
    assert recipe.teachers == ("hearts", str(taught))


@pytest.mark.parametrize("scored", [("good",), ("good", STUDENT)])
def test_a_network_that_is_gone_is_trained_again_where_it_is_to_teach(recipes, scored):
    output, second = recipes / "study", "second.yaml"
    (recipes / second).write_text("size: 32\nbatch: 9\n")
    all_of_them = ["good.yaml", STUDENT, second]
    teachers = ["student good", "second student"]
    options = {"subsets": 1, "recipes": all_of_them, "teachers": teachers}
    run(cells(recipes, **options)[: len(scored)], output)
    for model in (output / grid.CELLS).glob("*/model"):
        model.rmdir()
    begun = log(output)
    run(cells(recipes, **options), output)
    again = [line.split("-")[0] for line in log(output)[len(begun) :]]
    assert again == [
        f"{word} {name}"
        for name in ("good", "student", "second")
        for word in ("begin", "end")
    ]


def test_a_student_that_failed_does_not_have_its_teacher_trained_again(recipes):
    output = recipes / "study"
    chosen = cells(
        recipes, recipes=["good.yaml", "fail.yaml"], teachers=["fail good"], subsets=1
    )
    run(chosen, output)
    (output / grid.CELLS / "good-random-0.5-0" / "model").rmdir()
    begun = log(output)
    run(chosen, output)
    assert log(output) == begun


def test_a_network_that_is_gone_and_has_taught_is_not_trained_again(recipes):
    output = recipes / "study"
    chosen = cells(recipes, recipes=["good.yaml", STUDENT], teachers=["student good"])
    run(chosen, output)
    for model in (output / grid.CELLS).glob("good-*/model"):
        model.rmdir()
    begun = log(output)
    run(chosen, output)
    assert log(output) == begun


def test_every_end_of_a_cell_is_told(recipes):
    chosen = cells(recipes, recipes=["fail.yaml", "good.yaml"])
    told = []
    with grid.opened(recipes / "study", RECORDS) as folder:
        grid.prepare(chosen, RECORDS, folder, keep_models=True)
        for _ in range(2):
            grid.run(
                chosen, folder, ended=lambda: told.append(1), say=lambda text: None
            )
    assert len(told) == 4


def test_a_student_fails_with_its_teacher(recipes):
    chosen = cells(
        recipes,
        recipes=["fail.yaml", STUDENT],
        teachers=["student fail"],
        subsets=1,
    )
    _, student = run(chosen, recipes / "study")
    assert (
        student.reason
        == "fail from random, 50 %, run 0 failed: the loss stopped being a number"
    )


def test_results_of_another_teacher_are_not_passed_off(recipes):
    output = recipes / "study"
    values = {"recipes": ["good.yaml", STUDENT], "subsets": 1}
    run(cells(recipes, **values, teachers=["student good"]), output)
    with pytest.raises(errors.InputError, match=r"with teachers \['good-random-0"):
        run(cells(recipes, **values), output)


def test_some_cells_run_at_once_and_share_the_cores(tmp_path, monkeypatch):
    # Each waits for the other to begin, and writes down its share of the cores.
    script = (
        "import os, pathlib, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "share = os.environ['TF_NUM_INTRAOP_THREADS']\n"
        "(folder / 'begun').write_text(share)\n"
        "while len(list(folder.parent.glob('*/begun'))) < 2: time.sleep(0.01)\n"
        "(folder / 'cost.json').write_text('{\"seconds\": 1.0}')\n"
        "(folder / 'whole').write_text('{\"dice_per_image_mean\": 0.9}')\n"
        "(folder / 'whole').rename(folder / 'scores.json')\n"
    )
    monkeypatch.setattr(jobs, "_command", lambda what: [sys.executable, "-c", script])
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    found = run(cells(), tmp_path / "study", workers=2)
    assert [result.dice for result in found] == [0.9, 0.9]
    shares = [(result.folder / "begun").read_text() for result in found]
    assert shares == ["3", "3"]


def test_a_worker_that_leaves_no_score_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "_command", lambda what: [sys.executable, "-c", ""])
    [found] = run(cells(subsets=1), tmp_path / "study")
    assert found.reason == "it gave no reason"


def test_the_results_of_another_study_are_not_mixed_in(recipes):
    output = recipes / "study"
    run(cells(recipes, recipes=["good.yaml"]), output)
    (recipes / "good.yaml").write_text("size: 64\n")
    sentence = "is of another study, with size 32 and not 64; name another --output"
    with pytest.raises(errors.InputError, match=sentence):
        run(cells(recipes, recipes=["good.yaml"]), output)


def test_a_cell_that_failed_begins_anew_when_its_recipe_is_mended(recipes):
    output = recipes / "study"
    run(cells(recipes, recipes=["fail.yaml"], subsets=1), output)
    (recipes / "fail.yaml").write_text("size: 64\n")
    [found] = run(cells(recipes, recipes=["fail.yaml"], subsets=1), output)
    assert log(output) == ["begin fail-random-0.5-0"] * 2
    assert found.reason == "the loss stopped being a number"


def test_results_from_before_an_option_was_there_are_kept(recipes):
    output = recipes / "study"
    chosen = cells(recipes, inits=["simclr.yaml"])
    run(chosen, output)
    begun = log(output)
    for path in output.glob("cells/*/cell.json"):
        known = json.loads(path.read_text())
        del known["identity"]["layer_decay"], known["identity"]["init"]["jit"]
        path.write_text(json.dumps(known))
    run(chosen, output)
    assert log(output) == begun


def test_the_pretraining_of_another_study_is_not_passed_off(recipes):
    output = recipes / "study"
    run(cells(recipes, inits=["simclr.yaml"]), output)
    (recipes / "simclr.yaml").write_text("epochs: 4\n")
    with pytest.raises(errors.InputError, match="with init's epochs 3 and not 4;"):
        run(cells(recipes, inits=["simclr.yaml"]), output)


def test_first_weights_that_were_trained_again_are_not_passed_off(recipes):
    output, weights = recipes / "study", recipes / "drawn" / "model.keras"
    weights.parent.mkdir()
    weights.write_text("once")
    run(cells(recipes, inits=["drawn"]), output)
    assert len(run(cells(recipes, inits=["drawn"]), output)) == 2
    weights.write_text("again")
    with pytest.raises(errors.InputError, match="drawn held other weights then; name"):
        run(cells(recipes, inits=["drawn"]), output)


def test_what_another_study_pretrained_is_refused_though_its_cells_are_gone(recipes):
    output = recipes / "study"
    run(cells(recipes, inits=["simclr.yaml"]), output)
    shutil.rmtree(output / grid.CELLS)
    (recipes / "simclr.yaml").write_text("epochs: 4\n")
    sentence = "simclr-unet-16 is of another study, with epochs 3 and not 4"
    with pytest.raises(errors.InputError, match=sentence):
        run(cells(recipes, inits=["simclr.yaml"]), output)


def test_a_student_of_another_teacher_is_refused_though_that_one_is_gone(recipes):
    output = recipes / "study"
    values = {"recipes": ["good.yaml", STUDENT], "teachers": ["student good"]}
    run(cells(recipes, **values, subsets=1), output)
    shutil.rmtree(output / grid.CELLS / "good-random-0.5-0")
    (recipes / "good.yaml").write_text("size: 64\n")
    with pytest.raises(errors.InputError, match="with a teacher's size 32 and not 64"):
        run(cells(recipes, **values, subsets=1), output)


def test_a_study_that_is_refused_writes_no_cell(recipes):
    output = recipes / "study"
    run(cells(recipes, recipes=["good.yaml"]), output)
    (recipes / "good.yaml").write_text("size: 64\n")
    with pytest.raises(errors.InputError, match="is of another study"):
        run(cells(recipes, recipes=[STUDENT, "good.yaml"]), output)
    assert not list(output.glob("cells/student-*"))


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"split": "validation"}, "is of another study, with split test and not val"),
        (
            {"identity": {"records_fingerprint": "2"}},
            "study is of other records than these; name another --output",
        ),
    ],
)
def test_other_records_make_another_study(tmp_path, other, sentence):
    run(cells(), tmp_path / "study")
    with pytest.raises(errors.InputError, match=sentence):
        run(cells(), tmp_path / "study", records=RECORDS._replace(**other))


def test_a_study_that_does_not_say_what_it_is_of_is_told(tmp_path):
    run(cells(), tmp_path / "study")
    (tmp_path / "study" / grid.IDENTITY).write_text("{")
    with pytest.raises(errors.InputError, match=r"study\.json: .*another --output"):
        run(cells(), tmp_path / "study")


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(errors.InputError, match="exists and is not empty"):
        run(cells(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_output_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match=r"cannot write .*study"):
        run(cells(), tmp_path / "file" / "study")


def test_a_study_that_was_killed_at_its_birth_begins_again(tmp_path):
    (tmp_path / "study" / f".{grid.IDENTITY}-abcd").mkdir(parents=True)
    assert len(run(cells(), tmp_path / "study")) == 2
    (tmp_path / "other" / "things").mkdir(parents=True)
    with pytest.raises(errors.InputError, match="other exists and is not empty"):
        run(cells(), tmp_path / "other")


def test_two_studies_do_not_work_in_one_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "PATIENCE", 0.0)
    output = tmp_path / "study"
    with (
        grid.opened(output, RECORDS),
        pytest.raises(errors.InputError, match="another study is at work in"),
    ):
        run(cells(), output)


def test_a_study_that_is_refused_leaves_the_other_its_folder(tmp_path, monkeypatch):
    """The other has the lock and has not said yet whose folder it is."""
    monkeypatch.setattr(grid, "PATIENCE", 0.0)
    output = tmp_path / "study"
    output.mkdir()
    with (output / grid.LOCK).open("a") as file:
        assert lock.taken(file)
        with pytest.raises(errors.InputError, match="another study is at work in"):
            run(cells(), output)
        assert not (output / grid.IDENTITY).exists()


def test_a_study_that_is_killed_again_and_again_runs_no_finished_cell_twice(tmp_path):
    output = tmp_path / "study"
    draw = random.Random(0)
    kills = 0
    while True:
        command = [sys.executable, "-c", STUDY, str(output), FAKE]
        study = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if kills == 4:
            break
        ended = log_length(output)
        while log_length(output) == ended:
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.2))
        study.send_signal(signal.SIGKILL)
        assert study.wait() == -signal.SIGKILL
        kills += 1
    assert study.wait() == 0
    ends = [line for line in log(output) if line.startswith("end")]
    assert len(ends) == len(set(ends)) == 16
    assert len(list(output.glob("cells/*/scores.json"))) == 16
    assert not list(output.glob("cells/*/.*"))


def log_length(output):
    return len(log(output)) if (output / "log").exists() else 0
