"""Progress of long steps: a live bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time

SECONDS_BETWEEN_LINES = 5.0


@contextlib.contextmanager
def bar(label, total, *, unit="steps", before=0):
    """Show how far a step is, its rate and the time left, on standard error.

    Args:
        label: What is being done, one or two words.
        total: Number of units in the whole step, positive.
        unit: Plural name of what is counted.
        before: Number of units that an earlier process has finished; the rate and the
            time left are those of this one.

    Yields:
        `advance(count=1, note="")`, to be called after each piece of work; `note` is
        a few words shown behind the figures, such as the current loss.
    """
    show = _live if sys.stderr.isatty() else _lines
    with show(label, total, unit=unit, before=before) as advance:
        yield advance


@contextlib.contextmanager
def _live(label, total, *, unit, before):
    from rich import console, progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[unit]} {task.fields[rate]}"),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[note]}"),
    )
    start = time.monotonic()
    with progress.Progress(*columns, console=console.Console(stderr=True)) as shown:
        task = shown.add_task(
            label, total=total, completed=before, unit=unit, rate="", note=""
        )

        def advance(count=1, note=""):
            done = shown.tasks[0].completed + count
            rate = _rate(done - before, time.monotonic() - start)
            shown.update(task, advance=count, note=note, rate=f"{rate:.1f}/s")

        yield advance


@contextlib.contextmanager
def _lines(label, total, *, unit, before):
    start = printed = time.monotonic()
    done = before

    def advance(count=1, note=""):
        nonlocal done, printed
        done += count
        now = time.monotonic()
        if now - printed >= SECONDS_BETWEEN_LINES or done >= total:
            printed = now
            told = line(label, done, total, now - start, unit, note, before=before)
            sys.stderr.write(told + "\n")
            sys.stderr.flush()

    yield advance


def line(label, done, total, seconds, unit, note="", *, before=0):
    """One plain line of progress, such as `convert 40/120 patients 8.0/s 0:10 left`.

    Args:
        label: What is being done.
        done: Units finished so far.
        total: Units in the whole step.
        seconds: Seconds since the step began.
        unit: Plural name of what is counted.
        note: A few words to end with.
        before: How many of `done` were finished before the step began.

    Returns:
        The line, without a newline.
    """
    rate = _rate(done - before, seconds)
    left = round(max(total - done, 0) / rate) if rate else 0
    minutes, rest = divmod(left, 60)
    text = f"{label} {done}/{total} {unit} {rate:.1f}/s {minutes}:{rest:02d} left"
    return f"{text} {note}".rstrip()


def _rate(count, seconds):
    return count / max(seconds, 1e-9)
