"""The log of a cluster with Redis Sentinel: real failovers, and hostile fakes of Sentinels."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from log_engines import read_all
from redis_fakes import Engine, Group, engine
from sentinel_fakes import answering, log_by, named, packed, sentinel, served, silent
from trio_chat.server.cluster.log import START, Log, LogRefused, LogUnavailable, Stored
from trio_chat.server.cluster.redis_address import RedisAddress
from trio_chat.server.cluster.redis_log import RedisLog

pytestmark = pytest.mark.engine


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine that keeps what it has taken."""
    with engine(tmp_path / "engine") as running:
        yield running


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    """Return an engine with two replicas and three Sentinels."""
    found = Group(tmp_path / "group")
    yield found
    found.close()


async def append(log: Log, data: bytes) -> None:
    """Append an entry again and again, until it is in the log."""
    while True:
        try:
            await log.append([data])
        except LogUnavailable:
            await trio.sleep(0.02)
        else:
            return


async def read_until(log: Log, after: str, data: bytes) -> list[Stored]:
    """Read until an entry comes, and append it again as long as it does not."""
    found: list[Stored] = []
    while not found or found[-1].data != data:
        await append(log, data)
        try:
            found += await log.read(found[-1].position if found else after)
        except LogUnavailable:
            await trio.sleep(0.02)
    return found


@pytest.mark.parametrize("end", [Engine.kill, Engine.freeze])
async def test_a_node_follows_to_the_next_primary(
    group: Group, end: Callable[[Engine], None]
) -> None:
    """An engine that is frozen keeps its connections; one that is killed closes them."""
    await group.wait_until_whole()
    log = RedisLog(group.address)
    with trio.fail_after(60):
        await log.check()
        await log.append([b"first"])
        [first] = await read_all(log)
        end(group.engines[0])
        await read_until(log, first.position, b"second")
        primary = await group.primary()
    assert primary is not group.engines[0]
    other = primary.log()
    found = [entry.data for entry in await read_all(other, least=2)]
    assert list(dict.fromkeys(found)) == [b"first", b"second"]
    await other.aclose()
    await log.aclose()


async def test_the_newest_answer_counts(real: Engine) -> None:
    """A Sentinel that was cut off has an old one; here it names a primary that is gone."""
    async with served(sentinel((1, 4)), sentinel((real.port, 5)), sentinel((1, 4))) as places:
        log = log_by(places)
        await log.append([b"a"])
        await log.aclose()


async def test_a_sentinel_that_is_frozen_or_gone_is_left_out(real: Engine) -> None:
    """The others answer."""
    async with served(silent, sentinel((real.port, 1))) as places:
        log = log_by((("127.0.0.1", 1), *places))
        await log.append([b"a"])
        await log.aclose()


async def test_a_frozen_primary_is_left_as_soon_as_there_is_another(real: Engine) -> None:
    """A node does not wait until its patience is over."""
    async with (
        served(silent) as [(_host, frozen)],
        served(sentinel((frozen, 1), (real.port, 2))) as places,
    ):
        log = log_by(places)
        with pytest.raises(LogUnavailable, match=f"is now 127.0.0.1:{real.port}"):
            await log.append([b"a"])
        await log.append([b"a"])
        await log.aclose()


async def test_a_primary_that_is_superseded_is_left(real: Engine, tmp_path: Path) -> None:
    """It may be cut off from the Sentinels and serve on; its answers count no longer."""
    with engine(tmp_path / "other") as other:
        for each, data in ((real, b"old"), (other, b"new")):
            log = each.log()
            await log.append([data])
            await log.aclose()
        async with served(sentinel((real.port, 1), (other.port, 2))) as places:
            log = log_by(places)
            assert [entry.data for entry in await read_all(log)] == [b"old"]
            with trio.fail_after(30), pytest.raises(LogUnavailable, match="the primary is now"):
                await read_all(log, least=sys.maxsize)
            await log.append([b"newer"])
            assert [entry.data for entry in await read_all(log)] == [b"new", b"newer"]
            await log.aclose()


