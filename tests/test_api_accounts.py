"""The HTTP API: accounts, their suspensions, passwords and app passwords."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from api_fakes import ApiEnd, api
from storage_fakes import ListHistory, OpenAccounts
from support import NOON
from trio_chat.chat.accounts import AccountsError
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import AccountChanged, MessageScheduled, SecondFactorSet
from trio_chat.chat.scheduled import ScheduledMessage
from trio_chat.chat.second_factors import SecondFactor
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import OperatorSettings, Settings

PASSWORD = "correct horse"


@pytest.fixture
async def town() -> AsyncIterator[ApiEnd]:
    """Return a server with the accounts Ann and Bob; Ann is logged in."""
    accounts = OpenAccounts()
    ann = accounts.add("Ann", PASSWORD)
    accounts.add("Bob", PASSWORD)
    memory = StoragePorts(history=ListHistory(), accounts=accounts)
    operators = (OperatorSettings(name="root", account="Bob"),)
    async with api(Settings(operators=operators), memory) as end:
        await end.person("guest")
        (session,) = end.world.users["guest"].sessions
        apply(end.world, AccountChanged(session.id, ann))
        yield end


def kept(town: ApiEnd) -> OpenAccounts:
    """Return the accounts of a server."""
    assert isinstance(town.world.accounts, OpenAccounts)
    return town.world.accounts


async def answered(town: ApiEnd, status: int, *request: Any) -> Any:
    """Return what a request is answered."""
    answer = await town.ask(*request)
    assert answer.status == status, answer.text
    return json.loads(answer.text or "null")


async def test_accounts_are_listed_and_searched(town: ApiEnd) -> None:
    """In the order of their names; no secret is shown."""
    listed = await town.get("/accounts")
    assert [(each["name"], each["sessions"]) for each in listed["items"]] == [
        ("Ann", 1),
        ("Bob", 0),
    ]
    assert [each["name"] for each in (await town.get("/accounts?words=BO"))["items"]] == ["Bob"]
    assert (await town.get("/accounts?words=%25"))["items"] == []
    assert PASSWORD not in json.dumps(listed)


async def test_a_whole_class_is_added(town: ApiEnd) -> None:
    """What an address may register in an hour is for its users; `account add` counts none, too."""
    kept(town).are_enough = True
    body = {"name": "Eve", "password": PASSWORD}
    await answered(town, 201, "POST", "/accounts", body)


async def test_the_pages_of_a_list(town: ApiEnd) -> None:
    """The cursor leads to the next one."""
    first = await town.get("/accounts?limit=1")
    second = await town.get(f"/accounts?limit=1&after={first['next']}")
    assert [page["items"][0]["name"] for page in (first, second)] == ["Ann", "Bob"]
    assert second["next"] is None


async def test_an_account_is_added(town: ApiEnd) -> None:
    """Its password is in no answer and in no log."""
    body = {"name": "Eve", "password": "a secret word", "email": "eve@example.org"}
    made = await answered(town, 201, "POST", "/accounts", body)
    assert (made["name"], made["email"], made["is_email_verified"]) == (
        "Eve",
        "eve@example.org",
        False,
    )
    assert "a secret word" not in json.dumps(made)
    assert kept(town).passwords["eve"] == "a secret word"


@pytest.mark.parametrize(
    ("status", "field", "change"),
    [
        (409, "", {"name": "ANN"}),
        (409, "", {"name": "NickServ"}),
        (409, "", {"name": "B\u043eb"}),
        (400, "name", {"name": "a b"}),
        (400, "name", {"name": "../../etc"}),
        (400, "name", {"name": ""}),
        (400, "password", {"password": "short"}),
        (400, "password", {"password": "tab\tin it, and long"}),
        (400, "password", {"password": "x" * 601}),
        (400, "email", {"email": "no address"}),
        (400, "is_admin", {"is_admin": True}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_account_that_is_refused(
    town: ApiEnd, status: int, field: str, change: dict[str, Any]
) -> None:
    """Nothing is added, and the problem names the field."""
    body = {"name": "Eve", "password": PASSWORD} | change
    problem = await town.refusal(status, "POST", "/accounts", body)
    assert problem.get("field", "") == field
    assert len(kept(town).known) == 2


async def test_one_name_is_added_twice_at_once(town: ApiEnd) -> None:
    """One of the requests gets it."""
    statuses = list[int]()

    async def add() -> None:
        body = {"name": "Eve", "password": PASSWORD}
        statuses.append((await town.ask("POST", "/accounts", body)).status)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        nursery.start_soon(add)
    assert sorted(statuses) == [201, 409]


async def test_a_password_ends_the_sessions(town: ApiEnd) -> None:
    """They may be those of an intruder."""
    ended = await answered(town, 200, "PUT", "/accounts/ann/password", {"password": "another one"})
    assert ended == {"ended": 1}
    assert kept(town).passwords["ann"] == "another one"
    await town.refusal(404, "PUT", "/accounts/eve/password", {"password": "another one"})
    await town.refusal(400, "PUT", "/accounts/ann/password", {"password": "x"})


async def test_sessions_are_ended(town: ApiEnd) -> None:
    """The account stays as it is."""
    assert await answered(town, 200, "DELETE", "/accounts/Ann/sessions") == {"ended": 1}
    assert kept(town).passwords["ann"] == PASSWORD


async def test_an_account_is_suspended(town: ApiEnd) -> None:
    """Until that is ended; the list says so."""
    body = {"reason": "spam", "seconds": 60}
    made = await answered(town, 201, "POST", "/accounts/ann/suspension", body)
    assert made["connections"] == 1
    shown = await town.get("/accounts/ann")
    assert shown["suspended"] == "spam"
    assert shown["suspended_until"] == made["ban"]["expires"]
    assert len((await town.get("/accounts?suspended=true"))["items"]) == 1
    await answered(town, 204, "DELETE", "/accounts/ann/suspension")
    await town.refusal(404, "DELETE", "/accounts/ann/suspension")


async def test_an_account_is_deleted_and_its_name_freed(town: ApiEnd) -> None:
    """In between nobody can have the name."""
    await answered(town, 204, "DELETE", "/accounts/ann")
    await town.refusal(404, "DELETE", "/accounts/ann")
    await town.refusal(404, "GET", "/accounts/ann")
    body = {"name": "Ann", "password": PASSWORD}
    await town.refusal(409, "POST", "/accounts", body)
    assert (await town.get("/dropped-accounts"))["items"] == [{"name": "Ann"}]
    await answered(town, 204, "DELETE", "/dropped-accounts/ann")
    await town.refusal(404, "DELETE", "/dropped-accounts/ann")
    await answered(town, 201, "POST", "/accounts", body)


async def test_the_name_of_an_operator_is_not_freed(town: ApiEnd) -> None:
    """A user that registers it would be that operator."""
    await answered(town, 204, "DELETE", "/accounts/bob")
    problem = await town.refusal(409, "DELETE", "/dropped-accounts/bob")
    assert "config.ini" in problem["detail"]


async def test_a_second_factor_is_removed(town: ApiEnd) -> None:
    """Its secret is not shown."""
    apply(town.world, SecondFactorSet(1, SecondFactor(b"secret", int(NOON))))
    assert (await town.get("/accounts/ann"))["has_second_factor"] is True
    await answered(town, 204, "DELETE", "/accounts/ann/second-factor")
    await town.refusal(404, "DELETE", "/accounts/ann/second-factor")


async def test_app_passwords(town: ApiEnd) -> None:
    """They are listed without their hashes, and revoked."""
    kept(town).apps[1] = [AppPassword("mutt", "d1gest", int(NOON), 0, int(NOON) + 60)]
    answer = await town.ask("GET", "/accounts/ann/app-passwords")
    (shown,) = json.loads(answer.text)["items"]
    assert (shown["name"], shown["expires"]) == ("mutt", "2027-01-15T08:01:00.000Z")
    assert "d1gest" not in answer.text
    path = "/accounts/ann/app-passwords/mutt"
    assert await answered(town, 200, "DELETE", path) == {"ended": 0}
    await town.refusal(404, "DELETE", path)


def _schedule(town: ApiEnd, target: str, text: str) -> None:
    message = ScheduledMessage(0, 0, int(NOON) + 3600, target, 0, text)
    apply(town.world, MessageScheduled(1, message))


async def test_scheduled_messages(town: ApiEnd) -> None:
    """They are listed without private texts, and cancelled."""
    for target, text in [("#a", "public"), ("bob", "psst"), ("", "to buy")]:
        _schedule(town, target, text)
    listed = await town.get("/accounts/ann/scheduled")
    assert [(each["number"], each["target"], each["text"]) for each in listed["items"]] == [
        (1, "#a", "public"),
        (2, "bob", None),
        (3, None, None),
    ]
    assert listed["items"][0]["due"] == "2027-01-15T09:00:00.000Z"
    assert (await town.get("/accounts/bob/scheduled"))["items"] == []
    path = "/accounts/ann/scheduled/2"
    await answered(town, 204, "DELETE", path)
    await town.refusal(404, "DELETE", path)
    await town.refusal(404, "DELETE", "/accounts/bob/scheduled/1")
    await town.refusal(404, "DELETE", "/accounts/ann/scheduled/x")
    await town.refusal(404, "GET", "/accounts/nobody/scheduled")
    assert [each.number for each in town.world.scheduled.of(1)] == [1, 3]


@pytest.mark.parametrize(
    "request_line",
    [
        ("GET", "/accounts"),
        ("GET", "/accounts/ann"),
        ("DELETE", "/accounts/ann"),
        ("PUT", "/accounts/ann/password", {"password": "another one"}),
        ("DELETE", "/accounts/ann/sessions"),
        ("POST", "/accounts/ann/suspension", {}),
        ("DELETE", "/dropped-accounts/ann"),
        ("GET", "/accounts/ann/app-passwords"),
        ("GET", "/accounts/ann/scheduled"),
        ("DELETE", "/accounts/ann/scheduled/1"),
    ],
    ids=str,
)
async def test_another_scope(town: ApiEnd, request_line: tuple[Any, ...]) -> None:
    """Nothing of accounts is for a token without their scopes."""
    other = town.token("tca_other", "bans:read", "bans:write", "tokens:read", "sessions:write")
    await town.refusal(403, *request_line, token=other)
    assert "ann" in kept(town).known


async def test_a_failing_database(town: ApiEnd) -> None:
    """The answer keeps the cause for the log."""
    kept(town).error = AccountsError("/var/lib/secret.db: the disk is full")
    answer = await town.ask("POST", "/accounts", {"name": "Eve", "password": PASSWORD})
    assert answer.status == 503
    assert "secret.db" not in answer.text
    assert answer.headers["retry-after"]


async def test_a_server_without_accounts() -> None:
    """It lists none, and says why it makes none."""
    async with api() as town:
        assert (await town.get("/accounts"))["items"] == []
        await town.refusal(409, "POST", "/accounts", {"name": "Eve", "password": PASSWORD})
