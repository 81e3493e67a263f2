"""A Beam worker process that leaves the terminal to the job's progress.

What goes wrong still reaches the main process, which shows it.
"""

import logging
import sys


def main():
    """Work for the Beam job whose address the environment names."""
    logging.getLogger().addHandler(logging.NullHandler())
    # Only now: the import logs, and the first line would bind the terminal.
    from apache_beam.runners.worker import sdk_worker_main

    logging.getLogger(sdk_worker_main.__name__).setLevel(logging.ERROR)
    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
