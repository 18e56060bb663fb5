"""The HTTP API: bans, webhooks, invitations, devices, reports and held messages."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import trio

from api_fakes import ApiEnd, api
from http_fakes import LOCAL
from push_fakes import DeviceFake
from storage_fakes import ListHistory, OpenAccounts
from support import NOON
from trio_chat.chat.accounts import Account
from trio_chat.chat.apply import apply
from trio_chat.chat.bans import BanKind
from trio_chat.chat.changes import (
    AccountChanged,
    ChannelRegistered,
    MessageHeld,
    MessageReported,
    PushSubscribed,
    ReportedToServer,
    ServerMessageHeld,
)
from trio_chat.chat.hooks import digest_of
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation.server import Reporter, ServerHeldMessage, ServerReport
from trio_chat.chat.moderation.state import HeldMessage, Report
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings, Settings

HOSTILE = ("%2e%2e", "a%2Fb", "%00", "x'; DROP TABLE ban; --", "%ff", "\u202e", "%F0%9F%98%80" * 60)
"""Names in paths that are no names: traversal, control characters, SQL, no UTF-8, long ones."""


@pytest.fixture
async def town() -> AsyncIterator[ApiEnd]:
    """Return a server with the account Ann, and a registered channel #a of hers."""
    accounts = OpenAccounts()
    accounts.note(Account("Ann", "ann", int(NOON), 1))
    memory = StoragePorts(history=ListHistory(), accounts=accounts)
    async with api(Settings(limits=LimitSettings(server_bans=3)), memory) as end:
        await end.person("bob", "#a")
        (session,) = end.world.users["bob"].sessions
        apply(end.world, AccountChanged(session.id, accounts.by_id[1]))
        apply(end.world, ChannelRegistered("#a", "bob"))
        yield end


async def added(town: ApiEnd, path: str, body: Any) -> Any:
    """Return what a POST makes."""
    answer = await town.ask("POST", path, body)
    assert answer.status == 201, answer.text
    return json.loads(answer.text)


async def items(town: ApiEnd, path: str) -> list[Any]:
    """Return the items of a list."""
    found: list[Any] = (await town.get(path))["items"]
    return found


async def test_a_ban_ends_what_it_covers(town: ApiEnd) -> None:
    """The answer says what that was."""
    body = {"mask": "bob!*@*", "reason": "spam", "seconds": 3600}
    made = await added(town, "/bans", body)
    assert made["users"] == ["bob"]
    assert made["ban"]["set_by"] == "token test0"
    shown = await items(town, "/bans")
    assert [(ban["mask"], ban["kind"], ban["reason"]) for ban in shown] == [
        ("bob!*@*", "mask", "spam")
    ]
    assert shown[0]["expires"].endswith("T09:00:00.000Z")


async def test_each_kind_of_ban(town: ApiEnd) -> None:
    """Addresses, networks and accounts; a / in a path is percent-encoded."""
    await added(town, "/bans", {"mask": "198.51.100.0/24"})
    await added(town, "/bans", {"mask": "ann", "kind": "account"})
    assert [ban["mask"] for ban in await items(town, "/bans?kind=account")] == ["Ann"]
    assert town.world.bans.of_account(1) is not None
    for mask in ("198.51.100.0%2F24", "ANN"):
        assert (await town.ask("DELETE", f"/bans/{mask}")).status == 204
    assert await items(town, "/bans") == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"mask": "*!*@*"}),
        (400, {"mask": "10.0.0.0/1"}),
        (400, {"mask": "192.0.2.1", "kind": "mask"}),
        (400, {"mask": "192.0.2.1", "seconds": -1}),
        (400, {"mask": "192.0.2.1", "seconds": 10**12}),
        (400, {"mask": "192.0.2.1", "reason": "a\r\nQUIT"}),
        (400, {"mask": "192.0.2.1", "colour": "red"}),
        (404, {"mask": "nobody", "kind": "account"}),
    ],
)
async def test_a_ban_that_is_refused(town: ApiEnd, status: int, body: dict[str, Any]) -> None:
    """Nothing is banned."""
    await town.refusal(status, "POST", "/bans", body)
    assert len(town.world.bans) == 0


