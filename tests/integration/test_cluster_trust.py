"""The certificate of nodes with the real programs: clients that trust it at first use find the same
one everywhere.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio
from programs import PATIENCE, Program, program
from test_cluster_balancer import Balanced, engine  # noqa: F401  # a fixture
from test_cluster_programs import Cluster, RedisCluster, cluster  # noqa: F401  # a fixture

from redis_fakes import Engine

pytestmark = [pytest.mark.engine, pytest.mark.long]


@asynccontextmanager
async def bob(directory: Path, *addresses: str) -> AsyncIterator[Program]:
    """Run the line client with its own known servers."""
    arguments = ["connect", *addresses, "--nick", "bob", "--channel", "#a", "--plain"]
    async with program(arguments, directory) as running:
        yield running


async def key_of(directory: Path) -> str:
    """Return the key of the certificate of a node."""
    async with program(["certificate", "show", "--config", "server.ini"], directory) as running:
        line = await running.out.until("key\t")
        return line.split()[-1]


async def test_a_client_that_trusts_at_first_use_moves_between_nodes(
    cluster: RedisCluster,  # noqa: F811
    tmp_path: Path,
) -> None:
    """There is one notice of a new key, at the first node, and no warning at the second one."""
    async with (
        cluster.node("n1") as (first, one),
        cluster.node("n2") as (second, two),
        bob(tmp_path, f"ircs://127.0.0.1:{one}", f"ircs://127.0.0.1:{two}") as client,
    ):
        chosen = (await client.out.until("Connecting to")).split()[-2]
        await client.out.until("You have joined #a")
        left = first if chosen.endswith(f":{one}") else second
        left.process.kill()
        await client.out.until("Connected as bob")
        await client.stdin.aclose()
        assert await client.wait() == 0
        shown = "\n".join(client.out.lines)
        assert shown.count("for the first time") == 1
        assert "CHANGED" not in shown
    assert await key_of(tmp_path / "n1") == await key_of(tmp_path / "n2")


async def test_behind_one_address(
    engine: Engine,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The client has one address, behind which the nodes change; they have started at once."""
    place = Balanced(tmp_path, engine)
    async with AsyncExitStack() as stack:
        nodes: dict[str, Program] = {}

        async def start(name: str) -> None:
            nodes[name] = await stack.enter_async_context(place.node(name))

        async with trio.open_nursery() as starting:
            for name in ("n1", "n2", "n3"):
                starting.start_soon(start, name)
        await stack.enter_async_context(place.balancer())
        client = await stack.enter_async_context(bob(tmp_path, f"ircs://127.0.0.1:{place.port}"))
        await client.out.until("You have joined #a")
        for name in ("n1", "n2"):
            nodes[name].stop()
            assert await nodes[name].wait() == 0
        with trio.fail_after(PATIENCE):
            await client.stdin.send_all(b"one\n")
            await client.out.until("[YOU]: one")
        await client.stdin.aclose()
        assert await client.wait() == 0
        shown = "\n".join(client.out.lines)
        assert shown.count("for the first time") == 1
        assert "CHANGED" not in shown
