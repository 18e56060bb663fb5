"""A cluster of real servers under load, of which one is killed, or the engine: nothing that was
acknowledged is lost, and nothing is doubled.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
import trio
from programs import PATIENCE
from test_cluster_programs import Client, RedisCluster, client

from redis_fakes import engine

pytestmark = [pytest.mark.engine, pytest.mark.long]

_CLIENTS = 4
"""Clients of each node."""
_LEAST = 150
"""Messages that are acknowledged before a fault, and after it."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster without nodes, with an engine."""
    with engine(tmp_path / "engine") as running:
        yield RedisCluster(tmp_path, running)


class Load:
    """Clients that each send a message when the one before has come back.

    Attributes:
        echoed: the messages that have come back, by all clients.
    """

    def __init__(self) -> None:
        self.echoed: list[str] = []
        self._is_over = False
        self._talking = 0
        self._progress = trio.Event()

    async def talk(self, one: Client, name: str) -> None:
        """Have a client talk, until the end or until its connection has ended."""
        number = 0
        self._talking += 1
        try:
            while not self._is_over:
                text = f"{name}-{number}"
                await one.say(f"PRIVMSG #a :{text}")
                await one.until(f":{text}")
                self.echoed.append(text)
                number += 1
                self._progress.set()
        except (AssertionError, trio.BrokenResourceError):
            pass  # its node was killed
        finally:
            self._talking -= 1
            self._progress.set()

    async def wait_for_more(self) -> None:
        """Wait until many more messages have come back."""
        wanted = len(self.echoed) + _LEAST
        with trio.fail_after(PATIENCE):
            while len(self.echoed) < wanted:
                await self._progress.wait()
                self._progress = trio.Event()

    async def end(self) -> None:
        """Have the clients send nothing further, and wait until all have come back."""
        self._is_over = True
        with trio.fail_after(PATIENCE):
            while self._talking:
                await self._progress.wait()
                self._progress = trio.Event()


async def stored(database: Path, last: str) -> list[tuple[int, str]]:
    """Return the ids and texts of all messages in a database, once it has the last one."""
    with trio.fail_after(PATIENCE):
        while True:
            # `with` alone ends a transaction, and closes nothing.
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                query = "SELECT id, text FROM message ORDER BY id"
                found: list[tuple[int, str]] = connection.execute(query).fetchall()
            if found and found[-1][1] == last:
                return found
            await trio.sleep(0.02)


async def check(cluster: RedisCluster, directory: Path, load: Load, port: int) -> None:
    """Check that all nodes have stored what has come back, once and in the same order."""
    async with client(port, "last", "echo-message") as last:
        await last.say("JOIN #a", "PRIVMSG #a :last")
        await last.until(":last")
    tables = [await stored(directory / name / "trio-chat.db", "last") for name in ("n1", "n2")]
    assert tables[0] == tables[1]
    texts = [text for _, text in tables[0]]
    assert len(texts) == len(set(texts))
    assert not set(load.echoed) - set(texts)
    for name in {re.sub(r"-\d+$", "", text) for text in load.echoed}:
        own = [text for text in texts if text.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(len(own))]


async def test_a_node_that_is_killed_under_load_loses_nothing(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """Nor does it double anything, when it has carried out again what it had not stored."""
    load = Load()
    async with (
        cluster.node("n2") as (_, two),
        trio.open_nursery() as nursery,
        AsyncExitStack() as stack,
    ):
        async with cluster.node("n1") as (first, one):
            for number in range(2 * _CLIENTS):
                name, port = f"c{number}", (one, two)[number % 2]
                await start(stack, nursery, load, name, port)
            await load.wait_for_more()
            first.process.kill()
            await first.process.wait()
        await load.wait_for_more()
        async with cluster.node("n1") as (_, one):
            await load.wait_for_more()
            await load.end()
            await check(cluster, tmp_path, load, one)
        nursery.cancel_scope.cancel()


async def test_an_engine_that_is_killed_under_load_loses_nothing(
    cluster: RedisCluster, tmp_path: Path
) -> None:
    """The nodes go on with it when it is back, and their clients notice a pause only."""
    load = Load()
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        trio.open_nursery() as nursery,
        AsyncExitStack() as stack,
    ):
        for number in range(2 * _CLIENTS):
            await start(stack, nursery, load, f"c{number}", (one, two)[number % 2])
        for _ in range(2):
            await load.wait_for_more()
            cluster.engine.kill()
            await trio.to_thread.run_sync(cluster.engine.start)
        await load.wait_for_more()
        await load.end()
        await check(cluster, tmp_path, load, one)
        nursery.cancel_scope.cancel()


async def start(
    stack: AsyncExitStack, nursery: trio.Nursery, load: Load, name: str, port: int
) -> None:
    """Have another client talk."""
    one = await stack.enter_async_context(client(port, name, "echo-message"))
    await one.say("JOIN #a")
    await one.until(" 366 ")
    nursery.start_soon(load.talk, one, name)
