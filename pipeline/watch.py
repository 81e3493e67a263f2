"""Progress of a running job, told by the summaries that its shards leave."""

import contextlib
import threading

from echo_keras import progress
from pipeline import files

SECONDS_BETWEEN_LOOKS = 0.5


@contextlib.contextmanager
def bar(plan, layout):
    """Show the patients of finished shards while the job runs.

    Args:
        plan: All shards of the job.
        layout: `Layout` of the job.
    """
    total = sum(len(shard.patients) for shard in plan)
    stopped = threading.Event()
    with progress.bar("convert", total, unit="patients") as advance:
        looking = threading.Thread(target=_look, args=(plan, layout, advance, stopped))
        looking.start()
        try:
            yield
        finally:
            stopped.set()
            looking.join()


def _look(plan, layout, advance, stopped):
    pending = {layout.summary(shard): len(shard.patients) for shard in plan}
    last = False
    while pending and not last:
        last = stopped.wait(SECONDS_BETWEEN_LOOKS)
        finished = [summary for summary in pending if files.exists(summary)]
        if finished:
            advance(sum(pending.pop(summary) for summary in finished))
