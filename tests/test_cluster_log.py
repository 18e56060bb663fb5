"""The log of a cluster in a real engine: the rules that hold for every engine."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from log_engines import ENGINES, Engine, Start, read_all
from trio_chat.server.cluster.log import START, LogBroken, LogUnavailable, Stored

pytestmark = pytest.mark.engine


@pytest.fixture(params=ENGINES)
def start(request: pytest.FixtureRequest) -> Start:
    """Return what starts an engine."""
    return ENGINES[request.param]


@pytest.fixture
def real(start: Start, tmp_path: Path) -> Iterator[Engine]:
    """Return an engine that keeps what it has taken."""
    with start(tmp_path / "engine") as running:
        yield running


async def test_entries_are_read_in_their_order(real: Engine) -> None:
    """With the time of the engine, which does not go back."""
    log = real.log()
    await log.append([b"%d" % number for number in range(500)])
    found = await read_all(log, least=500)
    assert [int(entry.data) for entry in found] == list(range(500))
    assert [entry.time for entry in found] == sorted(entry.time for entry in found)
    await log.aclose()


async def test_reading_goes_on_after_a_position(real: Engine) -> None:
    """As a node does that was away."""
    log = real.log()
    await log.append([b"a", b"b"])
    first, _second = await read_all(log, least=2)
    assert [entry.data for entry in await read_all(log, first.position)] == [b"b"]
    await log.aclose()


async def test_the_status_of_an_engine(real: Engine) -> None:
    """It has a place in the log from which the last seconds can be read; before the first entry
    that is the start, and then the oldest entry that is young enough.
    """
    log = real.log()
    empty = await log.status(10)
    assert (empty.position, empty.replicas) == (START, 0)
    assert empty.product.startswith(("Redis", "Valkey", "PostgreSQL"))
    await log.append([b"a", b"b"])
    first, second = await read_all(log, least=2)
    assert (await log.status(10)).position == first.position
    now = await log.status(0)
    assert now.position == second.position
    assert now.now >= second.time
    await log.aclose()


async def test_nothing_is_lost_when_the_engine_is_killed(real: Engine) -> None:
    """What was appended is there when it is back."""
    log = real.log()
    await log.append([b"before"])
    [entry] = await read_all(log)
    real.kill()
    with pytest.raises(LogUnavailable):
        await log.read(entry.position)
    with pytest.raises(LogUnavailable):
        await log.append([b"meanwhile"])
    real.start()
    await log.append([b"after"])
    assert [each.data for each in await read_all(log, entry.position)] == [b"after"]
    await log.aclose()


async def test_a_cancelled_call_does_not_mix_up_the_replies(real: Engine) -> None:
    """The reply to it may still come, so the connection is closed."""
    log = real.log()
    await log.append([b"a"])
    [entry] = await read_all(log)
    with trio.move_on_after(0.05) as scope:
        await log.read(entry.position)
    assert scope.cancelled_caught
    await log.append([b"b"])
    assert [each.data for each in await read_all(log, entry.position)] == [b"b"]
    await log.aclose()


async def test_a_log_that_has_lost_its_end_is_broken(start: Start, tmp_path: Path) -> None:
    """A node that has carried out more must not go on."""
    with start(tmp_path / "one") as real:
        log = real.log()
        await log.append([b"a", b"b"])
        *_, last = await read_all(log, least=2)
        await log.aclose()
    with start(tmp_path / "two") as other:
        log = other.log()
        with pytest.raises(LogBroken, match="has lost"):
            await log.read(last.position)
        await log.aclose()


async def test_a_log_that_was_trimmed_is_broken_for_a_node_that_was_away(real: Engine) -> None:
    """It says what to do: there is the state of another node."""
    log = real.log()
    await log.append([b"a", b"b", b"c"])
    first, *_ = await read_all(log, least=3)
    await log.aclose()
    await real.trim(keep=1)
    with pytest.raises(LogBroken, match="backup of another node"):
        await log.read(first.position)
    await log.aclose()


async def test_entries_of_any_size_are_kept(real: Engine) -> None:
    """Also those that do not fit into the buffers of a socket."""
    large = [bytes([number]) * 3_000_000 for number in range(4)]
    entries = [b"", b"\0", bytes(range(256)), *large, b"\n"]
    log = real.log()
    await log.append([])
    await log.append(entries)
    assert [entry.data for entry in await read_all(log, least=len(entries))] == entries
    await log.aclose()


async def test_all_readers_see_one_order(real: Engine) -> None:
    """And no entry is skipped, whatever the order is in which nodes append."""
    rounds = 60

    async def append(name: int) -> None:
        log = real.log()
        for number in range(rounds):
            await log.append([b"%d %d %d" % (name, number, each) for each in range(3)])
        await log.aclose()

    async def read(found: list[Stored]) -> None:
        log = real.log()
        found += await read_all(log, least=3 * 3 * rounds)
        await log.aclose()

    results: list[list[Stored]] = [[], []]
    async with trio.open_nursery() as nursery:
        for name in range(3):
            nursery.start_soon(append, name)
        for result in results:
            nursery.start_soon(read, result)
    one, other = results
    assert one == other
    for name in range(3):
        own = [entry.data for entry in one if entry.data.startswith(b"%d " % name)]
        numbers = range(rounds)
        assert own == [b"%d %d %d" % (name, each, part) for each in numbers for part in range(3)]


async def test_what_was_confirmed_under_load_survives_kills(real: Engine) -> None:
    """Each confirmed entry is there once, and a reader goes on after it."""
    confirmed: set[bytes] = set()
    found: list[Stored] = []
    is_over = False
    done, progress = trio.open_memory_channel[None](math.inf)

    async def append(name: int) -> None:
        log = real.log()
        number = 0
        while not is_over:
            number += 1
            entries = [b"%d %d %d" % (name, number, each) for each in range(3)]
            try:
                await log.append(entries)
            except LogUnavailable:
                await trio.sleep(0.01)  # it is not repeated: it may be there, or not
            else:
                confirmed.update(entries)
                done.send_nowait(None)
        await log.aclose()

    async def read() -> None:
        log = real.log()
        while not (is_over and confirmed <= {entry.data for entry in found}):
            try:
                found.extend(await log.read(found[-1].position if found else START))
            except LogUnavailable:
                await trio.sleep(0.01)
        await log.aclose()

    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            for name in range(2):
                nursery.start_soon(append, name)
            for _ in range(2):
                for _ in range(20):
                    await progress.receive()
                real.kill()
                await trio.to_thread.run_sync(real.start)
            for _ in range(40):  # some of them from before
                await progress.receive()
            is_over = True
    seen = [entry.data for entry in found]
    assert len(seen) == len(set(seen))
    for name in range(2):
        own = [tuple(map(int, each.split())) for each in seen if each.startswith(b"%d " % name)]
        assert own == sorted(own)
