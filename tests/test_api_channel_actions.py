"""The HTTP API: what operators of the server do in any channel, to single connections, and to all
users.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from api_fakes import ApiEnd, api
from edge import End
from storage_fakes import ListHistory, OpenAccounts
from trio_chat.chat.channels import Topic
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.irc.rights import RIGHTS


@pytest.fixture
async def town() -> AsyncIterator[ApiEnd]:
    """Return a server with a token."""
    async with api(memory=StoragePorts(history=ListHistory(), accounts=OpenAccounts())) as end:
        yield end


@pytest.fixture
async def ann(town: ApiEnd) -> End:
    """Return the operator of #a."""
    return await town.person("ann", "#a")


@pytest.fixture
async def bob(town: ApiEnd, ann: End) -> End:
    """Return a member of #a."""
    return await town.person("bob", "#a")


async def operator_token(town: ApiEnd, end: End, nick: str, *rights: str) -> str:
    """Return the token of an operator."""
    user = town.world.users[nick]
    user.operator = Operator(name=nick, password="x", rights=frozenset(rights or RIGHTS))
    town.world.opers[user] = None
    await end.send(b"APITOKEN\r\n")
    while (note := await end.until("NOTE")).params[0] != "APITOKEN":
        pass
    return note.params[2]


async def test_an_operator_is_the_source_of_a_topic(town: ApiEnd, ann: End) -> None:
    """It need not be a member; a token of a program has the service of channels as its source."""
    root = await town.person("root")
    token = await operator_token(town, root, "root")
    answer = await town.ask("PUT", "/channels/a/topic", {"text": "news"}, token=token)
    assert answer.status == 200, answer.text
    topic = await ann.until("TOPIC")
    assert (topic.nick, topic.params) == ("root", ("#a", "news"))
    assert (await town.get("/channels/a"))["topic"]["set_by"].startswith("root!")
    assert (await town.ask("PUT", "/channels/a/topic", {"text": ""})).status == 200
    topic = await ann.until("TOPIC")
    assert (topic.nick, topic.params) == ("ChanServ", ("#a", ""))
    assert (await town.get("/channels/a"))["topic"] is None


async def test_a_member_is_removed(town: ApiEnd, ann: End, bob: End) -> None:
    """All members see the reason; who is not there cannot be removed."""
    assert (await town.ask("DELETE", "/channels/a/members/BOB?reason=flooding")).status == 204
    kick = await ann.until("KICK")
    assert (kick.nick, kick.params) == ("ChanServ", ("#a", "bob", "flooding"))
    await town.refusal(404, "DELETE", "/channels/a/members/bob")
    await town.refusal(404, "DELETE", "/channels/none/members/bob")


@pytest.mark.parametrize("name", ["\u0915\u094d\u200d\u0937", "a/b", "\u00fc", "a%2Fb"])
async def test_a_channel_of_any_script_can_be_named(town: ApiEnd, ann: End, name: str) -> None:
    """The joiners, which Hindi and Persian are written with, are in names of channels and users,
    though they are no printable characters.
    """
    await ann.send(f"JOIN #{name}\r\n".encode())
    await ann.until("366")
    assert (await town.get(f"/channels/{quote(name, safe='')}"))["name"] == f"#{name}"


async def test_the_lobby_of_a_cluster_has_no_time(town: ApiEnd, ann: End) -> None:
    """It is older than the first entry of the log, but not from 1970."""
    lobby = town.world.channels.lobby
    assert lobby is not None
    lobby.created, lobby.topic = 0, Topic("welcome", "chat", 0)
    shown = await town.get(f"/channels/{quote(lobby.name)}")
    assert (shown["created"], shown["topic"]["time"]) == (None, None)


async def test_no_channel_of_a_longer_name_is_changed(town: ApiEnd) -> None:
    """`#x` may be empty at the moment, and `##x` is another one; it is only read by that name."""
    await town.person("zoe", "##x")
    await town.refusal(404, "PUT", "/channels/%23x/topic", {"text": "news"})
    await town.refusal(404, "DELETE", "/channels/%23x/members/zoe")
    await town.refusal(404, "POST", "/channels/%23x/messages", {"text": "hello"})
    assert (await town.get("/channels/%23x"))["name"] == "##x"
    assert (await town.ask("PUT", "/channels/%23%23x/topic", {"text": "news"})).status == 200


