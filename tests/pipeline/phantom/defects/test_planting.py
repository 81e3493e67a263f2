"""Defects befall the patients that a seed names, and nobody else."""

import json

import pytest

from echo_keras import errors
from pipeline import phantom
from pipeline.phantom import camus, echonet, splits
from pipeline.phantom.defects import camus as camus_defects
from pipeline.phantom.defects import echonet as echonet_defects
from pipeline.phantom.defects import planting

QUICK = {"views": ("4CH",), "half_sequence": False}
CHOSEN = "dead-link,fourth-label,windows-lists,missing-mask"


def contents(folder):
    """Bytes of all files, and of a link where it leads to."""
    return {
        str(path.relative_to(folder)): str(path.readlink()).encode()
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def lines(folder):
    return [json.loads(line) for line in (folder / "planted.jsonl").open()]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound") / "data"
    phantom.write("camus", 6, 2, folder, **QUICK)
    return folder


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged") / "data"
    phantom.write("camus", 6, 2, folder, defects=CHOSEN, **QUICK)
    return folder


def test_a_seed_spoils_the_same_bytes(damaged, tmp_path):
    phantom.write("camus", 6, 2, tmp_path / "data", defects=CHOSEN, **QUICK)
    assert contents(tmp_path / "data") == contents(damaged)


def test_files_of_others_stay_as_they_are(sound, damaged):
    before, after = contents(sound), contents(damaged)
    after.pop("planted.jsonl")
    changed = {path for path in before if before[path] != after.get(path)}
    assert set(after) < set(before)
    assert changed == {line["file"] for line in lines(damaged)}


def test_another_seed_spoils_others(sound):
    before = contents(sound)
    names = planting.chosen("all", camus_defects, patients=99, shares=camus.SHARES)
    assert names[0] == "plain-gz"
    befallen = set()
    for seed in range(8):
        planting.plant(sound, names[:1], camus_defects, seed=seed)
        [line] = lines(sound)
        (sound / line["file"]).write_bytes(before[line["file"]])
        befallen.add(line["patient"])
    (sound / "planted.jsonl").unlink()
    assert len(befallen) > 1
    assert befallen <= set(camus_defects.patients(sound))


def test_names_are_taken_once_in_the_order_of_planting():
    text = "windows-text, dead-link,untraced,dead-link"
    names = planting.chosen(text, echonet_defects, patients=2, shares=echonet.SHARES)
    assert names == ["untraced", "dead-link", "windows-text"]


def test_an_unknown_defect_is_told_with_the_known_ones(tmp_path):
    with pytest.raises(errors.InputError, match=r"'dead link' .* plain-gz, "):
        phantom.write("camus", 9, 0, tmp_path / "data", defects="dead link")
    with pytest.raises(errors.InputError, match="no defect ''"):
        phantom.write("camus", 9, 0, tmp_path / "data", defects="")
    assert not list(tmp_path.iterdir())


def test_too_few_patients_are_told_with_the_fewest_that_do(tmp_path):
    names = "untraced,dead-link,missing-video,folder-loop"
    with pytest.raises(errors.InputError, match=r"2 patients .* ask for 3 or more"):
        phantom.write("echonet", 2, 0, tmp_path / "data", defects=names)
    assert not list(tmp_path.iterdir())


def test_patients_in_no_list_do_not_count():
    needed = len(camus_defects.OF_PATIENTS)
    listed = [bool(split) for split in splits.assign(2 * needed, camus.SHARES)]
    enough = next(size for size in range(2 * needed) if sum(listed[:size]) == needed)
    assert enough > needed
    options = {"kinds": camus_defects, "shares": camus.SHARES}
    assert planting.chosen("all", patients=enough, **options)
    with pytest.raises(errors.InputError, match=f"ask for {enough} or more"):
        planting.chosen("all", patients=enough - 1, **options)
