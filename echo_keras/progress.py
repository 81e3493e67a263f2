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
    pace = _Pace()
    with progress.Progress(*columns, console=console.Console(stderr=True)) as shown:
        task = shown.add_task(
            label, total=total, completed=before, unit=unit, rate="", note=""
        )

        def advance(count=1, note=""):
            done = shown.tasks[0].completed + count
            rate = pace.rate(done)
            told = "" if rate is None else f"{rate:.1f}/s"
            shown.update(task, advance=count, note=note, rate=told)

        yield advance


@contextlib.contextmanager
def _lines(label, total, *, unit, before):
    printed, done, pace = time.monotonic(), before, _Pace()

    def advance(count=1, note=""):
        nonlocal done, printed
        done += count
        now, rate = time.monotonic(), pace.rate(done)
        if now - printed >= SECONDS_BETWEEN_LINES or done >= total:
            printed = now
            sys.stderr.write(line(label, done, total, rate, unit, note) + "\n")
            sys.stderr.flush()

    yield advance


def line(label, done, total, rate, unit, note=""):
    """One plain line of progress, such as `convert 40/120 patients 8.0/s 0:10 left`.

    Args:
        label: What is being done.
        done: Units finished so far.
        total: Units in the whole step.
        rate: Units a second; None where it is not known yet, which is left out then.
        unit: Plural name of what is counted.
        note: A few words to end with.

    Returns:
        The line, without a newline.
    """
    pace = ""
    if rate is not None:
        left = _clock(max(total - done, 0) / rate if rate else 0)
        pace = f" {rate:.1f}/s {left} left"
    return f"{label} {done}/{total} {unit}{pace} {note}".rstrip()


class _Pace:
    """Units a second after the first piece of work, which pays for the start too."""

    def __init__(self):
        self._first = None

    def rate(self, done):
        """Rate when so many units are done, None at the first piece of work."""
        now = time.monotonic()
        if self._first is None:
            self._first = done, now
            return None
        before, then = self._first
        return (done - before) / max(now - then, 1e-9)


def _clock(seconds):
    """Time as `1:02`, or from an hour on as `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, short = divmod(minutes, 60)
    return f"{hours}:{short:02d}:{rest:02d}" if hours else f"{short}:{rest:02d}"
