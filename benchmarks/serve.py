"""Requests per second and latencies of the server, beside the floor and a plain app.

Run as `python -m benchmarks.serve MODELS NAME`, exported models and the name of one;
`--fastapi PYTHON` adds the app of `plainapp.py`. Clients are processes of their own and
ask one request after the other. The floor is the same SavedModel called in a process
without any server. All take turns, so that a slow minute meets all of them alike.
"""

import argparse
import contextlib
import multiprocessing
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np

from benchmarks import measure, serveload

FOLDER = pathlib.Path(__file__).parent
CLIENTS = (1, 4, 16)
BATCHING = FOLDER.parent / "deploy" / "batching_parameters.txt"
LOOKS = 10


def main():
    """Print the table, and the memory of the server over many requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=pathlib.Path, help="folder of NAME/VERSION")
    parser.add_argument("name", help="of the model to ask")
    parser.add_argument("--size", type=int, default=96, help="pixels of the network")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=64, help="of a case and round")
    parser.add_argument("--soak", type=int, default=10_000, help="requests; 0 for none")
    parser.add_argument("--fastapi", help="Python with tensorflow, fastapi and uvicorn")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        pools = _pools(stack, options)
        urls, server = _servers(stack, options)
        cases = _cases(urls, with_plain=bool(options.fastapi))
        found = {case: [] for case in cases}
        _round(cases, pools, options, requests=16)
        for number in range(options.rounds):
            sys.stderr.write(f"round {number + 1} of {options.rounds}\n")
            for case, figures in _round(cases, pools, options).items():
                found[case].append(figures)
        _print(found)
        if options.soak:
            _soak(urls["serve"], pools, options, process=server)


def _cases(urls, *, with_plain):
    """Tuples of who answers, what is asked, the URL and the number of clients."""
    kinds = [("floor", what, "") for what in ("image_bytes", "instances")]
    kinds += [
        ("serve", what, urls["serve"])
        for what in ("image_bytes", "instances", "inputs")
    ]
    kinds.append(("serve --batching", "image_bytes", urls["serve --batching"]))
    if with_plain:
        kinds.append(("FastAPI", "mask", urls["FastAPI"]))
    return [(*kind, clients) for clients in CLIENTS for kind in kinds]


def _pools(stack, options):
    """Pipes to the clients and to the floor."""
    spawn = multiprocessing.get_context("spawn")
    targets = [(serveload.client, ())] * max(CLIENTS)
    targets.append((serveload.floor, (str(_newest(options)),)))
    pipes = []
    for target, arguments in targets:
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=target, args=(theirs, *arguments), daemon=True)
        process.start()
        stack.callback(process.join)
        stack.callback(ours.send, None)
        pipes.append(ours)
    return pipes[:-1], pipes[-1]


def _newest(options):
    versions = (options.models / options.name).iterdir()
    return max(versions, key=lambda path: int(path.name))


def _servers(stack, options):
    """URLs by who answers, and the process of the plain server."""
    urls, processes = {}, {}
    for who, more in (("serve", []), ("serve --batching", ["--batching", BATCHING])):
        port = _free_port()
        words = ["-m", "echo_keras.cli", "serve", "--models", options.models]
        words += ["--port", port, *more]
        processes[who] = _started(stack, sys.executable, *words)
        urls[who] = f"http://127.0.0.1:{port}/v1/models/{options.name}:predict"
        _wait(f"http://127.0.0.1:{port}/v1/models/{options.name}")
    if options.fastapi:
        port = _free_port()
        app = FOLDER / "plainapp.py"
        _started(stack, options.fastapi, app, _newest(options), port)
        urls["FastAPI"] = f"http://127.0.0.1:{port}/mask"
        _wait(f"http://127.0.0.1:{port}/openapi.json")
    return urls, processes["serve"]


def _started(stack, *words):
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def _wait(url):
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.2)


def _round(cases, pools, options, requests=None):
    """Seconds of each request and of all together, by case."""
    clients, floor = pools
    requests = requests or options.requests
    found = {}
    for case in cases:
        who, what, url, number = case
        if who == "floor":
            floor.send((what, options.size, requests, number))
            found[case] = floor.recv()
            continue
        start = time.perf_counter()
        for pipe in clients[:number]:
            pipe.send((what, url, options.size, requests // number))
        seconds = [each for pipe in clients[:number] for each in pipe.recv()]
        found[case] = seconds, time.perf_counter() - start
    return found


def _print(found):
    floors, rows = {}, []
    for (who, what, _, clients), figures in found.items():
        seconds = [each for some, _ in figures for each in some]
        rate = len(seconds) / sum(wall for _, wall in figures)
        middle, high, highest = 1000 * np.percentile(seconds, [50, 95, 99])
        kind = "image_bytes" if what in ("image_bytes", "mask") else "floats"
        if who == "floor":
            floors[kind, clients] = middle, rate
        floor_middle, floor_rate = floors[kind, clients]
        values = rate, middle, high, highest
        ratios = middle / floor_middle, rate / floor_rate
        rows.append(
            [who, what, str(clients)]
            + [f"{value:.1f}" for value in values]
            + [f"{ratio:.2f}" for ratio in ratios]
        )
    header = "who,asked for,clients,req/s,p50 ms,p95,p99,p50 of floor,rate of floor"
    measure.table(header.split(","), rows)


def _soak(url, pools, options, *, process):
    """Print the server's resident memory as requests go by."""
    sys.stdout.write("\nrequests  resident MB\n")
    for look in range(LOOKS + 1):
        if look:
            case = ("serve", "image_bytes", url, 4)
            _round([case], pools, options, requests=options.soak // LOOKS)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        resident = int(status.partition("VmRSS:")[2].split()[0]) / 1024
        sys.stdout.write(f"{look * options.soak // LOOKS:8}  {resident:11.1f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