@pytest.mark.parametrize("mask", [LOCAL, "127.0.0.0/8"])
async def test_a_caller_does_not_ban_its_own_address(town: ApiEnd, mask: str) -> None:
    """It could not lift the ban: the server would refuse each of its connections."""
    await town.refusal(409, "POST", "/bans", {"mask": mask})
    assert len(town.world.bans) == 0


async def test_too_many_bans(town: ApiEnd) -> None:
    """The bound is that of the chat."""
    for number in range(3):
        await added(town, "/bans", {"mask": f"192.0.2.{number + 20}"})
    await town.refusal(409, "POST", "/bans", {"mask": "192.0.2.99"})


async def test_two_requests_lift_one_ban(town: ApiEnd) -> None:
    """The second one finds nothing."""
    await added(town, "/bans", {"mask": "192.0.2.77"})
    statuses = list[int]()

    async def lift() -> None:
        statuses.append((await town.ask("DELETE", "/bans/192.0.2.77")).status)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lift)
        nursery.start_soon(lift)
    assert statuses.count(204) >= 1
    assert set(statuses) <= {204, 404}
    await town.refusal(404, "DELETE", "/bans/192.0.2.77")


async def test_bans_are_searched_as_text(town: ApiEnd) -> None:
    """Wildcards and quotes stand for themselves."""
    await added(town, "/bans", {"mask": "192.0.2.77", "reason": "50%_'off"})
    wanted = quote("%_'")
    assert len(await items(town, f"/bans?words={wanted}")) == 1
    assert await items(town, "/bans?words=%2A") == []


@pytest.mark.parametrize(
    "path",
    ["/bans", "/hooks", "/invitations", "/devices", "/reports", "/held-messages"],
)
async def test_lists_are_pages(town: ApiEnd, path: str) -> None:
    """A page that is too large, and a cursor that is none, are refused."""
    assert await town.get(f"{path}?limit=1") == {"items": [], "next": None}
    await town.refusal(400, "GET", f"{path}?limit=1000000")
    await town.refusal(400, "GET", f"{path}?after=%27")
    await town.refusal(400, "GET", f"{path}?colour=red")


@pytest.mark.parametrize("path", ["/bans", "/hooks", "/invitations", "/devices", "/reports/%23a"])
@pytest.mark.parametrize("name", range(len(HOSTILE)))
async def test_hostile_names(town: ApiEnd, path: str, name: int) -> None:
    """There is no such thing, and nothing is changed."""
    answer = await town.ask("DELETE", f"{path}/{quote(HOSTILE[name], safe='%')}")
    assert answer.status in (400, 404, 405), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "request_line",
    [
        ("GET", "/bans", None),
        ("POST", "/bans", {"mask": "192.0.2.1"}),
        ("DELETE", "/bans/192.0.2.1", None),
        ("POST", "/hooks", {"channel": "#a", "name": "ci"}),
        ("POST", "/invitations", {"channel": "#a"}),
        ("DELETE", "/devices/x", None),
        ("DELETE", "/reports/%23a/1", None),
        ("POST", "/held-messages/%23a/1/release", None),
    ],
    ids=str,
)
async def test_another_scope(town: ApiEnd, request_line: tuple[str, str, Any]) -> None:
    """Reading one resource allows neither another one nor writing."""
    other = town.token("tca_other", "hooks:read", "tokens:write", "audit:read")
    await town.refusal(403, *request_line, token=other)


