"""The HTTP API on the nodes of a cluster."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import trio
import trio.testing
from trio.testing import MockClock

from cluster_fakes import MemoryLog, NodeDatabase, NodeNetwork, cluster_node
from support import NOON
from test_cluster_node import mock_clock
from trio_chat.chat.api_tokens import ApiToken, digest_of
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    ApiTokenMade,
    Audited,
    Change,
    MemberKicked,
    MessageReported,
    ModesChanged,
    ModeSet,
)
from trio_chat.chat.decided_events import DecidedEvents
from trio_chat.chat.moderation.state import Report
from trio_chat.server.api import entry
from trio_chat.server.http.messages import HttpRequest
from trio_chat.server.peer import Peer

__all__ = ["mock_clock"]

SECRET = "tca_secret"


async def ask(
    network: NodeNetwork,
    method: str,
    path: str,
    body: Any = None,
    secret: str = SECRET,
    key: str = "",
) -> tuple[int, Any]:
    """Return the status and the JSON of an answer of a node."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = [
        (b"authorization", f"Bearer {secret}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(data)).encode()),
        (b"idempotency-key", key.encode()),
    ]

    async def receive(limit: int) -> AsyncGenerator[bytes, None]:  # noqa: ASYNC124
        yield data

    request = HttpRequest(
        method=method,
        target=f"/api/v1{path}".encode(),
        host=None,
        headers=headers,
        peer=Peer(host="127.0.0.1"),
        receive_body=receive,
    )
    answer = await entry.answer(request, network.server.site)
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body) if answer.body else None


async def have_token(network: NodeNetwork) -> None:
    """Have a token with all scopes in the cluster."""
    made = ApiToken(digest_of(SECRET), "test", ("admin",), "me", int(NOON))
    apply(network.server.world, ApiTokenMade(made))
    await network.server.world.settle()


async def settled(*networks: NodeNetwork) -> None:
    """Wait until all nodes have carried out the same."""
    for network in networks:
        await network.server.world.settle()
    await trio.testing.wait_all_tasks_blocked()


async def test_a_token_is_one_of_all_nodes(mock_clock: MockClock) -> None:
    """Made at one of them, it is valid at the other, and revoked there it is at both."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        await have_token(one)
        await settled(one, other)
        status, made = await ask(
            other, "POST", "/tokens", {"name": "ci", "scopes": ["server:read"]}
        )
        assert status == 201
        await settled(other, one)
        status, server = await ask(one, "GET", "/server", secret=made["secret"])
        assert status == 200
        assert [node["name"] for node in server["nodes"]] == ["n1", "n2"]
        assert (await ask(one, "DELETE", "/tokens/ci"))[0] == 204
        await settled(one, other)
        assert (await ask(other, "GET", "/server", secret=made["secret"]))[0] == 401


async def test_a_user_of_another_node_is_disconnected(mock_clock: MockClock) -> None:
    """All nodes carry it out, and have it in their audit logs."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        seen: dict[str, list[Change]] = {"n1": [], "n2": []}
        for network in (one, other):
            network.server.world.observers.append(seen[network.node.name].append)
        await have_token(one)
        bob = await other.register("bob", "#a")
        ann = await one.register("ann", "#a")
        await settled(one, other)
        _, users = await ask(one, "GET", "/sessions")
        assert [user["nickname"] for user in users["items"]] == ["ann", "bob"]
        assert (await ask(one, "DELETE", "/sessions/bob?reason=spam"))[0] == 204
        assert (await ann.until("QUIT"))[-1].params == ("Killed (spam)",)
        assert (await bob.until("ERROR"))[-1].command == "ERROR"
        await settled(other)
        for changes in seen.values():
            (audited,) = [change for change in changes if isinstance(change, Audited)]
            assert audited.text.startswith("KILL bob!")
            assert audited.actor == "token test"


async def test_a_message_to_two_nodes_with_one_key_is_one(mock_clock: MockClock) -> None:
    """A program that gets no answer from one node may come to another one."""
    log, here, there = MemoryLog(), NodeDatabase(), NodeDatabase()
    async with (
        cluster_node(log, "n1", here) as one,
        cluster_node(log, "n2", there) as other,
    ):
        await one.register("ann", "#lobby")
        await have_token(one)
        await settled(one, other)
        path, body = "/channels/lobby/messages", {"text": "hello"}
        sent = [await ask(each, "POST", path, body, key="1") for each in (one, other)]
        assert [status for status, _ in sent] == [201, 201]
        assert sent[0] == sent[1]
        assert len(here.said) == len(there.said) == 1


