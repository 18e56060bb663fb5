"""Live resources of the HTTP API: users, channels, messages, the server and its numbers."""

import json
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from api_fakes import SECRET, ApiEnd, api
from edge import End
from http_fakes import LOCAL
from storage_fakes import ListHistory, OpenAccounts
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import ApiTokenRemoved, ChannelRegistered, OperatorAppointed
from trio_chat.chat.history import HistoryError, Record
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.rights import RIGHTS
from trio_chat.server.api.metrics import MOST_STREAMS


class Faulty(ListHistory):
    """A history that fails as long as it is told to."""

    is_failing = False

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Store records."""
        if self.is_failing:
            raise HistoryError("the disk is full")
        await super().commit(records)


class Endless(ListHistory):
    """A history whose commit does not end, once it is told so."""

    is_endless = False

    async def commit(self, records: Sequence[Record], state: ChangeSet | None = None) -> None:
        """Store records."""
        if self.is_endless:
            await trio.sleep_forever()
        await super().commit(records)


# Users


async def test_who_is_here() -> None:
    """With the addresses of their connections, and their channels."""
    async with api() as town:
        await town.person("bob", "#a")
        await town.person("ann")
        page = await town.get("/sessions")
        assert [user["nickname"] for user in page["items"]] == ["ann", "bob"]
        bob = page["items"][1]
        assert bob["channels"] == ["#a"]
        assert bob["connections"][0]["address"] == "192.0.2.9"
        assert bob["since"].endswith("Z")
        assert page["next"] is None


async def test_pages_of_a_list() -> None:
    """Each item is in one page, also when an earlier one ends in between."""
    async with api() as town:
        for name in ("a", "b", "c", "d", "e"):
            await town.person(f"user_{name}")
        first = await town.get("/sessions?limit=2")
        assert (await town.ask("DELETE", "/sessions/user_a")).status == 204
        second = await town.get(f"/sessions?limit=2&after={first['next']}")
        third = await town.get(f"/sessions?limit=2&after={second['next']}")
        pages = [first, second, third]
        names = [user["nickname"][-1] for page in pages for user in page["items"]]
        assert names == ["a", "b", "c", "d", "e"]
        assert third["next"] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [("words=AN", ["ann"]), ("address=192.0.2.9", ["ann", "bob"]), ("account=x", [])],
)
async def test_users_that_are_looked_for(query: str, names: list[str]) -> None:
    """By a part of the name, by an address, or by an account."""
    async with api() as town:
        await town.person("ann")
        await town.person("bob")
        page = await town.get(f"/sessions?{query}")
        assert [user["nickname"] for user in page["items"]] == names


async def test_a_user_is_disconnected() -> None:
    """The user and the others see why; the audit log has it."""
    async with api() as town:
        ann, bob = await town.person("ann", "#a"), await town.person("bob", "#a")
        answer = await town.ask("DELETE", "/sessions/BOB?reason=flooding%20the%20lobby")
        assert answer.status == 204
        assert (await ann.until("QUIT")).params == ("Killed (flooding the lobby)",)
        assert b"flooding the lobby" in await bob.rest()
        assert (await town.ask("DELETE", "/sessions/bob")).status == 404


async def test_addresses_are_for_those_that_may_see_them() -> None:
    """An operator without that right gets users without addresses, and finds none by them."""
    async with api() as town:
        _, token = await _operator(town, {"kill"})
        (user,) = (await town.get("/sessions", token))["items"]
        assert user["connections"][0]["address"] is None
        assert user["operator"] == "root"
        problem = await town.refusal(403, "GET", "/sessions?address=192.0.2.9", token=token)
        assert problem["field"] == "address"


# Operators


async def _operator(town: ApiEnd, rights: set[str]) -> tuple[End, str]:
    """Return an operator with rights, and its token."""
    end = await town.person("ann")
    apply(town.world, OperatorAppointed("ann", Operator(name="root", rights=frozenset(rights))))
    await end.send(b"APITOKEN\r\n")
    note = await end.until("NOTE")
    assert note.params[:2] == ("APITOKEN", "600")
    return end, note.params[2]


async def test_an_operator_has_the_scopes_of_its_rights() -> None:
    """One with all rights has all scopes."""
    async with api() as town:
        _, token = await _operator(town, set(RIGHTS))
        caller = await town.get("/caller", token)
        assert caller["scopes"] == ["admin"]
        assert caller["actor"] == "operator root, ann!ann@192.0.2.9"


async def test_other_rights_are_other_scopes() -> None:
    """The right of KILL is not that of bans."""
    async with api() as town:
        _, token = await _operator(town, {"kill"})
        assert (await town.ask("GET", "/sessions", token=token)).status == 200
        assert (await town.ask("GET", "/channels", token=token)).status == 403


async def test_the_token_ends_with_the_session() -> None:
    """It is a secret of that session."""
    async with api() as town:
        end, token = await _operator(town, set(RIGHTS))
        await end.send(b"QUIT\r\n")
        await end.rest()
        assert (await town.ask("GET", "/caller", token=token)).status == 401


async def test_the_token_ends_with_the_rights() -> None:
    """MODE -o gives them up."""
    async with api() as town:
        end, token = await _operator(town, set(RIGHTS))
        await end.send(b"MODE ann -o\r\n")
        await end.until("MODE")
        assert (await town.ask("GET", "/caller", token=token)).status == 401


async def test_the_token_ends_after_ten_minutes(autojump_clock: MockClock) -> None:
    """The page asks for another one before that."""
    async with api() as town:
        user = next(iter(town.world.users.values()), None)
        assert user is None
        _, token = await _operator(town, set(RIGHTS))
        assert (await town.ask("GET", "/caller", token=token)).status == 200
        autojump_clock.jump(600)
        assert (await town.ask("GET", "/caller", token=token)).status == 401


async def test_the_token_is_for_where_the_operator_may_be() -> None:
    """A block of config.ini may name a network; the address of the session itself is right, too."""
    async with api() as town:
        end = await town.person("ann")
        for network, status in (("192.0.2.0/24", 401), ("127.0.0.0/8", 200)):
            apply(town.world, OperatorAppointed("ann", Operator(name="root", host=network)))
            await end.send(b"APITOKEN\r\n")
            token = (await end.until("NOTE")).params[2]
            assert (await town.ask("GET", "/caller", token=token)).status == status


async def test_no_operator_gets_no_token() -> None:
    """APITOKEN is refused to others."""
    async with api() as town:
        end = await town.person("ann")
        await end.send(b"APITOKEN\r\n")
        assert (await end.until("481")).params[0] == "ann"


# Channels


async def test_channels() -> None:
    """With the number of their members, topic and modes; secret ones, too."""
    async with api() as town:
        ann = await town.person("ann", "#a")
        await ann.send(b"TOPIC #a :Everything\r\nMODE #a +sk key\r\n")
        await ann.until("MODE")
        page = await town.get("/channels")
        assert [each["name"] for each in page["items"]] == ["#a", "#lobby"]
        first = page["items"][0]
        assert (first["members"], first["topic"]["text"]) == (1, "Everything")
        assert first["modes"] == "+nstk"
        assert first["has_key"]
        assert "key" not in json.dumps(first).replace("has_key", "")
        members = await town.get("/channels/%23a/members")
        assert members["items"][0]["ranks"] == ["op"]
        assert (await town.get("/channels/a"))["name"] == "#a"


async def _registered(town: ApiEnd, accounts: OpenAccounts) -> None:
    accounts.add("anna", "secret")
    accounts.add("bert", "secret")
    end = await town.person("ann", "#a")
    await end.send(b"NICKSERV IDENTIFY anna secret\r\n")
    await end.until("900")
    apply(town.world, ChannelRegistered("#a", "ann"))


async def test_a_registered_channel_gets_another_founder() -> None:
    """As ChanServ TRANSFER does; the answer has the channel as it is now."""
    accounts = OpenAccounts()
    memory = StoragePorts(history=ListHistory(), accounts=accounts)
    async with api(memory=memory) as town:
        await _registered(town, accounts)
        change = {"founder": "bert", "history": "30"}
        answer = await town.ask("PATCH", "/channels/a/registration", change)
        assert answer.status == 200, answer.text
        registration = json.loads(answer.text)["registration"]
        assert (registration["founder"], registration["history_days"]) == ("bert", 30)
        await town.ask("PUT", "/channels/a/access/anna", {"rank": "op"})
        registration = (await town.get("/channels/a"))["registration"]
        assert registration["access"] == [{"account": "anna", "rank": "op"}]
        assert (await town.ask("DELETE", "/channels/a/access/anna")).status == 204
        assert (await town.ask("DELETE", "/channels/a/registration")).status == 204
        assert (await town.get("/channels/a"))["registration"] is None
        assert (await town.ask("DELETE", "/channels/a/registration")).status == 409


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({}, 400, None),
        ({"founder": "nobody"}, 404, "founder"),
        ({"history": "0"}, 400, "history"),
        ({"history": "٣"}, 400, "history"),
        ({"history": 3}, 400, "history"),
        ({"owner": "bert"}, 400, "owner"),
    ],
)
async def test_what_cannot_be_changed(
    change: dict[str, object], status: int, field: str | None
) -> None:
    """The answer names the field."""
    accounts = OpenAccounts()
    memory = StoragePorts(history=ListHistory(), accounts=accounts)
    async with api(memory=memory) as town:
        await _registered(town, accounts)
        problem = await town.refusal(status, "PATCH", "/channels/a/registration", change)
        assert problem.get("field") == field


# Messages


async def test_a_message_is_sent() -> None:
    """Members see it under the name of the token, with its label."""
    async with api() as town:
        ann = await town.person("ann", "#lobby")
        answer = await town.ask("POST", "/channels/lobby/messages", {"text": "it is\ndone"})
        assert answer.status == 201
        sent = json.loads(answer.text)
        assert (sent["channel"], sent["name"]) == ("#lobby", "test0/api")
        message = await ann.until("PRIVMSG")
        assert message.source == "test0/api!api@chat.local"


async def test_a_repeat_with_the_same_key_is_the_same_message() -> None:
    """A program that got no answer may send it again."""
    history = ListHistory()
    async with api(memory=StoragePorts(history=history)) as town:
        request = ("POST", "/channels/lobby/messages", {"text": "once"}, "Idempotency-Key: k1")
        answers = [await town.ask(*request) for _ in range(3)]
        assert [answer.status for answer in answers] == [201] * 3
        assert len({answer.text for answer in answers}) == 1
        assert [record.text for record in history.said] == ["once"]
        other = town.token("tca_other", "messages:write")
        await town.ask(*request, token=other)
        assert len(history.said) == 2  # the key of another token is another key


async def test_a_message_that_cannot_be_stored_is_not_confirmed() -> None:
    """Nobody has seen it, either."""
    history = Faulty()
    async with api(memory=StoragePorts(history=history)) as town:
        history.is_failing = True
        answer = await town.ask("POST", "/channels/lobby/messages", {"text": "lost"})
        assert answer.status == 503
        assert answer.headers["retry-after"] == "30"


async def test_a_change_that_cannot_be_stored_is_not_confirmed() -> None:
    """The answer says that it is in effect nevertheless."""
    history = Faulty()
    async with api(memory=StoragePorts(history=history)) as town:
        history.is_failing = True
        wanted = {"name": "ci", "scopes": ["server:read"]}
        problem = await town.refusal(503, "POST", "/tokens", wanted)
        assert "in effect" in problem["detail"]


async def test_a_change_whose_commit_does_not_end(autojump_clock: MockClock) -> None:
    """The program does not wait for ever, and is not answered that all is well."""
    history = Endless()
    async with api(memory=StoragePorts(history=history)) as town:
        history.is_endless = True
        wanted = {"name": "ci", "scopes": ["server:read"]}
        problem = await town.refusal(503, "POST", "/tokens", wanted)
        assert "not stored yet" in problem["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "\x02\x02 "}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "x", "name": "a\r\nQUIT"}, "name"),
        ({"text": "x", "reply_to": "a b"}, "reply_to"),
        ({"text": ["x"]}, "text"),
    ],
)
async def test_what_is_no_message(body: dict[str, object], field: str) -> None:
    """Nothing of it reaches the channel as another line."""
    async with api() as town:
        problem = await town.refusal(400, "POST", "/channels/lobby/messages", body)
        assert problem["field"] == field


# The server


async def test_the_server() -> None:
    """Version, limits and the message of the day."""
    async with api() as town:
        server = await town.get("/server")
        assert server["name"] == "chat.local"
        assert server["limits"]["nickname"] == 32
        assert server["nodes"] == []


async def test_numbers() -> None:
    """They have the names that they have for Prometheus."""
    async with api() as town:
        await town.person("ann")
        numbers = await town.get("/metrics")
        assert numbers["values"]["users"] == 1
        assert numbers["cluster"] is None


async def _stream(town: ApiEnd) -> trio.abc.Stream:
    """Return a connection on which a stream of numbers has begun."""
    stream = town.here.stream(host=LOCAL)
    await stream.send_all(
        b"GET /api/v1/metrics/live HTTP/1.1\r\nHost: example.org\r\n"
        b"Authorization: Bearer " + SECRET.encode() + b"\r\n\r\n"
    )
    received = b""
    while b"event: metrics" not in received:
        received += await stream.receive_some()
    assert b"text/event-stream" in received
    return stream


async def test_live_numbers(autojump_clock: MockClock) -> None:
    """They come every two seconds, until the token is revoked."""
    async with api() as town:
        stream = await _stream(town)
        received = b""
        while received.count(b"event: metrics") < 3:
            received += await stream.receive_some()
        (token,) = town.world.api_tokens
        apply(town.world, ApiTokenRemoved(token.digest))
        while data := await stream.receive_some():
            received += data
            if data.endswith(b"0\r\n\r\n"):
                break
        assert received.endswith(b"0\r\n\r\n")


async def test_streams_are_bounded(autojump_clock: MockClock) -> None:
    """One that ends makes room for another one."""
    async with api() as town:
        streams = [await _stream(town) for _ in range(MOST_STREAMS)]
        assert (await town.ask("GET", "/metrics/live")).status == 429
        await streams[0].aclose()
        await trio.sleep(3)
        await _stream(town)
