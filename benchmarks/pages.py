"""Benchmark of the page beside the chat: what chat users notice of visitors that load it.

    python benchmarks/pages.py [--visits N] [--rounds N] [--seconds N]

README.md in this directory explains what is measured and how to read it.
"""

import argparse
import http.client
import multiprocessing as mp
import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from generator import Generator, GeneratorError, generator, program
from scenarios import SCENARIOS, Setting
from subject import OURS, SUBJECTS, Running, SubjectError, allow_files, on_core, running

_CONNECTIONS = 6
"""What a browser opens to one server."""
_NAMED = re.compile(rb'(?:src|href)="(/[^"#]+)"')
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip"}
_SPARE_FILES = 400
_COUNTED = 200
"""Visits without anything else, for the cost of a request."""


class Visits(NamedTuple):
    """What visitors did.

    Args:
        count: visits.
        requests: of all visits.
        size: bytes of one visit.
        seconds: of each visit, from the first request to the last answer.
    """

    count: int
    requests: int
    size: int
    seconds: list[float]


def main() -> int:
    """Measure and print; return 1 if a message was lost or a file was not there."""
    parser = argparse.ArgumentParser(description="Measure the page beside a saturated channel.")
    parser.add_argument("--visits", type=float, default=2, help="visits a second (2)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the medians (3)")
    parser.add_argument("--seconds", type=float, default=5, help="of a measurement (5)")
    options = parser.parse_args()
    setting = replace(Setting(), seconds=options.seconds)
    found: dict[str, list[dict[str, float]]] = {"alone": [], "with visitors": []}
    try:
        allow_files(setting.members + _SPARE_FILES)
        for _ in range(options.rounds):
            for name, rate in (("alone", 0.0), ("with visitors", options.visits)):
                with _servers(setting) as (server, load):
                    found[name].append(_beside(server, load, setting, rate))
        with _servers(setting) as (server, _):
            cost = _cost(server)
    except (SubjectError, GeneratorError, http.client.HTTPException, OSError) as error:
        print(f"pages: {error}", file=sys.stderr)
        return 1
    _print(found, cost)
    return 0


@contextmanager
def _servers(setting: Setting) -> Iterator[tuple[Running, Generator]]:
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    subject = SUBJECTS[OURS]
    with (
        running(subject, server_core) as server,
        generator(program(), subject.ports["plain"], setting.members + 10, load_core) as load,
        on_core(load_core),
    ):
        yield server, load


def _beside(server: Running, load: Generator, setting: Setting, rate: float) -> dict[str, float]:
    """Saturate a channel; return what two clients outside of it notice, with and without
    visitors.
    """
    _visit(server.port)  # which has the files read
    results: mp.Queue[Any] = mp.Queue()
    begin = time.monotonic()
    # Joining takes a part of the time; the visitors come all the while.
    visitors = mp.Process(target=_come, args=(server.port, rate, setting.seconds + 3, results))
    if rate:
        visitors.start()
    figures = dict(SCENARIOS["fairness"](server, load, setting))
    lasted = time.monotonic() - begin
    if rate:
        visits: Visits = results.get(timeout=60)
        visitors.join()
        figures |= {
            "visits a second": visits.count / lasted,
            "a visit, p50, ms": median(visits.seconds) * 1000,
        }
    return figures


def _come(port: int, rate: float, seconds: float, results: "mp.Queue[Any]") -> None:
    begin = time.monotonic()
    visits = []
    with ThreadPoolExecutor(8) as pool:
        while time.monotonic() < begin + seconds:
            visits.append(pool.submit(_visit, port))
            time.sleep(max(0.0, begin + len(visits) / rate - time.monotonic()))
    done = [visit.result() for visit in visits]
    results.put(
        Visits(
            len(done),
            sum(one[0] for one in done),
            done[0][1],
            [one[2] for one in done],
        )
    )


def _visit(port: int) -> tuple[int, int, float]:
    """Load the page as a browser does the first time; return requests, bytes and seconds."""
    begin = time.perf_counter()
    connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(_CONNECTIONS)]
    index = _get(connections[0], "/", {"Accept": "text/html"})
    names = [name.decode() for name in dict.fromkeys(_NAMED.findall(index))]
    size = len(index)
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        shares = [names[number::_CONNECTIONS] for number in range(_CONNECTIONS)]
        for part in pool.map(_get_all, connections, shares):
            size += part
    for connection in connections:
        connection.close()
    return len(names) + 1, size, time.perf_counter() - begin


def _get_all(connection: http.client.HTTPConnection, names: list[str]) -> int:
    return sum(len(_get(connection, name, _HEADERS)) for name in names)


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise http.client.HTTPException(f"{path}: {response.status}")
    return body


def _cost(server: Running) -> dict[str, float]:
    """Return what a request for a file costs the server, and what a visit is."""
    requests, size, _ = _visit(server.port)
    begin = server.meter.cpu()
    for _ in range(_COUNTED):
        _visit(server.port)
    spent = server.meter.cpu() - begin
    return {
        "requests of a visit": requests,
        "kB of a visit": size / 1000,
        "server CPU of a visit, ms": spent / _COUNTED * 1000,
        "server CPU of a request, µs": spent / _COUNTED / requests * 1e6,
        "memory of the server, MiB": server.meter.memory() / 1024 / 1024,
    }


def _print(found: dict[str, list[dict[str, float]]], cost: dict[str, float]) -> None:
    names = list(found["with visitors"][0])
    print(f"{'beside a saturated channel':<32}{'alone':>14}{'with visitors':>16}")
    for name in names:
        cells = [
            f"{median(run[name] for run in runs):.1f}" if name in runs[0] else "-"
            for runs in found.values()
        ]
        print(f"{name:<32}{cells[0]:>14}{cells[1]:>16}")
    print()
    for name, value in cost.items():
        print(f"{name:<32}{value:>14.1f}")


if __name__ == "__main__":
    sys.exit(main())
