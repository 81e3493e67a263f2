"""A Beam worker process that leaves the terminal to the job's progress.

What goes wrong still reaches the main process, which shows it.
"""

import logging
import os
import sys
import threading
import time


def end_with(job):
    """End this process soon after the one that started it, which may be killed.

    Beam would let it wait for more work for ever.

    Args:
        job: Process id of the job, which is the parent of this process.
    """
    threading.Thread(target=_end_with, args=(job,), daemon=True).start()


def _end_with(job):
    while os.getppid() == job:
        time.sleep(1)
    os._exit(1)


def main():
    """Work for the Beam job whose address the environment names."""
    end_with(int(sys.argv[1]))
    logging.getLogger().addHandler(logging.NullHandler())
    # Only now: the import logs, and the first line would bind the terminal.
    from apache_beam.runners.worker import sdk_worker_main

    logging.getLogger(sdk_worker_main.__name__).setLevel(logging.ERROR)
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
