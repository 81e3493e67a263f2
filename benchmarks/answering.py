"""The process behind a `Stack` of `benchmarks.pretrain`: JSON lines in and out."""

import json
import sys
import time


def main(step):
    """Answer each line of JSON with the seconds of one training step.

    Args:
        step: Function from what a line holds to a function that takes one step and
            waits for its end.
    """
    known, place = {}, None
    for line in sys.stdin:
        case = json.loads(line)
        if (case["encoder"], case["size"]) != place:
            known, place = {}, (case["encoder"], case["size"])
        if line not in known:
            known[line] = step(**case)
            known[line]()
        start = time.perf_counter()
        known[line]()
        sys.stdout.write(json.dumps({"seconds": time.perf_counter() - start}) + "\n")
        sys.stdout.flush()
