"""Where a training step, or inference, spends its time, by kind of operation.

Run as `python -m benchmarks.profile WHAT NETWORK SIZE BATCH PRECISION`, where WHAT is
`pretrain`, `finetune` or `infer`; for pretraining on logical replicas, with their
number as the last word. Times of operations that run side by side add up, so the sum
may pass the step's time.
"""

import collections
import pathlib
import sys
import tempfile

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks import measure, segment_keras, steps_keras
from echo_keras.training import strategy

STEPS = 5
SHOWN = 12


def main(what, network, size, batch, precision, replicas="1"):
    """Print the share of each kind of operation."""
    case = {"network": network, "size": int(size), "batch": int(batch)}
    if what == "pretrain":
        devices = strategy.create(int(replicas))
        step = steps_keras.step(
            **case, mode="full", precision=precision, devices=devices
        )
    else:
        mode = {"finetune": "train", "infer": "infer"}[what]
        step = segment_keras.step(**case, mode=mode, precision=precision)
    step()
    step()
    with tempfile.TemporaryDirectory() as folder:
        options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=2)
        tf.profiler.experimental.start(folder, options)
        for _ in range(STEPS):
            step()
        tf.profiler.experimental.stop()
        (path,) = pathlib.Path(folder).rglob("*.xplane.pb")
        spent = _by_kind(xplane_pb2.XSpace.FromString(path.read_bytes()))
    measure.table(["operation", "a step", "ms a step", "share"], _rows(spent))


def _rows(spent):
    total = sum(seconds for seconds, _ in spent.values())
    ranked = sorted(spent.items(), key=lambda item: -item[1][0])
    return [
        [
            kind,
            f"{count / STEPS:.0f}",
            f"{1000 * seconds / STEPS:.1f}",
            f"{seconds / total:.0%}",
        ]
        for kind, (seconds, count) in ranked[:SHOWN]
    ]


def _by_kind(space):
    """Dict of kind of operation to its seconds and how often it ran."""
    spent = collections.defaultdict(lambda: (0.0, 0))
    for plane in space.planes:
        names = {key: entry.name for key, entry in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name, _, kind = names[event.metadata_id].rpartition(":")
                # An operation is `name:Kind`, the work around it `Class::Function`.
                if name and not name.endswith(":") and kind.isidentifier():
                    seconds, count = spent[kind]
                    spent[kind] = seconds + event.duration_ps / 1e12, count + 1
    return spent


if __name__ == "__main__":
    main(*sys.argv[1:])
