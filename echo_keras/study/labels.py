"""The study of label efficiency: how much first weights are worth, in labels."""

import functools
import pathlib
import sys

from echo_keras import aside, config, errors
from echo_keras.data import tfrecords
from echo_keras.study import (
    account,
    archive,
    findings,
    grid,
    live,
    plan,
    results,
    tables,
    wording,
)
from echo_keras.training import initial, labels, origin


def run(path, data, output, *, workers=1, scores=None, say):
    """Run a study, or what is left of it, and report it.

    Args:
        path: YAML of `config.Study`.
        data: Folder of records.
        output: Folder of the study, new or begun by the same study.
        workers: How many cells run at once.
        scores: File of `archive.pack`: its cells are taken up before the work, and
            each that is finished is added to it; none by default.
        say: Called with each line for the user.

    Returns:
        Last line for the user: the best score and where the report is.

    Raises:
        InputError: The study, the records or the output do not fit, or every cell
            failed.
    """
    if scores:
        archive.check(scores)
    study = config.load(config.Study, path)
    cells = plan.cells(study, pathlib.Path(path).parent)
    _note_overruled(study, pathlib.Path(path).parent)
    _check_first_weights(cells)
    records = grid.Records(str(data), study.split, origin.records(data))
    _check_fractions(cells, data)
    tfrecords.patients(data, study.split)
    with grid.opened(output, records) as folder:
        plans = grid.plans(cells, folder)
        pack = scores and functools.partial(archive.pack, scores, plans, folder)
        if scores:
            archive.unpack(scores, plans, folder, keep_models=study.keep_models)
            pack()
        grid.prepare(cells, records, folder, keep_models=study.keep_models)
        with aside.file(folder / "study.yaml") as written:
            config.save(study, written)
        ended = pack and functools.partial(_packed_or_told, pack, say)
        found = grid.run(cells, folder, workers=workers, ended=ended, say=say)
        if scores:
            say(f"  {scores} holds {pack()} cells")
        say(
            tables.text(
                *live.summary(cells, {r.cell.name: r for r in found}),
                terminal=sys.stdout.isatty(),
            )
        )
        return _report(found, study, records, folder)


def _note_overruled(study, folder):
    for recipe, names in plan.overruled(study, folder):
        sys.stderr.write(
            f"note: the study's own go in place of {' and '.join(names)} in {recipe}\n"
        )


def _packed_or_told(pack, say):
    """Do not let a file that cannot be written now end cells that run for hours."""
    try:
        pack()
    except errors.InputError as reason:
        say(f"  {reason}; the next cell that ends tries again")


def _check_first_weights(cells):
    """Raise `InputError` if a fine-tuned network is of another kind than a recipe."""
    for cell in {cell.arm: cell for cell in cells}.values():
        try:
            initial.refuse_unfit(cell.recipe)
        except errors.InputError as reason:
            raise errors.InputError(
                f"{' from '.join(cell.arm)}: {reason}; or leave the pair out by "
                f"`without: [{' '.join(cell.arm)}]`"
            ) from reason


def _check_fractions(cells, data):
    """Raise `InputError` if one keeps none of the patients, or of the frames."""
    drawn = {}
    for recipe in (cell.recipe for cell in cells):
        drawn[recipe.fraction, recipe.fraction_by, recipe.between] = recipe
    for recipe in drawn.values():
        labels.choose(recipe, data)


def _report(found, study, records, folder):
    results.write(folder / "results.csv", results.rows(found))
    arms = results.arms(found)
    if not arms:
        raise errors.InputError(
            f"every cell failed, the first as {found[0].reason}; see {folder / 'cells'}"
        )
    levels = results.levels(arms)
    planned = {(*result.cell.arm, result.cell.fraction) for result in found}
    differences = results.differences(arms, plan.first_arm(study), planned)
    results.write(folder / "levels.csv", levels)
    results.write(folder / "differences.csv", differences)
    how = {"synthetic": study.synthetic}
    tabled = account.tabled(arms, levels, differences, **how)
    drawn = findings.draw(arms, levels, records)
    for name in findings.PICTURES.keys() - drawn.keys():
        (folder / name).unlink(missing_ok=True)  # of a larger study before this one
    for name, png in drawn.items():
        with aside.file(folder / name) as path:
            path.write_bytes(png)
    page = findings.html_page(arms, levels, differences, tabled, drawn, found, **how)
    texts = {"tables.md": tables.markdown(tabled), "report.html": page}
    for name, text in texts.items():
        with aside.file(folder / name) as path:
            path.write_text(text)
    failed = sum(result.dice is None for result in found)
    top = max((row for row in levels if row["figure"] == account.MEAN), key=_value)
    return (
        f"best dice {wording.told(top, wording.figure)}: {top['recipe']} from "
        f"{top['init']} with {top['labelled_patients']} labelled patients; "
        f"{len(found)} cells, {failed} failed  {folder / 'report.html'}"
    )


def _value(row):
    return row["value"]
