"""Scheduled messages, and numbers of messages, on real nodes of which one is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from test_cluster_programs import Client, Cluster, RedisCluster, client

import redis_fakes
from trio_chat.irc.message import Message, parse

pytestmark = [pytest.mark.engine, pytest.mark.long]

CAPS = "message-tags server-time batch draft/chathistory echo-message trio-chat/number"
NUMBER = "trio-chat/number"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster without nodes, with an engine."""
    with redis_fakes.engine(tmp_path / "engine") as running:
        yield Cluster(tmp_path, running)


async def _history(person: Client, channel: str) -> list[Message]:
    """Return the messages of a channel as the node of a client has them."""
    await person.say(f"CHATHISTORY LATEST {channel} * 200")
    start = parse(await person.until("BATCH +"))
    found: list[Message] = []
    while True:
        message = parse(await person.until(""))
        if message.command == "BATCH" and message.params[0] == f"-{start.params[0][1:]}":
            return found
        if message.command == "PRIVMSG":
            found.append(message)


@pytest.mark.parametrize("is_killed", [False, True], ids=["alive", "killed"])
async def test_a_scheduled_message_is_delivered_once(
    cluster: RedisCluster, *, is_killed: bool
) -> None:
    """Also when the node on which it was scheduled, and which would send it, is killed before."""
    async with cluster.node("n2") as (_, two), client(two, "bob", CAPS) as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann", CAPS) as ann:
            await ann.say("NS REGISTER horse-battery", "JOIN #a")
            await ann.until("is yours now")
            await bob.until(" JOIN #a")
            await ann.say("NS AT 3s #a hello", "NS AT 5s #a goodbye")
            await ann.until("2. Will be sent")
            if is_killed:
                first.process.kill()
                await first.wait()
            assert parse(await bob.until("PRIVMSG #a")).params[-1] == "hello"
            assert parse(await bob.until("PRIVMSG #a")).params[-1] == "goodbye"
        async with cluster.node("n1") as (_, one), client(one, "eve", CAPS) as eve:
            await eve.say("JOIN #a")
            await eve.until(" 366 ")
            for person in (bob, eve):
                said = await _history(person, "#a")
                assert [each.params[-1] for each in said] == ["hello", "goodbye"]


async def _talk(person: Client, name: str) -> None:
    for count in range(25):
        await person.say(f"PRIVMSG #a :{name} {count}")
        await person.until(f":{name} {count}")


async def test_all_nodes_give_a_message_the_same_number(cluster: RedisCluster) -> None:
    """Without gaps, whoever speaks at the same time, and also a node that was killed and has
    caught up.
    """
    async with cluster.node("n2") as (_, two), client(two, "bob", CAPS) as bob:
        await bob.say("JOIN #a")
        await bob.until(" 366 ")
        async with cluster.node("n1") as (first, one), client(one, "ann", CAPS) as ann:
            await ann.say("JOIN #a")
            await ann.until(" 366 ")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_talk, ann, "ann")
                nursery.start_soon(_talk, bob, "bob")
            first.process.kill()
            await first.wait()
        await _talk(bob, "alone")
        async with cluster.node("n1") as (_, one), client(one, "eve", CAPS) as eve:
            await eve.say("JOIN #a")
            await eve.until(" 366 ")
            await eve.say("PRIVMSG #a :last")
            assert parse(await bob.until(":last")).tags[NUMBER] == "76"
            here, there = [await _history(person, "#a") for person in (bob, eve)]
            assert [each.tags[NUMBER] for each in here] == [str(n) for n in range(1, 77)]
            assert [(each.tags["msgid"], each.tags[NUMBER]) for each in here] == [
                (each.tags["msgid"], each.tags[NUMBER]) for each in there
            ]
