"""Webhooks on the nodes of a cluster."""

import json

import pytest
import trio.testing
from trio.testing import MockClock

from cluster_fakes import MemoryLog, NodeDatabase, NodeNetwork, cluster_node
from support import NOON
from test_cluster_node import give_up, mock_clock
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import HookMade
from trio_chat.chat.hooks import LOBBY, Hook, digest_of
from trio_chat.config.settings import HookSettings
from trio_chat.server.hooks.incoming import IncomingHooks
from trio_chat.server.http.messages import RequestError

__all__ = ["mock_clock"]

HEADERS = {"content-type": "application/json", "idempotency-key": "1"}
BODY = json.dumps({"text": "hello"}).encode()


async def posted(network: NodeNetwork) -> int:
    """Post a message to a node; return its id."""
    server = network.server
    hooks = IncomingHooks(server.world, server.relayer, HookSettings)
    return (await hooks.receive(hooks.find("secret"), HEADERS, BODY, ""))[1]


async def test_a_delivery_to_two_nodes_is_one_message(mock_clock: MockClock) -> None:
    """A sender that gets no answer from one node may come to another one."""
    log, here, there = MemoryLog(), NodeDatabase(), NodeDatabase()
    async with (
        cluster_node(log, "n1", here) as one,
        cluster_node(log, "n2", there) as other,
    ):
        ann = await one.register("ann", "#lobby")
        made = Hook(digest_of("secret"), LOBBY, "x", "ann", 0, int(NOON))
        apply(one.server.world, HookMade(made))
        await one.server.world.settle()
        await other.server.world.settle()
        await trio.testing.wait_all_tasks_blocked()
        first, second = await posted(other), await posted(one)
        assert (await ann.until("PRIVMSG"))[-1].source.startswith("x/hook!")
        assert first == second
        assert (
            [record.id for record in here.said] == [record.id for record in there.said] == [first]
        )


async def test_one_node_posts_for_all(mock_clock: MockClock) -> None:
    """That with the lowest name; when it is lost, the next one."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        await one.register("ann")
        await other.register("bob")
        assert (one.node.is_first, other.node.is_first) == (True, False)
        await give_up(log, "n1", is_heard_again=False)
        assert other.node.is_first


async def test_a_cluster_without_its_engine_takes_nothing(mock_clock: MockClock) -> None:
    """The sender learns that it has to come again."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one:
        await one.register("ann", "#lobby")
        made = Hook(digest_of("secret"), LOBBY, "x", "ann", 0, int(NOON))
        apply(one.server.world, HookMade(made))
        await one.server.world.settle()
        log.is_away = True
        with pytest.raises(RequestError) as refused:
            await posted(one)
        assert refused.value.status == 503