async def test_an_incoming_webhook(town: ApiEnd) -> None:
    """Its address is shown once, and its secret nowhere else."""
    made = await added(town, "/hooks", {"channel": "#a", "name": "ci"})
    secret = made["address"].rpartition("/")[2]
    assert town.world.hooks.get(digest_of(secret)) is not None
    (shown,) = await items(town, "/hooks?channel=%23A")
    assert (shown["channel"], shown["name"], shown["direction"]) == ("#a", "ci", "in")
    assert secret not in json.dumps(shown)
    assert (await town.ask("DELETE", f"/hooks/{shown['id']}")).status == 204
    await town.refusal(404, "DELETE", f"/hooks/{shown['id']}")
    assert len(list(town.world.hooks)) == 0


async def test_a_webhook_that_leads_back(town: ApiEnd) -> None:
    """Into its own channel it is refused."""
    made = await added(town, "/hooks", {"channel": "#a", "name": "in"})
    url = f"https://chat.example{made['address'][made['address'].index('/hooks') :]}"
    body = {"channel": "#a", "name": "out", "url": url}
    assert (await town.refusal(400, "POST", "/hooks", body))["field"] == "url"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {"name": "a b"}),
        ("signing", {"signing": "a b"}),
        ("url", {"url": "ftp://a.example/"}),
        ("url", {"url": "https://a.example/ö"}),
        ("url", {"events": ["message"]}),
        ("events", {"url": "https://a.example/", "events": ["nothing"]}),
    ],
)
async def test_the_field_of_a_webhook_that_is_wrong(
    town: ApiEnd, field: str, body: dict[str, Any]
) -> None:
    """The problem names it, as a program looks at that and not at the text."""
    body = {"channel": "#a", "name": "out", **body}
    assert (await town.refusal(400, "POST", "/hooks", body))["field"] == field


async def test_an_outgoing_webhook(town: ApiEnd) -> None:
    """Of its URL only the host is shown, as the path may be a secret."""
    url = "https://example.org/services/T0/SECRET"
    made = await added(town, "/hooks", {"channel": "#a", "name": "out", "url": url})
    assert made["address"] == ""
    assert made["signing"].startswith("whsec_")
    shown = (await town.ask("GET", "/hooks/out")).text
    assert json.loads(shown)["host"] == "example.org"
    assert "SECRET" not in shown
    assert made["signing"] not in shown


async def test_an_incoming_webhook_is_not_disabled(town: ApiEnd) -> None:
    """It would be shown as disabled, and take messages all the same."""
    await added(town, "/hooks", {"channel": "#a", "name": "in"})
    await town.refusal(409, "PATCH", "/hooks/in", {"is_enabled": False})
    assert json.loads((await town.ask("GET", "/hooks/in")).text)["is_enabled"]


async def test_a_disabled_webhook_goes_on(town: ApiEnd) -> None:
    """From where it was."""
    url = "https://example.org/in"
    await added(town, "/hooks", {"channel": "#a", "name": "out", "url": url})
    for wanted in (False, True):
        answer = await town.ask("PATCH", "/hooks/out", {"is_enabled": wanted})
        assert json.loads(answer.text)["is_enabled"] is wanted


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"channel": "#none", "name": "ci"}),
        (400, {"channel": "#a", "name": "NickServ"}),
        (400, {"channel": "#a", "name": "a b"}),
        (400, {"channel": "#a", "name": "ci", "url": "file:///etc/passwd"}),
        (400, {"channel": "#a", "name": "ci", "url": "https://u:p@example.org/"}),
        (400, {"channel": "#a", "name": "ci", "events": ["message"]}),
        (400, {"channel": "#a", "name": "ci", "digest": "0"}),
    ],
    ids=str,
)
async def test_a_webhook_that_is_refused(town: ApiEnd, status: int, body: dict[str, Any]) -> None:
    """Nothing is made."""
    await town.refusal(status, "POST", "/hooks", body)
    assert list(town.world.hooks) == []


async def test_an_invitation(town: ApiEnd) -> None:
    """Its token is shown once, and lets in."""
    made = await added(town, "/invitations", {"channel": "a", "uses": 0, "seconds": 0})
    assert town.world.invitations.find(town.world.channels["#a"].founded, made["token"])
    (shown,) = await items(town, "/invitations")
    assert (shown["channel"], shown["uses"], shown["expires"]) == ("#a", None, None)
    assert made["token"] not in json.dumps(shown)
    assert (await town.ask("DELETE", f"/invitations/{shown['id']}")).status == 204
    await town.refusal(404, "DELETE", f"/invitations/{shown['id']}")


