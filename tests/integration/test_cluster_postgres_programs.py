"""Nodes of a cluster whose log is in PostgreSQL, with a real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from test_cluster_programs import Cluster, client

import postgres_fakes

pytestmark = [pytest.mark.engine, pytest.mark.long]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster[postgres_fakes.Engine]]:
    """A cluster without nodes, with an engine."""
    with postgres_fakes.engine(tmp_path / "engine") as running:
        yield Cluster(tmp_path, running)


async def test_a_node_and_the_engine_are_killed(cluster: Cluster[postgres_fakes.Engine]) -> None:
    """Nothing that was confirmed is lost, and the clients of the other node go on."""
    async with cluster.node("n2") as (second, two), client(two, "bob") as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann", "echo-message") as ann:
            await ann.say("JOIN #a", "PRIVMSG #a :before")
            await ann.until("before")
            first.process.kill()
            await first.process.wait()
        await bob.until("before")
        cluster.engine.kill()
        await bob.say("PRIVMSG #a :meanwhile")
        await second.out.until("cannot be reached")
        await trio.to_thread.run_sync(cluster.engine.start)
        await second.out.until("is reached again")
        async with cluster.node("n1") as (_, one), client(one, "eve", "batch") as eve:
            await eve.say("JOIN #a", "CHATHISTORY LATEST #a * 10")
            for text in ("before", "meanwhile"):
                assert (await eve.until("PRIVMSG #a")).endswith(text)
