"""Counts and latencies of requests, as Prometheus reads them from the model server."""

import bisect
import collections
import dataclasses
import itertools
import threading

PATH = "/monitoring/prometheus/metrics"
REQUESTS = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"
HTTP_ANSWERS = ":echo_keras:serving:http_answer_count"
WAITING = ":echo_keras:serving:waiting_requests"
CONNECTIONS = ":echo_keras:serving:open_connections"
BODIES = ":echo_keras:serving:held_body_bytes"

# Microseconds to about 20 minutes, the model server's own.
_BOUNDS = [10 * 1.8**power for power in range(33)]
# A code of each HTTP status that an answer may have.
_CODES = {
    200: "OK",
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_LABEL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclasses.dataclass(eq=False)
class Metrics:
    """What a server has answered since it started; threads may share one."""

    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    _requests: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    _answers: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    _latencies: dict = dataclasses.field(default_factory=dict)

    def answered(self, code):
        """Count an answer by its HTTP status."""
        with self._lock:
            self._answers[code] += 1

    def predicted(self, model, verb, code, seconds):
        """Count a request to predict, and its time if it was answered.

        Args:
            model: Name of a model that is served.
            verb: `predict`, `classify` or `regress`.
            code: HTTP status of the answer.
            seconds: From the last byte of the request to the first of the answer.
        """
        micros = 1e6 * seconds
        with self._lock:
            self._requests[model, _CODES.get(code, "INTERNAL")] += 1
            if code == 200:
                key = model, verb.capitalize()
                empty = [0] * (len(_BOUNDS) + 1), 0.0
                buckets, total = self._latencies.get(key, empty)
                buckets[bisect.bisect_left(_BOUNDS, micros)] += 1
                self._latencies[key] = buckets, total + micros

    def text(self, *, waiting, connections, bodies):
        """Text of the exposition format.

        Args:
            waiting: Requests that are being answered.
            connections: Connections that are open.
            bodies: Bytes of requests' bodies that are being read or answered.
        """
        with self._lock:
            requests = {
                _labels(model_name=model, status=code): count
                for (model, code), count in sorted(self._requests.items())
            }
            answers = {
                _labels(code=code): count
                for code, count in sorted(self._answers.items())
            }
            latencies = [
                line
                for (model, verb), (buckets, total) in sorted(self._latencies.items())
                for line in _histogram(model, verb, buckets, total)
            ]
        lines = [
            *_values(REQUESTS, "counter", requests),
            f"# TYPE {LATENCY} histogram",
            *latencies,
            *_values(HTTP_ANSWERS, "counter", answers),
            *_values(WAITING, "gauge", {"": waiting}),
            *_values(CONNECTIONS, "gauge", {"": connections}),
            *_values(BODIES, "gauge", {"": bodies}),
        ]
        return "\n".join(lines) + "\n"


def _values(name, kind, values):
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{{{labels}}} {value}"


def _histogram(model, verb, buckets, total):
    labels = _labels(model_name=model, API=verb, entrypoint="REST")
    counts = list(itertools.accumulate(buckets))
    for bound, count in zip([*map("{:g}".format, _BOUNDS), "+Inf"], counts):
        yield f'{LATENCY}_bucket{{{labels},le="{bound}"}} {count}'
    yield f"{LATENCY}_sum{{{labels}}} {total:.0f}"
    yield f"{LATENCY}_count{{{labels}}} {counts[-1]}"


def _labels(**values):
    return ",".join(
        f'{name}="{str(value).translate(_LABEL)}"' for name, value in values.items()
    )