async def test_an_invitation_that_is_refused(town: ApiEnd) -> None:
    """For an account where none is needed, for a channel that is not registered, for too many."""
    await town.refusal(409, "POST", "/invitations", {})
    await town.refusal(404, "POST", "/invitations", {"channel": "#none"})
    await town.refusal(400, "POST", "/invitations", {"channel": "#a", "uses": 1001})


async def test_a_device_is_removed_without_its_secrets_being_shown(town: ApiEnd) -> None:
    """The endpoint is one, too."""
    device = DeviceFake("https://push.example.org/SECRET")
    subscription = PushSubscription(device.endpoint, b"key", b"auth", 0, NOON, NOON)
    apply(town.world, PushSubscribed(1, subscription, 5))
    text = (await town.ask("GET", "/devices?account=ANN")).text
    (shown,) = json.loads(text)["items"]
    assert (shown["account"], shown["push_service"]) == ("Ann", "push.example.org")
    assert "SECRET" not in text
    assert (await town.ask("DELETE", f"/devices/{shown['id']}")).status == 204
    await town.refusal(404, "DELETE", f"/devices/{shown['id']}")
    await town.refusal(404, "GET", "/devices?account=nobody")


async def test_a_report_is_closed(town: ApiEnd) -> None:
    """The list has the message, as long as there is one."""
    report = Report(0, int(NOON), "bob", 0, "bob", 12345, "rude")
    apply(town.world, MessageReported("#a", report, "eve: x"))
    (shown,) = await items(town, "/reports")
    assert (shown["channel"], shown["by"], shown["reason"]) == ("#a", "bob", "rude")
    assert shown["text"] is None
    assert (await town.ask("DELETE", "/reports/%23a/1")).status == 204
    await town.refusal(404, "DELETE", "/reports/%23a/1")
    assert await items(town, "/reports") == []


async def test_held_messages_are_released_and_dropped(town: ApiEnd) -> None:
    """A released one is delivered and stored, a dropped one is not."""
    for text in ("good", "bad"):
        held = HeldMessage(0, int(NOON), "eve!e@h", 0, "eve", "PRIVMSG", text, (), "*")
        apply(town.world, MessageHeld("#a", held))
    assert [each["text"] for each in await items(town, "/held-messages?channel=a")] == [
        "good",
        "bad",
    ]
    assert (await town.ask("POST", "/held-messages/%23a/1/release")).status == 204
    assert (await town.ask("DELETE", "/held-messages/%23a/2")).status == 204
    await town.refusal(404, "POST", "/held-messages/%23a/2/release")
    storage = town.world.storage
    assert storage is not None
    assert isinstance(storage.history, ListHistory)
    assert [record.text for record in storage.history.said] == ["good"]


async def test_a_channel_of_two_signs_is_found_without_one(town: ApiEnd) -> None:
    """Where no channel has the name as it stands, and nothing is changed."""
    await town.person("zoe", "##x")
    for number in (1, 2):
        report = Report(0, int(NOON), "bob", 0, "bob", 12345 + number, "rude")
        apply(town.world, MessageReported("##x", report, "eve: x"))
    assert len(await items(town, "/reports?channel=%23x")) == 2
    await town.refusal(404, "DELETE", "/reports/%23x/1")
    assert (await town.ask("DELETE", "/reports/%23%23x/1")).status == 204
    await town.person("max", "#x")
    assert await items(town, "/reports?channel=%23x") == []


async def test_a_suspension_is_no_ban_of_a_mask(town: ApiEnd) -> None:
    """A nickname alone would be a mask of everybody with it."""
    await added(town, "/bans", {"mask": "Ann", "kind": "account"})
    (ban,) = town.world.bans
    assert ban.kind is BanKind.ACCOUNT


