"""Speed and memory of the conversion, beside the floor on the same files.

Run as `python -m benchmarks.convert [CAMUS]`. It draws 200 videos of 170 frames and
copies them to 800, which takes minutes once; then every row is run in turn, and its
ratio is that of the medians of one run. `per core` compares processor time, of which
the start of Python and Beam is a constant part that a row of its own shows. What two
workers gain is told beside what two floors at once do, two processes that share the
files and nothing else: more this machine does not give.
"""

import pathlib
import shutil
import statistics
import sys

from benchmarks import measure

ROUNDS = 3
VIDEOS, FRAMES, COPIES = 200, 170, 4
WORK = pathlib.Path("runs/benchmarks/convert")
HEADER = (
    *("", "frames", "wall s", "processor s", "frames/s", "peak MB", "per core"),
    "two gain",
)


def main(camus=None):
    """Print the table."""
    drawn = _drawn()
    many = _copied(drawn)
    one = _first(drawn)
    sources = [
        (f"{VIDEOS} videos, 8 frames kept", "echonet", drawn, 8),
        (f"{VIDEOS} videos, all frames kept", "echonet", drawn, "all"),
        (f"{COPIES * VIDEOS} videos, 8 frames kept", "echonet", many, 8),
        (f"{COPIES * VIDEOS} videos, all frames kept", "echonet", many, "all"),
    ]
    if camus:
        sources.append(("CAMUS", "camus", pathlib.Path(camus), 8))
    start = measure.alternating(
        {"start": lambda: _job("echonet", one, 8, workers=1)}, rounds=ROUNDS
    )["start"]
    first = ("1 video: the start", "", *_figures(start), "", _memory(start), "", "")
    rows = [first]
    for name, dataset, folder, kept in sources:
        rows += _compared(name, dataset, folder, kept, start=start)
    measure.table(HEADER, rows)


def _compared(name, dataset, folder, kept, *, start):
    """Rows of the floor and of the job, with one worker and with two of both kinds."""
    frames = []

    def floor(processes):
        words = (sys.executable, "-m", "benchmarks.floor", dataset, folder, kept)
        cost, printed = measure.command(*words, processes)
        frames.append(int(printed))
        return cost

    costs = measure.alternating(
        {
            f"{name}: floor": lambda: floor(1),
            f"{name}: two floors at once": lambda: floor(2),
            f"{name}: 1 worker": lambda: _job(dataset, folder, kept, workers=1),
            f"{name}: 2 workers": lambda: _job(dataset, folder, kept, workers=2),
            f"{name}: 2 processes": lambda: _job(
                dataset, folder, kept, workers=2, mode="multi_processing"
            ),
        },
        rounds=ROUNDS,
    )
    least, ceiling, single, threads, processes = costs.values()
    gains = (
        *("", _gain(least, ceiling), "", _gain(single, threads, start=start)),
        _gain(single, processes, start=start),
    )
    for (label, runs), gain in zip(costs.items(), gains):
        rate = measure.spread([frames[0] / run.wall for run in runs], 0)
        ratio = _median(runs, "processor") / _median(least, "processor")
        yield (
            label,
            str(frames[0]),
            *_figures(runs),
            rate,
            _memory(runs),
            f"{ratio:.2f}",
            gain,
        )


def _job(dataset, folder, kept, *, workers, mode="multi_threading"):
    output = WORK / "records"
    shutil.rmtree(output, ignore_errors=True)
    words = ("build-tfrecords", "--dataset", dataset, "--source", folder)
    options = ("--output", output, "--unlabelled-frames", kept)
    beam = ("--", "--direct_num_workers", workers, "--direct_running_mode", mode)
    cost, _ = measure.command(
        sys.executable, "-m", "echo_keras.cli", *words, *options, *beam
    )
    return cost


def _gain(one, two, *, start=()):
    """How many times as fast two are as one, and without the start if that is given."""
    ones, twos = _median(one, "wall"), _median(two, "wall")
    told = f"{ones / twos:.2f}"
    if start:
        begin = _median(start, "wall")
        told += f", {(ones - begin) / (twos - begin):.2f} after the start"
    return told


def _figures(runs):
    return (
        measure.spread([run.wall for run in runs]),
        measure.spread([run.processor for run in runs]),
    )


def _memory(runs):
    return measure.spread([run.memory for run in runs], 0)


def _median(runs, name):
    return statistics.median(getattr(run, name) for run in runs)


def _drawn():
    folder = WORK / f"echonet-{VIDEOS}"
    if not folder.exists():
        words = ("phantom", "--layout", "echonet", "--patients", VIDEOS)
        options = ("--frames", FRAMES, "--output", folder)
        measure.command(sys.executable, "-m", "echo_keras.cli", *words, *options)
    return folder


def _copied(drawn):
    """The same videos several times, each copy under a name of its own."""
    names = [path.stem for path in (drawn / "Videos").iterdir()]
    return _subset(drawn, names, copies=COPIES)


def _first(drawn):
    [name] = [sorted(path.stem for path in (drawn / "Videos").iterdir())[0]]
    return _subset(drawn, [name], copies=1)


def _subset(drawn, names, *, copies):
    folder = WORK / f"echonet-{len(names) * copies}"
    if folder == drawn or folder.exists():
        return folder
    (folder / "Videos").mkdir(parents=True)
    for copy in range(copies):
        for name in names:
            source = drawn / "Videos" / f"{name}.avi"
            shutil.copyfile(source, folder / "Videos" / f"{name}{copy}.avi")
    for table in ("FileList.csv", "VolumeTracings.csv"):
        header, *lines = (drawn / table).read_text().splitlines(keepends=True)
        wanted = [line for line in lines if line[:18].startswith(tuple(names))]
        rows = [
            line.replace(name, f"{name}{copy}", 1)
            for copy in range(copies)
            for line in wanted
            for name in [line.partition(",")[0].partition(".")[0]]
        ]
        (folder / table).write_text(header + "".join(rows))
    return folder


if __name__ == "__main__":
    main(*sys.argv[1:])
