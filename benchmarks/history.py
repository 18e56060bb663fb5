"""Costs of a long history: reading from it, searching it, starting with it, and writing to it.

    python benchmarks/history.py

creates a database of a million messages, measures, and removes it. README.md in this directory
explains how to read the result.
"""

import argparse
import json
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import history_data as data
import trio
from history_start import start_seconds
from report import publish, quantiles

from trio_chat.chat.history import LAST_ID, Query, Record, Span
from trio_chat.chat.ids import IdSource
from trio_chat.storage.database import open_database
from trio_chat.storage.history import SqliteHistory

_SENDERS, _MOST_IN_BATCH = 64, 200
_RATE, _TICK = 2000, 0.005
_TEXT = "a message as people write them, привет, neither short nor long, with a smile 🙂 at its end"
_SEARCHES = ("that", "сервер", "release", "backup finished", "заявка77", "nothingofthesort")
"""A very common word, common ones, two at once, a rare one, and one that occurs nowhere."""


@dataclass(kw_only=True)
class Report:
    """The results: milliseconds by quantile, and single figures."""

    options: dict[str, object]
    milliseconds: dict[str, dict[str, float]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def table(self) -> str:
        """Return the results as a table."""
        lines = [f"{'milliseconds':<44}{'p50':>10}{'p99':>10}{'p99.9':>10}"]
        for name, found in self.milliseconds.items():
            lines.append(f"{name:<44}" + "".join(f"{value:>10.3f}" for value in found.values()))
        lines.append("")
        lines += [f"{name:<44}{value:>10,.3f}" for name, value in self.figures.items()]
        return "\n".join(lines)

    def save(self, path: Path) -> None:
        """Write the results as JSON."""
        machine = {"python": platform.python_version(), "system": platform.platform()}
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"when": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine, **vars(self)}
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Measure, print and save."""
    options = _options()
    with ExitStack() as stack:
        path = options.database
        if path is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="trio-chat-bench-"))
            path = Path(directory) / "history.db"
        report = Report(
            options={key: str(value) for key, value in vars(options).items() if key != "json"}
        )
        try:
            _measure(report, path, options)
        except KeyboardInterrupt:
            return 130
    publish(report, "history", options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the cost of a long history.")
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the database (1000000)")
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="use this one, or create and keep it",
    )
    parser.add_argument("--queries", type=int, default=500, help="of each kind (500)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="for which messages are written, each time (5)"
    )
    parser.add_argument(
        "--starts", type=int, default=5, help="of the server, with and without the history (5)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where to save the results (benchmarks/results/…)"
    )
    return parser.parse_args()


def _measure(report: Report, path: Path, options: argparse.Namespace) -> None:
    print(f"A database of {options.messages:,} messages …", flush=True)
    report.figures["filling, s"] = data.make(path, options.messages, options.seed)
    report.figures["size, MB"] = path.stat().st_size / 1e6
    _starts(report, path, options.starts)
    trio.run(_measure_open, report, path, options)


async def _measure_open(report: Report, path: Path, options: argparse.Namespace) -> None:
    async with open_database(path) as database:
        history = SqliteHistory(database)
        await _reads(report, history, options)
        await _searches(report, history, options)
        await _beside_searches(report, history, options)
    with tempfile.TemporaryDirectory(prefix="trio-chat-bench-", dir=path.parent) as directory:
        copy = shutil.copy(path, directory)  # so that a database that is kept does not change
        async with open_database(Path(copy)) as database:
            history = SqliteHistory(database)
            await _stalls(report, history, options.seconds)
            await _throughput(report, history, options.seconds)


def _starts(report: Report, path: Path, count: int) -> None:
    print("Starting servers …", flush=True)
    pairs = [(start_seconds(None), start_seconds(path)) for _ in range(count)]
    empty, full = (statistics.median(times) for times in zip(*pairs, strict=True))
    report.figures |= {
        "start, empty, s": empty,
        "start, with this history, s": full,
        "difference, s": full - empty,
    }


async def _timed(count: int, ask: Callable[[], Awaitable[object]]) -> dict[str, float]:
    taken = array("q")
    for _ in range(count):
        began = time.perf_counter_ns()
        await ask()
        taken.append(time.perf_counter_ns() - began)
    return quantiles(taken)


async def _reads(report: Report, history: SqliteHistory, options: argparse.Namespace) -> None:
    print("Reading …", flush=True)
    chance = random.Random(options.seed)
    some = (data.BIG, *data.MIDDLE, *data.SMALL)
    ids = [
        record.id for record in await history.messages(data.BIG, Span(from_newest=False), 10_000, 0)
    ]
    last = await history.last_id()

    def middle() -> Awaitable[object]:
        return history.messages(
            data.BIG, Span(after=chance.randrange(ids[0], last), from_newest=False), 100, 0
        )

    def around() -> Awaitable[object]:
        return history.messages(data.BIG, Span(before=chance.randrange(ids[0], last)), 100, 0)

    report.milliseconds |= {
        "last 100 of the big channel": await _timed(
            options.queries, lambda: history.messages(data.BIG, Span(), 100, 0)
        ),
        "last 100 of any channel": await _timed(
            options.queries, lambda: history.messages(chance.choice(some), Span(), 100, 0)
        ),
        "100 after a message in the middle": await _timed(options.queries, middle),
        "100 before a message in the middle": await _timed(options.queries, around),
        "last 100 that a newcomer may see": await _timed(
            options.queries, lambda: history.messages(data.BIG, Span(), 100, LAST_ID)
        ),
    }


async def _searches(report: Report, history: SqliteHistory, options: argparse.Namespace) -> None:
    print("Searching …", flush=True)
    everywhere = dict.fromkeys((data.BIG, *data.MIDDLE, *data.SMALL[:50]), 0)
    for text in _SEARCHES:
        for name, places in (
            ("the big channel", {data.BIG: 0}),
            ("a small channel", {data.SMALL[0]: 0}),
            ("61 channels", everywhere),
        ):
            report.milliseconds[f"search {text!r} in {name}"] = await _timed(
                options.queries // 5, partial(history.search, Query(places, text), Span(), 50)
            )


async def _beside_searches(
    report: Report, history: SqliteHistory, options: argparse.Namespace
) -> None:
    """Read pages while another task searches all messages without a pause."""
    everything = Query(dict.fromkeys((data.BIG, *data.MIDDLE, *data.SMALL), 0), _SEARCHES[0])

    async def search() -> None:
        while True:
            await history.search(everything, Span(from_newest=False), 10_000)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(search)
        report.milliseconds["last 100 of the big channel, beside searches"] = await _timed(
            options.queries, lambda: history.messages(data.BIG, Span(), 100, 0)
        )
        nursery.cancel_scope.cancel()


async def _throughput(report: Report, history: SqliteHistory, seconds: float) -> None:
    """Write from many senders, each of which waits for its commit, as under the broadcaster."""
    print("Writing as fast as it can …", flush=True)
    ids = IdSource(time.time, await history.last_id())
    send, receive = trio.open_memory_channel[tuple[Record, trio.Event]](_SENDERS)
    taken = array("q")
    batches = 0

    async def send_all() -> None:
        while True:
            done = trio.Event()
            began = time.perf_counter_ns()
            await send.send((_record(ids), done))
            await done.wait()
            taken.append(time.perf_counter_ns() - began)

    async with trio.open_nursery() as nursery:
        for _ in range(_SENDERS):
            nursery.start_soon(send_all)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            batch = [await receive.receive()]
            while len(batch) < _MOST_IN_BATCH and receive.statistics().current_buffer_used:
                batch.append(receive.receive_nowait())
            await history.commit([record for record, _ in batch])
            batches += 1
            for _, done in batch:
                done.set()
        spent = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    report.milliseconds["a message until it is remembered, 64 senders"] = quantiles(taken)
    report.figures |= {
        "messages remembered a second, 64 senders": len(taken) / spent,
        "in a batch": len(taken) / batches,
    }


async def _stalls(report: Report, history: SqliteHistory, seconds: float) -> None:
    """Measure how late a task wakes: at rest, during writes, and during writes and reads."""
    print(f"Event loop at {_RATE} messages/s …", flush=True)
    ids = IdSource(time.time, await history.last_id())

    async def write() -> None:
        next_turn = trio.current_time()
        while True:
            await history.commit([_record(ids) for _ in range(int(_RATE * _TICK))])
            next_turn += _TICK
            await trio.sleep_until(next_turn)

    async def read() -> None:
        while True:
            await history.messages(data.BIG, Span(), 100, 0)
            await trio.sleep(0.02)

    for name, tasks in (
        ("at rest", ()),
        (f"{_RATE} messages/s", (write,)),
        (f"{_RATE} messages/s, 50 reads/s", (write, read)),
    ):
        async with trio.open_nursery() as nursery:
            for task in tasks:
                nursery.start_soon(task)
            report.milliseconds[f"event loop late, {name}"] = quantiles(await _lateness(seconds))
            nursery.cancel_scope.cancel()


async def _lateness(seconds: float) -> "array[int]":
    late = array("q")
    end = trio.current_time() + seconds
    while trio.current_time() < end:
        due = trio.current_time() + 0.001
        await trio.sleep_until(due)
        late.append(int((trio.current_time() - due) * 1e9))
    return late


def _record(ids: IdSource) -> Record:
    return Record(data.BIG, ids.next(), "PRIVMSG", "ann!ann@192.0.2.7", "", _TEXT)


if __name__ == "__main__":
    sys.exit(main())
