"""The log of a cluster alone: entries a second, and the time from an append until it is read.

    python benchmarks/cluster_log.py

starts the Redis or Valkey that is in the PATH, once for each setting. README.md in this directory
explains how to read the result.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trio

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from report import quantiles  # noqa: E402

from redis_fakes import Engine, engine, program  # noqa: E402
from trio_chat.server.cluster import redis_address  # noqa: E402
from trio_chat.server.cluster.log import Log, LogRefused  # noqa: E402
from trio_chat.server.cluster.redis_address import RedisAddress  # noqa: E402
from trio_chat.server.cluster.redis_log import START, RedisLog  # noqa: E402

_SIZE = 128
"""Bytes of an entry: about those of a message."""
_RATE = 300
"""Entries a second of each node, where latency is measured."""
_NODES = 3
_BATCHES = (1, 16, 256)
_SETTINGS = {
    "everysec": ("everysec", 0),
    "always": ("always", 0),
    "everysec, 2 replicas, WAIT 1": ("everysec", 1),
    "everysec, 2 replicas, WAIT 2": ("everysec", 2),
    "always, 2 replicas, WAIT 1": ("always", 1),
}


@contextmanager
def running(fsync: str, replicas: int) -> Iterator[RedisAddress]:
    """Run an engine, with two replicas if any is required."""
    options = ("--appendfsync", fsync, "--repl-diskless-sync-delay", "0")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        primary = stack.enter_context(engine(directory / "primary", *options))
        for number in range(2 if replicas else 0):
            follow = ("--replicaof", f"127.0.0.1 {primary.port}")
            stack.enter_context(engine(directory / f"replica{number}", *options, *follow))
        trio.run(_until_followed, primary, replicas)
        yield RedisAddress(primary.address.hosts, replicas=replicas)


async def _until_followed(primary: Engine, replicas: int) -> None:
    log = primary.log(2 if replicas else 0)
    while True:
        try:
            await log.check()
        except LogRefused:
            await trio.sleep(0.1)
        else:
            break
    await log.aclose()


async def throughput(address: RedisAddress, batch: int, seconds: float) -> tuple[float, float]:
    """Return how many entries a second were appended, and read by one node meanwhile.

    Args:
        address: of the engine.
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

    logs = [RedisLog(address) for _ in range(_NODES + 1)]
    position = await _end(logs[0])
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow, logs[0], position)
            for log in logs[1:]:
                nursery.start_soon(append, log)
    for log in logs:
        await log.aclose()
    return appended / seconds, read / seconds


async def latency(address: RedisAddress, seconds: float) -> "array[int]":
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

    logs = [RedisLog(address) for _ in range(_NODES)]
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


def measure(name: str, address: RedisAddress, seconds: float) -> None:
    """Measure one setting, and print the result."""
    delays = trio.run(latency, address, seconds)
    ms = quantiles(delays)
    print(f"{name:<32}{ms['p50']:>8.2f}{ms['p99']:>8.2f}", end="", flush=True)
    for batch in _BATCHES:
        appended, read = trio.run(throughput, address, batch, seconds)
        print(f"{appended:>10,.0f}{read:>10,.0f}", end="", flush=True)
    print()


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--url", help="of an engine that runs; its log gets many entries")
    options = parser.parse_args()
    heads = "".join(f"{f'{batch} a batch':>10}{'read':>10}" for batch in _BATCHES)
    if options.url is None:
        version = subprocess.run(
            [program(), "--version"], capture_output=True, text=True, check=True
        )
        print(version.stdout.strip())
    print(f"{'':<32}{'p50 ms':>8}{'p99 ms':>8}{heads}")
    if options.url is not None:
        measure("", redis_address.parse(options.url), options.seconds)
        return
    for name, (fsync, replicas) in _SETTINGS.items():
        with running(fsync, replicas) as address:
            measure(name, address, options.seconds)


if __name__ == "__main__":
    main()
