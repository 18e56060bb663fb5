"""Second factors and passkeys that operators remove: in the chat, by commands and by the API."""

import json
from collections.abc import AsyncIterator

import pytest
import trio

from api_fakes import ApiEnd, api
from cluster_town import ClusterTown
from storage_fakes import ListHistory, OpenAccounts
from support import NOON, Person, Town
from test_app_passwords import keeper
from test_cluster_accounts import notices
from test_second_factors import announce
from trio_chat.chat.accounts import Refreshed
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import (
    AccountChanged,
    Audited,
    Change,
    OperatorAppointed,
    PasskeyAdded,
    SecondFactorSet,
)
from trio_chat.chat.operator_blocks import Operator
from trio_chat.chat.passkeys import Passkey
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.second_factors import SecondFactor
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.server.state import change_set, load_state
from trio_chat.server.watchers import watch_accounts
from trio_chat.storage import passkeys
from trio_chat.storage.state import SqliteStateStore

PHONE = Passkey("cGhvbmU", b"the key", 0, "phone", int(NOON))
KEY = Passkey("a2V5", b"another key", 3, "key", int(NOON), int(NOON) + 60)
STATES = [PHONE.to_state(), KEY.to_state()]
ROOT = Operator(name="root", rights=frozenset(("accounts",)))


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a server on which Ann has two passkeys."""
    town = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))
    town.world.passkeys.put(1, [PHONE, KEY])
    return town


@pytest.fixture
def root(town: Town) -> Person:
    """Return an operator that looks after accounts."""
    root = town.person("root")
    apply(town.world, OperatorAppointed("root", ROOT))
    return root


def owner(town: Town) -> Person:
    """Return Ann, logged in."""
    ann = town.person("owner")
    assert town.world.accounts is not None
    apply(town.world, AccountChanged(ann.session.id, town.world.accounts.by_id[1]))
    ann.read()
    return ann


def test_an_operator_lists_and_removes_a_passkey(town: Town, root: Person) -> None:
    """The owner is told, and the audit log knows who it was."""
    found: list[str] = []

    def note(change: Change) -> None:
        if isinstance(change, Audited):
            found.append(change.text)

    town.world.observers.append(note)
    ann = owner(town)
    listed = notices(root, "NS SAPASSKEY ANN LIST")
    assert "phone: made" in listed
    assert PHONE.id not in listed
    assert "is removed" in notices(root, "NS SAPASSKEY ann DEL phone")
    assert town.world.passkeys.of(1) == [KEY]
    (told,) = ann.read()
    assert "removed the passkey phone of" in told.params[1]
    assert found == [f"SAPASSKEY DEL phone of {ann.session.account}"]


def test_an_owner_that_is_away_is_told_later(town: Town, root: Person) -> None:
    """At the next login, once."""
    town.world.second_factors.put(1, SecondFactor(bytes(20), 0))
    notices(root, "NS SA2FAOFF ann")
    notices(root, "NS SAPASSKEY ann DEL key")
    kept = [notice.text for notice in town.world.always_on.missed[1]]
    assert ["second factor" in kept[0], "passkey key" in kept[1], len(kept)] == [True, True, 2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("SAPASSKEY nobody LIST", "not registered"),
        ("SAPASSKEY nobody DEL phone", "not registered"),
        ("SAPASSKEY ann", "Usage"),
        ("SAPASSKEY ann DEL", "Usage"),
        ("SAPASSKEY ann DEL phone key", "Usage"),
        ("SAPASSKEY ann FREE phone", "Usage"),
        ("SAPASSKEY ann DEL Phone", "has no passkey"),
        ("SAPASSKEY ann DEL cGhvbmU", "has no passkey"),
        ("SAPASSKEY ann DEL *", "has no passkey"),
        ("SAPASSKEY bob DEL phone", "not registered"),
    ],
)
def test_what_removes_nothing(town: Town, root: Person, line: str, words: str) -> None:
    """Other names, other accounts, and too few words."""
    assert words in notices(root, f"NS {line}")
    assert town.world.passkeys.of(1) == [PHONE, KEY]


def test_others_do_not_know_the_command(town: Town) -> None:
    """It needs the right `accounts`."""
    bob = town.person("bob")
    assert "do not know SAPASSKEY" in notices(bob, "NS SAPASSKEY ann DEL phone")
    apply(town.world, OperatorAppointed("bob", Operator(name="x", rights=frozenset(("ban",)))))
    assert "do not know SAPASSKEY" in notices(bob, "NS SAPASSKEY ann DEL phone")
    assert town.world.passkeys.of(1) == [PHONE, KEY]


def test_all_nodes_of_a_cluster_tell_the_owner() -> None:
    """Its session may be on another one."""
    town = ClusterTown()
    root = town.here.person("root")
    ann = town.there.person("ann", "NS IDENTIFY acc1 secret")
    town.here.decide(OperatorAppointed("root", ROOT.sealed()))
    town.here.decide(PasskeyAdded(1, PHONE))
    town.here.decide(SecondFactorSet(1, SecondFactor(bytes(20), 0)))
    town.carry_out()
    root.say("NS SAPASSKEY acc1 DEL phone", "NS SA2FAOFF acc1")
    told = [line.params[1] for line in ann.read() if line.command == "NOTICE"]
    assert ["passkey phone" in told[0], "second factor" in told[1]] == [True, True]
    assert all(not node.world.passkeys.of(1) for node in town.nodes)
    town.check()


# By commands beside a server.


async def test_what_a_command_removes_is_not_stored_again() -> None:
    """Neither by a login meanwhile, nor after a start; it is settled when the server knows it."""
    async with keeper() as (accounts, database):
        store = SqliteStateStore(database)
        await store.save(ChangeSet(passkeys={1: STATES}))
        await accounts.refresh()
        await database.write(passkeys.remove, 1, "phone")
        await store.save(ChangeSet(passkeys={1: STATES}))
        refreshed = await accounts.refresh()
        assert refreshed == Refreshed(passkeys=((accounts.by_id[1], PHONE.id),))
        world = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).world
        await load_state(world, store)
        assert world.passkeys.of(1) == [KEY]
        assert await accounts.refresh() == Refreshed()


async def test_a_server_that_is_running_notices_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Within seconds; the owner is told, and what was noted is settled."""
    async with keeper() as (accounts, database), trio.open_nursery() as nursery:
        world = Town(storage=StoragePorts(history=ListHistory(), accounts=accounts)).world
        world.passkeys.put(1, [PHONE, KEY])
        await SqliteStateStore(database).save(ChangeSet(passkeys={1: STATES}))
        await accounts.refresh()
        nursery.start_soon(watch_accounts, world, accounts, announce)
        await database.write(passkeys.remove, 1, "phone")
        with trio.fail_after(1_000_000):  # of a clock that does not wait for the threads
            while world.passkeys.of(1) != [KEY]:  # noqa: ASYNC110
                await trio.sleep(60)
        assert "passkey phone" in world.always_on.missed[1][0].text
        await SqliteStateStore(database).save(change_set(world, world.dirty.take()))
        assert await database.read(passkeys.removed) == []
        nursery.cancel_scope.cancel()


