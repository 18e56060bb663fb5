"""The log of a cluster alone: entries a second, and the time from an append until it is read.

    python benchmarks/cluster_log.py

starts Redis or Valkey, and PostgreSQL, once for each setting. README.md in this directory explains
how to read the result.
"""

import argparse
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import trio

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from report import quantiles  # noqa: E402

import postgres_fakes  # noqa: E402
import redis_fakes  # noqa: E402
from trio_chat.server.cluster.engines import EngineLog, make_log  # noqa: E402
from trio_chat.server.cluster.log import START, Log, LogRefused, LogUnavailable  # noqa: E402
from trio_chat.server.cluster.postgres_log import PostgresLog  # noqa: E402
from trio_chat.server.cluster.redis_log import RedisLog  # noqa: E402

Make = Callable[[], EngineLog]
"""Returns a log in an engine, with connections of its own."""
_SIZE = 128
"""Bytes of an entry: about those of a message."""
_RATE = 300
"""Entries a second of each node, where latency is measured."""
_NODES = 3
_BATCHES = (1, 16, 256)


@contextmanager
def redis(fsync: str, replicas: int) -> Iterator[Make]:
    """Run Redis or Valkey, with two replicas if any is required."""
    options = ("--appendfsync", fsync, "--repl-diskless-sync-delay", "0")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        primary = stack.enter_context(redis_fakes.engine(directory / "primary", *options))
        for number in range(2 if replicas else 0):
            follow = ("--replicaof", f"127.0.0.1 {primary.port}")
            own = redis_fakes.engine(directory / f"replica{number}", *options, *follow)
            stack.enter_context(own)
        trio.run(_until_ready, partial(primary.log, 2 if replicas else 0))
        yield partial(RedisLog, primary.address, replicas)


@contextmanager
def postgres(replicas: int) -> Iterator[Make]:
    """Run PostgreSQL, with two replicas if any is required."""
    options = (f"synchronous_standby_names=ANY {replicas} (*)",) if replicas else ()
    with ExitStack() as stack:
        primary = stack.enter_context(postgres_fakes.engine(Path("primary"), *options))
        for number in range(2 if replicas else 0):
            stack.enter_context(postgres_fakes.replica(Path(f"replica{number}"), primary))
        make = partial(PostgresLog, primary.address, replicas)
        trio.run(_until_ready, make)
        yield make


async def _until_ready(make: Make) -> None:
    """Wait until the replicas follow."""
    log = make()
    while True:
        try:
            await log.check()
            await log.append([b"-1 0 x"])
        except (LogRefused, LogUnavailable):
            await trio.sleep(0.1)
        else:
            break
    await log.aclose()


_SETTINGS: dict[str, Callable[[], AbstractContextManager[Make]]] = {
    "redis: everysec": partial(redis, "everysec", 0),
    "redis: always": partial(redis, "always", 0),
    "redis: everysec, 2 replicas, WAIT 1": partial(redis, "everysec", 1),
    "redis: everysec, 2 replicas, WAIT 2": partial(redis, "everysec", 2),
    "redis: always, 2 replicas, WAIT 1": partial(redis, "always", 1),
    "postgres: alone": partial(postgres, 0),
    "postgres: 2 replicas, ANY 1": partial(postgres, 1),
    "postgres: 2 replicas, ANY 2": partial(postgres, 2),
}
_WIDTH = 2 + max(map(len, _SETTINGS))


async def throughput(make: Make, batch: int, seconds: float) -> tuple[float, float]:
    """Return how many entries a second were appended, and read by one node meanwhile.

    Args:
        make: returns logs in the engine.
        batch: entries of one append.
        seconds: how long three nodes append without a pause.
    """
    appended = read = 0

    async def append(log: Log) -> None:
        nonlocal appended
        while True:
            await log.append([b"x" * _SIZE] * batch)
            appended += batch

    async def follow(log: Log, position: str) -> None:
        nonlocal read
        while True:
            found = await log.read(position)
            if found:
                position = found[-1].position
                read += len(found)

    logs = [make() for _ in range(_NODES + 1)]
    position = await _end(logs[0])
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow, logs[0], position)
            for log in logs[1:]:
                nursery.start_soon(append, log)
    for log in logs:
        await log.aclose()
    return appended / seconds, read / seconds


async def latency(make: Make, seconds: float) -> "array[int]":
    """Return the nanoseconds from the append of each entry until its node has read it."""
    found = array("q")

    async def append(log: Log, name: int) -> None:
        begun = trio.current_time()
        for number in range(int(_RATE * seconds)):
            await trio.sleep_until(begun + number / _RATE)
            head = b"%d %d " % (name, time.monotonic_ns())
            await log.append([head.ljust(_SIZE, b"x")])

    async def follow(log: Log, name: int, position: str) -> None:
        while True:
            entries = await log.read(position)
            now = time.monotonic_ns()
            for entry in entries:
                owner, sent, _rest = entry.data.split(b" ", 2)
                if int(owner) == name:
                    found.append(now - int(sent))
                position = entry.position

    logs = [make() for _ in range(_NODES)]
    position = await _end(logs[0])
    async with trio.open_nursery() as readers:
        async with trio.open_nursery() as writers:
            for name, log in enumerate(logs):
                readers.start_soon(follow, log, name, position)
                writers.start_soon(append, log, name)
        await trio.sleep(0.5)
        readers.cancel_scope.cancel()
    for log in logs:
        await log.aclose()
    return found


async def _end(log: Log) -> str:
    """Return the position after which there is nothing; the log is not empty then."""
    await log.append([b"-1 0 x"])
    position = START
    while entries := await log.read(position):
        position = entries[-1].position
    return position


def measure(name: str, make: Make, seconds: float) -> None:
    """Measure one setting, and print the result."""
    delays = trio.run(latency, make, seconds)
    ms = quantiles(delays)
    print(f"{name:<{_WIDTH}}{ms['p50']:>8.2f}{ms['p99']:>8.2f}", end="", flush=True)
    for batch in _BATCHES:
        appended, read = trio.run(throughput, make, batch, seconds)
        print(f"{appended:>10,.0f}{read:>10,.0f}", end="", flush=True)
    print()


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--url", help="of an engine that runs; its log gets many entries")
    parser.add_argument("--only", default="", help="settings whose names begin so")
    options = parser.parse_args()
    heads = "".join(f"{f'{batch} a batch':>10}{'read':>10}" for batch in _BATCHES)
    print(f"{'':<{_WIDTH}}{'p50 ms':>8}{'p99 ms':>8}{heads}")
    if options.url is not None:
        measure("", partial(make_log, options.url), options.seconds)
        return
    for name, running in _SETTINGS.items():
        if name.startswith(options.only):
            with running() as make:
                measure(name, make, options.seconds)


if __name__ == "__main__":
    main()