async def test_filters_of_the_server(town: ApiEnd) -> None:
    """One is added, listed and removed by its pattern."""
    body = {"action": "hold", "pattern": "Buy * now", "places": ["channels", "private"]}
    made = await added(town, "/filters", body)
    assert (made["pattern"], made["set_by"]) == ("buy * now", "token test0")
    assert await items(town, "/filters") == [made]
    path = f"/filters?pattern={quote('buy * now')}"
    assert (await town.ask("DELETE", path)).status == 204
    await town.refusal(404, "DELETE", path)
    await town.refusal(400, "DELETE", "/filters")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete", "pattern": "spam"},
        {"action": "hold", "pattern": ""},
        {"action": "hold", "pattern": "*"},
        {"action": "allow", "pattern": "spam"},
        {"action": "hold", "pattern": "spam", "places": ["everywhere"]},
        {"action": "hold", "pattern": "x" * 401},
        {"action": "hold", "pattern": "@topics spam"},
    ],
    ids=lambda body: str(body)[:50],
)
async def test_a_filter_that_is_refused(town: ApiEnd, body: dict[str, Any]) -> None:
    """Nothing is added, and the problem names the field."""
    problem = await town.refusal(400, "POST", "/filters", body)
    assert problem["field"] in body
    assert await items(town, "/filters") == []


async def test_raid_mode_of_the_server(town: ApiEnd) -> None:
    """It begins and ends."""
    assert (await town.get("/raid"))["is_on"] is False
    answer = await town.ask("PUT", "/raid", {"seconds": 60})
    assert json.loads(answer.text)["is_on"] is True
    assert (await town.get("/raid"))["set_by"] == "token test0"
    await town.refusal(400, "PUT", "/raid", {"seconds": 10**7})
    assert (await town.ask("DELETE", "/raid")).status == 204
    assert (await town.get("/raid"))["is_on"] is False


async def test_reports_to_the_server_are_resolved(town: ApiEnd) -> None:
    """The list has what they are about."""
    reporter = Reporter("bob", 0, "bob", "rude")
    report = ServerReport(0, int(NOON), "eve", "#a", "eve!e@h", 1, 5, "go away", (reporter,))
    apply(town.world, ReportedToServer(report))
    (shown,) = await items(town, "/server-reports")
    assert (shown["source"], shown["reporters"]) == ("eve!e@h", {"bob": "rude"})
    assert (shown["account"], shown["msgid"]) == ("Ann", msgid(5))
    path = f"/server-reports/{shown['number']}"
    assert await town.get(path) == shown
    await town.refusal(404, "GET", "/server-reports/99")
    assert (await town.ask("DELETE", f"{path}?note=thanks")).status == 204
    await town.refusal(404, "DELETE", path)
    await town.refusal(404, "DELETE", "/server-reports/*")


async def test_held_messages_of_the_server(town: ApiEnd) -> None:
    """One is delivered, another one dropped."""
    founded = town.world.channels["#a"].founded
    for text in ("good", "bad"):
        held = HeldMessage(0, int(NOON), "eve!e@h", 0, "eve", "PRIVMSG", text, (), "*")
        apply(town.world, ServerMessageHeld(ServerHeldMessage(founded, "#a", held)))
    first, second = await items(town, "/server-held-messages")
    path = "/server-held-messages"
    assert (await town.ask("POST", f"{path}/{first['number']}/release")).status == 204
    assert (await town.ask("DELETE", f"{path}/{second['number']}")).status == 204
    assert await items(town, path) == []
    await town.refusal(404, "POST", f"{path}/{first['number']}/release")


async def test_bans_are_no_moderation(town: ApiEnd) -> None:
    """A token for reports of channels does not change the filters of the server."""
    other = town.token("tca_other", "reports:write", "bans:write")
    await town.refusal(403, "PUT", "/raid", {"seconds": 60}, token=other)
    await town.refusal(403, "GET", "/filters", token=other)