# By the API.


@pytest.fixture
async def end(accounts: OpenAccounts) -> AsyncIterator[ApiEnd]:
    """Return a server with the API."""
    async with api(memory=StoragePorts(history=ListHistory(), accounts=accounts)) as end:
        end.world.passkeys.put(1, [PHONE, KEY])
        yield end


async def test_passkeys_by_the_api(end: ApiEnd) -> None:
    """They are listed without their keys, and removed by their names."""
    answer = await end.ask("GET", "/accounts/ann/passkeys")
    assert [one["name"] for one in json.loads(answer.text)["items"]] == ["key", "phone"]
    assert KEY.id not in answer.text
    assert KEY.key.hex() not in answer.text
    assert (await end.ask("DELETE", "/accounts/ann/passkeys/key")).status == 204
    await end.refusal(404, "DELETE", "/accounts/ann/passkeys/key")
    for name in ("%2e%2e", "a%2Fb", "%00", "PHONE", "x" * 300):
        await end.refusal(404, "DELETE", f"/accounts/ann/passkeys/{name}")
    assert end.world.passkeys.of(1) == [PHONE]
    assert "passkey key" in end.world.always_on.missed[1][0].text


async def test_a_second_factor_by_the_api(end: ApiEnd) -> None:
    """Its secret is not shown."""
    await end.refusal(404, "GET", "/accounts/ann/second-factor")
    factor = SecondFactor(b"secret", int(NOON), 5, ("a", "b"), 3, int(NOON) + 60)
    end.world.second_factors.put(1, factor)
    answer = await end.ask("GET", "/accounts/ann/second-factor")
    shown = json.loads(answer.text)
    assert (shown["recovery_codes"], shown["wrong_codes"]) == (2, 3)
    assert factor.secret.hex() not in answer.text