async def test_modes_ranks_and_bans_are_changed(town: ApiEnd, ann: End, bob: End) -> None:
    """In one step, as by SAMODE, and the masks are listed."""
    body = {"modes": "+mb-o+v", "params": ["evil!*@*", "ann", "bob"]}
    answer = await town.ask("POST", "/channels/%23a/modes", body)
    assert answer.status == 200, answer.text
    mode = await bob.until("MODE")
    assert (mode.nick, mode.params[1:]) == ("ChanServ", ("+mb-o+v", "evil!*@*", "ann", "bob"))
    (ban,) = (await town.get("/channels/a/masks"))["items"]
    assert (ban["kind"], ban["mask"]) == ("ban", "evil!*@*")
    members = (await town.get("/channels/a/members"))["items"]
    assert {each["nickname"]: each["ranks"] for each in members} == {"ann": [], "bob": ["voice"]}


async def test_a_key_is_not_in_the_audit_log(
    town: ApiEnd, ann: End, caplog: pytest.LogCaptureFixture
) -> None:
    """Though its channel has it."""
    body = {"modes": "+k", "params": ["secret"]}
    assert (await town.ask("POST", "/channels/a/modes", body)).status == 200
    assert town.world.channels["#a"].key == "secret"
    assert "MODE #a +k *" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("modes", "params"),
    [
        ("+y", []),
        ("+", []),
        ("+o", []),
        ("+o", ["nobody"]),
        ("+o", ["eve"]),
        ("+b", []),
        ("+b", [""]),
        ("+l", ["many"]),
        ("+k", ["two words"]),
        ("+W", ["99999999"]),
        ("+f", ["#none"]),
        ("+P", []),
        ("+m", ["more"]),
        ("+mo", ["nobody"]),
        ("+" + "mi" * 20, []),
    ],
    ids=range(15),
)
async def test_a_refused_mode_changes_nothing(
    town: ApiEnd, ann: End, modes: str, params: list[str]
) -> None:
    """Neither do the others of the request."""
    await town.person("eve")
    before = await town.get("/channels/a")
    await town.refusal(400, "POST", "/channels/a/modes", {"modes": modes, "params": params})
    assert await town.get("/channels/a") == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/channels/a/topic", {"text": "a\r\nQUIT"}),
        ("/channels/a/topic", {"text": "x" * 1000}),
        ("/announcements", {"text": " \x02 "}),
        ("/announcements", {"text": "ж" * 200}),
        ("/announcements", {"text": "a\nb"}),
    ],
    ids=range(5),
)
async def test_a_text_that_no_line_holds_is_refused(
    town: ApiEnd, ann: End, path: str, body: object
) -> None:
    """With the field that is wrong."""
    method = "PUT" if path.endswith("topic") else "POST"
    assert (await town.refusal(400, method, path, body))["field"] == "text"


async def test_all_users_see_an_announcement(town: ApiEnd, ann: End, bob: End) -> None:
    """As a notice of the server, with the right `wallops`."""
    token = await operator_token(town, bob, "bob", "wallops")
    answer = await town.ask("POST", "/announcements", {"text": "Пора спать"}, token=token)
    assert answer.status == 204, answer.text
    notice = await ann.until("NOTICE")
    assert (notice.nick, notice.params) == (town.world.server_info.name, ("ann", "*** Пора спать"))
    await town.refusal(403, "PUT", "/channels/a/topic", {"text": "x"}, token=token)


async def test_a_reason_fits_into_a_line(town: ApiEnd, ann: End, bob: End) -> None:
    """It has 200 characters at most, but those of other scripts are of several bytes each."""
    answer = await town.ask("DELETE", f"/sessions/bob?reason={quote('茶' * 200)}")
    assert answer.status == 204
    quit_ = await ann.until("QUIT")
    assert quit_.params == (f"Killed ({'茶' * 66})",)
    assert max(map(len, (await bob.rest()).split(b"\r\n"))) <= 510


async def test_one_of_several_connections_is_ended(town: ApiEnd, ann: End, bob: End) -> None:
    """It is named by its id; that of another user is not found."""
    shown = await town.get("/sessions/bob")
    (other,) = (await town.get("/sessions/ann"))["connections"]
    await town.refusal(404, "DELETE", f"/sessions/bob/connections/{other['id']}")
    await town.refusal(404, "DELETE", f"/sessions/bob/connections/{quote('*')}")
    number = shown["connections"][0]["id"]
    answer = await town.ask("DELETE", f"/sessions/bob/connections/{number}?reason=old")
    assert answer.status == 204
    assert b"An operator of the server ended it: old" in await bob.rest()
