"""What clients of two nodes of a cluster want at the same instant, and what one node learns of what
happens on the other; with a real engine.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from test_cluster_programs import Client, Cluster, RedisCluster, client

import redis_fakes

pytestmark = [pytest.mark.engine, pytest.mark.long]

CAPS = "message-tags echo-message batch labeled-response draft/multiline account-notify"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A cluster without nodes, with an engine."""
    with redis_fakes.engine(tmp_path / "engine") as running:
        yield Cluster(tmp_path, running)


async def newcomer(stream: trio.SocketStream, nick: str) -> Client:
    """Return a client that has asked for a nickname, and has no answer yet."""
    one = Client(stream)
    await one.say(f"NICK {nick}", "USER u 0 * :Real")
    return one


async def test_one_of_two_clients_gets_what_both_want(cluster: RedisCluster) -> None:
    """A nickname at the registration, one later, and the rank of the founder of a channel."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        await trio.open_tcp_stream("127.0.0.1", one) as near,
        await trio.open_tcp_stream("127.0.0.1", two) as far,
    ):
        clients = [await newcomer(near, "ann"), await newcomer(far, "ann")]
        lines = [await each.until(" ann :") for each in clients]
        assert sorted(line.split()[1] for line in lines) == ["001", "433"]
        late = clients[[line.split()[1] for line in lines].index("433")]
        await late.say("NICK bob")
        await late.until(" 001 bob")
        for each in clients:
            await each.say("NICK cid")
        lines = [await each.until("cid") for each in clients]
        assert sum(" 433 " in line for line in lines) == 1
        for each in clients:
            await each.say("JOIN #new")
            await each.until(" 366 ")
        for each in clients:
            await each.say("NAMES #new")
        names = [(await each.until(" 353 ")).rpartition(":")[2] for each in clients]
        assert names[0] == names[1]
        assert names[0].count("@") == 1


async def test_a_labelled_message_of_several_lines_and_its_refusal(cluster: RedisCluster) -> None:
    """A bad line is refused before the batch ends; the next batch arrives."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", CAPS) as ann,
        client(two, "bob", CAPS) as bob,
    ):
        await ann.say("BATCH +1 draft/multiline bob", "@batch=1 PRIVMSG cid :x")
        assert "MULTILINE_INVALID_TARGET" in await ann.until("FAIL BATCH")
        await ann.say(
            "BATCH -1", "@label=7 BATCH +2 draft/multiline bob", "@batch=2 PRIVMSG bob :one"
        )
        await ann.say("@batch=2 PRIVMSG bob :two", "BATCH -2")
        assert "label=7" in await ann.until("BATCH +")
        assert "label" not in await bob.until("BATCH +")
        assert (await bob.until("PRIVMSG")).endswith("one")
        assert (await bob.until("PRIVMSG")).endswith("two")


async def test_an_account_is_confirmed_before_its_notice(cluster: RedisCluster) -> None:
    """REGISTER answers as one server does; MONITOR and channels of the other node learn of it."""
    async with (
        cluster.node("n1") as (_, one),
        cluster.node("n2") as (_, two),
        client(one, "ann", "account-notify") as ann,
        client(two, "bob", "account-notify") as bob,
    ):
        for each in (ann, bob):
            await each.say("JOIN #a")
            await each.until(" 366 ")
        await ann.say("REGISTER * * :a long password")
        assert " 900 " in await ann.until("ann!")
        assert "ACCOUNT ann" in await ann.until("ann!")
        assert "ACCOUNT ann" in await bob.until("ACCOUNT")
