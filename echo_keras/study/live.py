"""The state of a study while it runs: a live table, or lines where no terminal is."""

import collections
import contextlib
import math
import statistics
import sys


@contextlib.contextmanager
def shown(cells, results, workers=1, pending=lambda: 0):
    """Show the cells and the time left, on standard error.

    Args:
        cells: List of `plan.Cell`.
        results: Dict of cell name to `grid.Result` or None, which the caller fills.
        workers: How many cells run at once.
        pending: Called without arguments for how many pretrainings are not done, whose
            time nobody knows before.

    Yields:
        `update(running, ended=None)`, to be called often with a dict of the titles that
        run to their seconds so far, and with its `grid.Result` when a cell ended.
    """

    def told(running):
        return _told(cells, results, running, workers, pending())

    if not sys.stderr.isatty():
        yield _lines(told)
        return
    from rich import console, live

    with live.Live(console=console.Console(stderr=True), auto_refresh=False) as screen:

        def update(running, ended=None):
            table = _table(*summary(cells, results), running, told(running))
            screen.update(table, refresh=True)

        update({})
        yield update


def summary(cells, results):
    """Lay out what is done.

    Args:
        cells: List of `plan.Cell`.
        results: Dict of cell name to `grid.Result` or None.

    Returns:
        Header and rows of a table with an arm in each row and a fraction in each
        column: mean Dice so far, of how many runs it is, and how many failed; `-`
        where an arm is left out.
    """
    fractions = sorted({cell.fraction for cell in cells})
    rows = []
    for arm in dict.fromkeys(cell.arm for cell in cells):
        row = [" from ".join(arm)]
        for fraction in fractions:
            theirs = [c for c in cells if c.arm == arm and c.fraction == fraction]
            row.append(_state([results[cell.name] for cell in theirs]))
        rows.append(row)
    return ["", *(f"{100 * fraction:.3g} %" for fraction in fractions)], rows


def seconds_left(cells, results, running=None):
    """Estimate the rest by finished cells, those of the same recipe and fraction first.

    Where none of these has finished, a cell takes as long as its steps, or its passes
    over its share of the labels, take in others. Of those that leave their steps open
    one takes about as the root of its share is to that of another.

    Args:
        cells: List of `plan.Cell`.
        results: Dict of cell name to `grid.Result` or None.
        running: Dict of the titles that run to their seconds so far.

    Returns:
        Seconds of one worker, pretraining apart; None before a cell has finished whose
        recipe counts steps, or passes, or neither, as those do that are left.
    """
    seconds, work = collections.Counter(), collections.Counter()
    for cell in cells:
        found = results[cell.name]
        if found is not None and found.dice is not None:
            for key in _alike(cell):
                seconds[key] += found.seconds
                work[key] += _work(cell)
    left = 0.0
    for cell in cells:
        if results[cell.name] is None:
            known = [key for key in _alike(cell) if key in work]
            if not known:
                return None
            cost = seconds[known[0]] / work[known[0]] * _work(cell)
            left += max(cost - (running or {}).get(cell.title, 0.0), 0.0)
    return left


def clock(seconds):
    """Time as `1:02:03`, or `?` for None."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _alike(cell):
    """Kinds of cells that tell how long one takes, the most alike first."""
    recipe = cell.recipe
    counts = "epochs" if recipe.epochs else "steps" if recipe.steps else "patients"
    return (cell.recipe_name, cell.fraction), cell.recipe_name, counts


def _work(cell):
    """Steps of a cell, passes over all labels, or about what open steps grow by."""
    recipe = cell.recipe
    if recipe.epochs:
        return recipe.epochs * recipe.fraction
    return recipe.steps or math.sqrt(recipe.fraction)


def _state(results):
    if not results:
        return "-"
    done = [found for found in results if found is not None]
    dices = [found.dice for found in done if found.dice is not None]
    words = [f"{statistics.mean(dices):.4f}"] if dices else []
    words += [f"{len(dices)}/{len(results)}"]
    failed = len(done) - len(dices)
    return " ".join(words + ([f"{failed} failed"] if failed else []))


def _told(cells, results, running, workers, pretrainings):
    done = sum(found is not None for found in results.values())
    left = seconds_left(cells, results, running)
    left = clock(None if left is None else left / workers)
    noun = "pretraining" if pretrainings == 1 else "pretrainings"
    more = f" and {pretrainings} {noun}" if pretrainings else ""
    return f"study {done}/{len(cells)} cells, {left}{more} left"


def _table(header, rows, running, told):
    from rich import box, table

    lines = [f"{title} {clock(seconds)}" for title, seconds in running.items()]
    below = "\n".join([told, *lines])
    drawn = table.Table(box=box.SIMPLE_HEAD, caption=below, caption_justify="left")
    for number, heading in enumerate(header):
        drawn.add_column(heading, justify="right" if number else "left")
    for row in rows:
        drawn.add_row(*row)
    return drawn


def _lines(told):
    """Update that tells of everything once when it begins, and when a cell ends."""
    known = set()

    def update(running, ended=None):
        news = [f"{ended.cell.title}: {_ending(ended)}"] if ended else []
        news += [f"{title}: begins" for title in running if title not in known]
        known.update(running)
        for text in news:
            sys.stderr.write(f"{told(running)}  {text}\n")
            sys.stderr.flush()

    return update


def _ending(result):
    if result.dice is None:
        return f"failed, as {result.reason}"
    return f"dice {result.dice:.4f} in {clock(result.seconds)}"