async def test_a_cluster_without_its_engine_changes_nothing(mock_clock: MockClock) -> None:
    """The program learns that it has to come again."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one:
        await have_token(one)
        log.is_away = True
        decided: list[Change] = []
        decide = one.server.world.decider
        assert decide is not None

        def note(change: Change) -> DecidedEvents | None:
            decided.append(change)
            return decide(change)

        one.server.world.decider = note
        for _ in range(5):
            assert (await ask(one, "GET", "/caller"))[0] == 200
        assert len(decided) <= 1  # the last use of the token
        status, problem = await ask(one, "DELETE", "/tokens/test")
        assert status == 503
        assert problem["title"] == "Service Unavailable"


async def test_bans_and_filters_are_those_of_all_nodes(mock_clock: MockClock) -> None:
    """Set at one node, they are lifted at the other."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        await have_token(one)
        bob = await other.register("bob", "#a")
        await settled(one, other)
        status, made = await ask(one, "POST", "/bans", {"mask": "bob!*@*", "reason": "spam"})
        assert (status, made["users"]) == (201, ["bob"])
        assert (await bob.until("ERROR"))[-1].command == "ERROR"
        assert (await ask(one, "PUT", "/raid", {"seconds": 60}))[1]["is_on"]
        body = {"action": "hold", "pattern": "spam"}
        assert (await ask(one, "POST", "/filters", body))[0] == 201
        await settled(one, other)
        assert (await ask(other, "GET", "/raid"))[1]["set_by"] == "token test"
        for path in ("/bans/bob%21%2A@%2A", "/filters?pattern=spam", "/raid"):
            assert (await ask(other, "DELETE", path))[0] == 204
        await settled(other, one)
        for path in ("/bans", "/filters"):
            assert (await ask(one, "GET", path))[1]["items"] == []


async def test_a_message_is_deleted_on_all_nodes(mock_clock: MockClock) -> None:
    """No user deletes it, and each node stores that."""
    log, here, there = MemoryLog(), NodeDatabase(), NodeDatabase()
    async with (
        cluster_node(log, "n1", here) as one,
        cluster_node(log, "n2", there) as other,
    ):
        await have_token(one)
        await one.register("ann", "#a")
        _, sent = await ask(one, "POST", "/channels/a/messages", {"text": "wrong"})
        await settled(one, other)
        assert len(here.said) == len(there.said) == 1
        path = f"/history/a/{sent['id']}"
        assert (await ask(other, "DELETE", path))[0] == 204
        await settled(other, one)
        assert here.said == there.said == []
        assert (await ask(one, "DELETE", path))[0] == 404


async def test_a_report_is_closed_at_another_node(mock_clock: MockClock) -> None:
    """A token is no user of any node."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        await have_token(one)
        await one.register("ann", "#a")
        report = Report(0, int(NOON), "bob", 0, "bob", 1, "rude")
        apply(one.server.world, MessageReported("#a", report, "eve: x"))
        await settled(one, other)
        assert len((await ask(other, "GET", "/reports"))[1]["items"]) == 1
        assert (await ask(other, "DELETE", "/reports/a/1"))[0] == 204
        await settled(other, one)
        assert (await ask(one, "GET", "/reports"))[1]["items"] == []


async def test_a_channel_is_changed_from_another_node(mock_clock: MockClock) -> None:
    """What is decided about a member that has left when the log carries it out changes nothing."""
    log = MemoryLog()
    async with cluster_node(log, "n1") as one, cluster_node(log, "n2") as other:
        await have_token(one)
        ann = await one.register("ann", "#a")
        await one.register("bob", "#a")
        await settled(one, other)
        assert (await ask(other, "PUT", "/channels/a/topic", {"text": "news"}))[0] == 200
        assert (await ann.until("TOPIC"))[-1].params == ("#a", "news")
        body = {"modes": "+v", "params": ["bob"]}
        assert (await ask(other, "POST", "/channels/a/modes", body))[0] == 200
        assert (await ann.until("MODE"))[-1].params == ("#a", "+v", "bob")
        kick = MemberKicked("bob", "#a", "flooding", "")
        for change in (kick, kick, ModesChanged("#a", (ModeSet(False, "v", "bob"),), "")):
            apply(other.server.world, change)
        assert (await ask(other, "POST", "/announcements", {"text": "hello"}))[0] == 204
        shown = await ann.until("NOTICE")
        assert [each.command for each in shown if each.command in ("KICK", "MODE")] == ["KICK"]
        await settled(one, other)