async def test_a_sentinel_that_was_started_again_is_asked_again(real: Engine) -> None:
    """The connection to it is gone; that is no reason to be without an answer."""
    connections = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal connections
        connections += 1
        await stream.receive_some()
        await stream.send_all(named(real.port, 1))

    async with served(serve) as places:
        log = log_by(places)
        await log.append([b"a"])
        await log._appending.aclose()
        await log.append([b"b"])
        await log.aclose()
    assert connections == 2


async def test_an_old_answer_does_not_move_a_node(real: Engine) -> None:
    """A Sentinel that comes back names the primary before, until the others have informed it."""
    async with served(sentinel((real.port, 5), (1, 4))) as places:
        log = log_by(places)
        assert await log.read(START) == []  # for a second, in which the Sentinel is asked again
        writer = real.log()
        await writer.append([b"a"])
        assert [entry.data for entry in await read_all(log)] == [b"a"]
        await writer.aclose()
        await log.aclose()


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((b"*-1\r\n-ERR No such master with that name\r\n",), r"\?master=NAME"),
        ((b"-ERR unknown command 'SENTINEL'\r\n" * 2,), "begins with redis://"),
        ((b"-NOAUTH Authentication required.\r\n" * 2,), "needs a password"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "no Redis"),
        ((b"*0\r\n*0\r\n",), "no Sentinel"),
        ((b":1\r\n:1\r\n",), "no Sentinel"),
        ((), "connection"),
    ],
)
async def test_a_sentinel_that_is_none_is_explained(answers: tuple[bytes, ...], why: str) -> None:
    """The reason is one line, with the place."""
    async with served(answering(*answers)) as places:
        log = log_by(places)
        with pytest.raises(LogUnavailable, match=why) as caught:
            await log.append([b"a"])
        await log.aclose()
    assert "\n" not in str(caught.value)
    assert f":{places[0][1]}: " in str(caught.value)


async def test_an_engine_that_is_a_replica_still_is_not_used() -> None:
    """Sentinels name it a moment before it is the primary."""
    async with (
        served(answering(packed([b"slave"]))) as [(_host, port)],
        served(sentinel((port, 1))) as places,
    ):
        log = log_by(places)
        with pytest.raises(LogUnavailable, match="it is a replica"):
            await log.append([b"a"])
        await log.aclose()


async def test_a_sentinel_in_place_of_an_engine_is_explained() -> None:
    """The other form of the address is named."""
    async with served(answering(packed([b"sentinel"]))) as places:
        log = RedisLog(RedisAddress(places))
        with pytest.raises(LogUnavailable, match=r"redis\+sentinel://"):
            await log.append([b"a"])
        await log.aclose()


async def test_with_sentinel_a_replica_is_required(real: Engine) -> None:
    """A failover loses what only the primary had."""
    async with served(sentinel((real.port, 1))) as places:
        with pytest.raises(LogRefused, match="at least 1 replica"):
            await log_by(places).check()
    with pytest.raises(LogRefused, match="at least 1 replica"):
        await RedisLog(RedisAddress((("localhost", 1), ("localhost", 2)))).check()


async def test_sentinels_that_do_not_answer_hold_no_question_back(real: Engine) -> None:
    """The one that answers is asked as long as the engine is silent, however many do not."""
    async with (
        served(silent) as [(_host, frozen)],
        served(silent, silent, sentinel((frozen, 1), (real.port, 2))) as places,
    ):
        log = log_by(places)
        with pytest.raises(LogUnavailable, match=f"is now 127.0.0.1:{real.port}"):
            await log.append([b"a"])
        await log.aclose()


async def test_replicas_that_come_late_are_asked_again() -> None:
    """After a failover a replica may connect to the next primary a moment after its barrier."""
    info = b"redis_version:7.0.0\r\naof_enabled:1\r\n"
    ready = b"$%d\r\n%s\r\n" % (len(info), info) + packed([b"1", b"0"]) + b":0\r\n"
    nothing = b"*-1\r\n*0\r\n+OK\r\n:0\r\n"
    answers = (packed([b"master"]), ready, nothing, b":0\r\n", b":1\r\n")
    async with served(answering(*answers)) as places:
        log = RedisLog(RedisAddress(places, replicas=1))
        assert await log.read(START) == []
        await log.aclose()
