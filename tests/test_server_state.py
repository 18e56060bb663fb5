"""Persistent state in the server: written on change, loaded at the start, removed on expiry."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import fields
from functools import partial

import apsw
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, find
from trio_chat.chat.account_rules import AccountRules
from trio_chat.chat.accounts import Account, AccountsError, Refreshed
from trio_chat.chat.apply import apply
from trio_chat.chat.changes import SessionAttached, UserRemoved
from trio_chat.chat.events import Event
from trio_chat.chat.persistence import ChangeSet, DirtyKey, DirtySet
from trio_chat.chat.registered_channels import to_state
from trio_chat.chat.server_info import ServerInfo
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.chat.users import UNSPECIFIED
from trio_chat.server.state import keep_state, load_state, save_state
from trio_chat.server.watchers import apply_pending, expire_users, watch_accounts
from trio_chat.storage import account_maintenance
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.errors import StorageError
from trio_chat.storage.state import SqliteStateStore

DAY = 86_400
ANN, BOB = 1, 2
"""The numbers of their accounts."""


def make(always_on: str = "opt-in", lobby: str = "") -> Town:
    """Return a world in which Ann and Bob have accounts."""
    accounts = OpenAccounts()
    for name in ("Ann", "Bob"):
        accounts.add(name, f"{name}-password")
    rules = AccountRules(always_on=always_on, reservation="off")
    return Town(
        ServerInfo(account_rules=rules, lobby=lobby),
        storage=StoragePorts(history=ListHistory(), accounts=accounts),
    )


def staying(town: Town, nick: str, *joins: str, account: str = "Ann") -> Person:
    """Return somebody who is logged in and always on."""
    person = town.person(nick, *joins)
    person.say(f"NS IDENTIFY {account} {account}-password", "NS SET always-on on")
    return person


def write_accounts(connection: apsw.Connection, accounts: Iterable[Account]) -> None:
    """Have accounts with the numbers that they have in a town: of others nothing is kept."""
    rows = [(account.id, account.folded, account.name, account.created) for account in accounts]
    connection.executemany("INSERT INTO account VALUES (?, ?, ?, ?, '', x'', 0, x'', x'', 0)", rows)


@asynccontextmanager
async def open_store(town: Town) -> AsyncIterator[SqliteStateStore]:
    """Open a store in which the accounts of a town are."""
    async with open_database(None) as database:
        await prepare(database, town)
        yield SqliteStateStore(database)


async def prepare(database: Database, town: Town) -> None:
    """Have the accounts of a town in a database."""
    assert town.world.accounts is not None
    await database.write(write_accounts, list(town.world.accounts.by_id.values()))


async def restarted(town: Town, after: Town | None = None) -> Town:
    """Return a world that has read what another one wrote down."""
    after = after or make()
    async with open_store(town) as store:
        assert await save_state(town.world, store)
        await load_state(after.world, store)
    return after


async def test_an_always_on_user_is_there_after_a_restart() -> None:
    """Under its nickname, in its channels, with ranks, modes, metadata and choices; also when a
    session was there.
    """
    before = make()
    ann = staying(before, "annie", "#a", "#b")
    before.person("bob", "#a")
    ann.say(
        "MODE #a +k-o secret annie",
        "MODE #a +v annie",
        "TOPIC #b :tea",
        "MODE annie +B",
        "METADATA * SET a :b",
    )
    ann.say("NS SET multiclient off")
    town = await restarted(before)
    user = town.world.always_on.of(ANN)
    assert user is town.world.users["annie"]
    assert user is not None
    assert (user.account, user.modes, user.metadata, user.sessions) == (
        "Ann",
        "Bi",
        {"a": "b"},
        (),
    )
    assert {channel.name: membership.ranks for channel, membership in user.channels.items()} == {
        "#a": set(),
        "#b": {"o"},
    }
    assert town.world.channels["#a"].key == "secret"
    topic = town.world.channels["#b"].topic
    assert topic is not None
    assert topic.text == "tea"
    assert user.away == UNSPECIFIED
    assert town.world.preferences.chosen(ANN) == {"always-on": True, "multiclient": False}


async def test_who_was_there_as_anybody_else_is_not() -> None:
    """Nor is a channel in which only they were."""
    before = make()
    before.person("bob", "#b")
    town = await restarted(before)
    assert (town.world.users, town.world.channels) == ({}, {})


async def test_the_topic_of_the_lobby_is_the_operators() -> None:
    """The topic of config.ini overrides the stored one of an unowned channel."""
    before, after = make(lobby="#lobby"), make(lobby="#lobby")
    staying(before, "ann", "#lobby").say("TOPIC #lobby :old")
    town = await restarted(before, after)
    lobby = town.world.channels["#lobby"]
    assert [user.nick for user in lobby.members] == ["ann"]
    assert lobby.topic is None
    assert lobby.permanent


async def test_a_channel_that_nobody_owns_goes_with_its_last_member() -> None:
    """After a restart as before."""
    before = make()
    staying(before, "ann", "#a")
    town = await restarted(before)
    bob = town.person("bob", "#a")
    find(bob.say("NAMES #a"), "353")
    apply(town.world, UserRemoved("ann", ""))
    bob.leave()
    assert town.world.channels == {}


@pytest.mark.parametrize("reason", ["account", "rules", "nick"])
async def test_who_is_not_to_stay_any_more_is_forgotten(reason: str) -> None:
    """The account is gone, the operator allows it no longer, or somebody who stays has the
    nickname; so are empty channels.
    """
    before, after = make(), make("off" if reason == "rules" else "opt-in")
    staying(before, "ann", "#a")
    assert isinstance(after.world.accounts, OpenAccounts)
    if reason == "account":
        await after.world.accounts.delete(ANN)
    if reason == "nick":
        staying(after, "ann", account="Bob")
        after.world.dirty.take()
    town = await restarted(before, after)
    assert town.world.always_on.of(ANN) is None
    assert town.world.channels == {}
    assert town.world.dirty.users == {ANN}
    assert town.world.dirty.channels == {"#a"}


async def test_a_channel_of_an_account_that_is_gone_is_nobodys() -> None:
    """A command deleted it just before the server ended, which had not noticed and wrote the
    channel down as it knew it.
    """
    before, after = make(), make()
    ann = before.person("ann1", "#a")
    ann.say("NS IDENTIFY Ann Ann-password", "CS REGISTER #a")
    staying(before, "bob1", "#a", "#b", account="Bob").say(
        "CS REGISTER #b", "CS ACCESS #b ADD Ann op"
    )
    assert isinstance(after.world.accounts, OpenAccounts)
    await after.world.accounts.delete(ANN)
    town = await restarted(before, after)
    registrations = {name: channel.registration for name, channel in town.world.channels.items()}
    assert registrations["#a"] is None
    assert registrations["#b"] is not None
    assert (registrations["#b"].owner, registrations["#b"].access) == (BOB, {})


async def test_what_changed_is_written_and_what_ended_is_forgotten() -> None:
    """Without another change in between: it is the state that counts."""
    town = make()
    ann = staying(town, "ann", "#a")
    async with open_store(town) as store, trio.open_nursery() as nursery:
        nursery.start_soon(keep_state, town.world, store)
        await wait_all_tasks_blocked()
        assert await saved(
            store, lambda kept: kept.users.keys() == {ANN} and kept.channels.keys() == {"#a"}
        )
        ann.say("AWAY :gone")
        assert await saved(store, lambda kept: (kept.users[ANN] or {})["away"] == "gone")
        ann.say("NS SET always-on default")
        assert await saved(
            store, lambda kept: not kept.users and not kept.channels and not kept.preferences
        )
        nursery.cancel_scope.cancel()


async def saved(store: SqliteStateStore, is_there: Callable[[ChangeSet], bool]) -> bool:
    """Wait until what is kept is so."""
    with trio.fail_after(30):
        while not is_there(
            await store.load()
        ):  # which a thread answers, after what was written before
            pass
    return True


async def test_what_cannot_be_written_is_written_later() -> None:
    """Nothing is forgotten for a full disk."""

    class Full(SqliteStateStore):
        def __init__(self) -> None:
            pass

        async def save(self, changes: ChangeSet) -> None:
            raise StorageError("the disk is full")

    town = make()
    staying(town, "ann", "#a")
    assert not await save_state(town.world, Full())
    assert (town.world.dirty.users, town.world.dirty.channels) == ({ANN}, {"#a"})
    assert town.world.dirty.preferences == {ANN}


# The end.


class Announced:
    """Makes changes when there is room, which somebody can use first."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.events: list[Event] = []
        self._meanwhile = meanwhile

    async def __call__(self, change: Callable[[], Iterable[Event]]) -> None:
        """Make a change."""
        self._meanwhile()
        self.events += change()


def without_sessions(town: Town, person: Person) -> None:
    """Have somebody be gone for two days."""
    person.leave()
    town.clock.now += 2 * DAY


async def test_who_is_not_seen_for_so_long_leaves(autojump_clock: trio.testing.MockClock) -> None:
    """An always-on user quits after that time without a session; others stay."""
    town = make()
    bob = staying(town, "bob", "#a", account="Bob")
    without_sessions(town, staying(town, "ann", "#a"))
    announced = Announced()
    with trio.move_on_after(3 * 3600):
        await expire_users(town.world, 2, announced)
    assert announced.events == []
    town.clock.now += 1
    with trio.move_on_after(1):
        await expire_users(town.world, 2, announced)
    assert [(event.command, event.params) for event in announced.events] == [
        ("QUIT", ("Not seen for 2 days",))
    ]
    assert town.world.users.keys() == {"bob"}
    assert bob.session.user is not None


async def test_for_ever_is_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    """With 0 no user leaves; the time of connected users is stored in case of a crash."""
    town = make()
    staying(town, "bob", "#a", account="Bob")
    without_sessions(town, staying(town, "ann", "#a"))
    town.clock.now += 10_000 * DAY
    town.world.dirty.take()
    with trio.move_on_after(1):
        await expire_users(town.world, 0, Announced())
    assert town.world.users.keys() == {"ann", "bob"}
    assert town.world.dirty.users == {BOB}


async def test_who_comes_back_in_the_last_moment_stays(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Between the look and the change there may be a wait."""
    town = make()
    ann = staying(town, "ann", "#a")
    user = ann.session.user
    assert user is not None
    without_sessions(town, ann)
    announced = Announced(
        partial(apply, town.world, SessionAttached(town.newcomer().session.id, user.folded))
    )
    with trio.move_on_after(1):
        await expire_users(town.world, 1, announced)
    assert announced.events == []
    assert town.world.users == {"ann": user}


async def test_the_user_of_a_deleted_account_leaves(autojump_clock: trio.testing.MockClock) -> None:
    """The server notices the command's change; an unreadable database does no harm."""

    class Watched(OpenAccounts):
        looks = 0

        async def refresh(self) -> Refreshed:
            self.looks += 1
            if self.looks == 1:
                raise AccountsError("the disk is gone")
            return Refreshed((ann,)) if self.looks == 2 else Refreshed()

    town = make()
    assert town.world.accounts is not None
    ann = town.world.accounts.by_id[ANN]
    without_sessions(town, staying(town, "ann", "#a"))
    announced = Announced()
    with trio.move_on_after(60):
        await watch_accounts(town.world, Watched(), announced)
    assert [event.command for event in announced.events] == ["QUIT"]
    assert town.world.users == {}


async def test_the_sessions_of_an_account_with_another_password_are_ended(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """An intruder with the old one may be connected; sessions of others stay, and so does the
    always-on user.
    """

    class Watched(OpenAccounts):
        async def refresh(self) -> Refreshed:
            return Refreshed(changed=(ann,))

    town = make()
    assert town.world.accounts is not None
    ann = town.world.accounts.by_id[ANN]
    here, other = staying(town, "ann", "#a"), staying(town, "bob", account="Bob")
    with trio.move_on_after(6):
        await watch_accounts(town.world, Watched(), Announced())
    assert "password" in here.ended
    assert other.ended == ""
    here.leave()
    assert town.world.users["ann"].account_id == ANN


def test_what_could_not_be_written_is_noted_again() -> None:
    """All kinds of keys are marked again, in addition to those marked meanwhile."""
    unsaved = DirtySet({"#a"}, {(ANN, "#a")}, {ANN}, {BOB}, {3})
    taken = unsaved.take()
    assert not unsaved
    unsaved.mark([DirtyKey.channel("#b"), DirtyKey.metadata(4)])
    unsaved.put_back(taken)
    assert unsaved == DirtySet({"#a", "#b"}, {(ANN, "#a")}, {ANN}, {BOB}, {3, 4})


@pytest.mark.parametrize("table", [field.name for field in fields(DirtySet) if field.compare])
def test_each_kind_of_unsaved_state_counts(table: str) -> None:
    """A set with one key in any of its tables is not empty: state of no kind is forgotten."""
    unsaved = DirtySet()
    assert not unsaved
    setattr(unsaved, table, type(getattr(unsaved, table))((1,)))
    assert unsaved


# What `trio-chat channel history` wants while the server runs.


async def registered(store: SqliteStateStore) -> Town:
    """Return a world in which #a belongs to Ann, and that is written down."""
    town = make()
    ann = town.person("ann_", "#a")
    ann.say("NS IDENTIFY Ann Ann-password", "CS REGISTER #a")
    await save_state(town.world, store)
    return town


async def test_a_read_marker_under_a_former_name_of_a_channel_is_deleted() -> None:
    """A channel that gets the former name later is another one, which the account has not read."""
    town = make()
    async with open_store(town) as store:
        ann = town.person("ann_", "#a", caps="draft/read-marker")
        ann.say("NS IDENTIFY Ann Ann-password", "CS REGISTER #a")
        ann.say("MARKREAD #a timestamp=2027-01-01T12:00:00.000Z")
        await save_state(town.world, store)
        ann.say("RENAME #a #b")
        await save_state(town.world, store)
        stored = await store.load()
        assert dict(stored.markers) == {(ANN, "#b"): "2027-01-01T12:00:00.000Z"}


def history(town: Town) -> int | None:
    """Return for how long #a is remembered."""
    registration = town.world.channels["#a"].registration
    assert registration is not None
    return registration.history


async def after_a_restart(store: SqliteStateStore) -> int | None:
    """Return for how long #a is remembered by a server that starts now."""
    after = make()
    await load_state(after.world, store)
    return history(after)


async def order(database: Database, days: int | None) -> None:
    """Do what the command does."""
    assert await database.write(account_maintenance._set_history, "#a", days) == "#a"


async def test_a_save_does_not_undo_what_a_command_wants() -> None:
    """The server has not noticed yet when it writes the same channel down for another reason."""
    async with open_database(None) as database:
        store = SqliteStateStore(database)
        town = await registered(store)
        await order(database, 30)
        town.world.dirty.mark([DirtyKey.channel("#a")])
        await save_state(town.world, store)
        assert history(town) is None
        await apply_pending(town.world, store)
        assert history(town) == 30
        assert await store.pending() == []
        assert await after_a_restart(store) == 30


async def test_a_save_on_its_way_does_not_undo_what_a_command_wants() -> None:
    """What is to be written was found out before the command; it is written after it, and after the
    server has noticed.
    """
    async with open_database(None) as database:
        store = SqliteStateStore(database)
        town = await registered(store)
        channel = to_state(town.world.channels["#a"])
        await order(database, 30)
        await store.save(ChangeSet({"#a": channel}, {}))
        assert await after_a_restart(store) == 30


async def test_a_command_after_a_save() -> None:
    """The other order: what was written before does not matter, and there is nothing left to do."""
    async with open_database(None) as database:
        store = SqliteStateStore(database)
        town = await registered(store)
        town.world.dirty.mark([DirtyKey.channel("#a")])
        await save_state(town.world, store)
        await order(database, 7)
        await order(database, 30)
        await apply_pending(town.world, store)
        assert history(town) == 30
        assert await after_a_restart(store) == 30


async def test_the_owner_after_a_command() -> None:
    """A pending setting is removed when it is applied, so the owner can change it again."""
    async with open_database(None) as database:
        store = SqliteStateStore(database)
        town = await registered(store)
        await order(database, 30)
        await apply_pending(town.world, store)
        town.world.users["ann_"].sessions[0].sink.say("CS SET #a HISTORY 7")  # type: ignore[attr-defined]
        await save_state(town.world, store)
        await apply_pending(town.world, store)
        assert history(town) == 7
        assert await after_a_restart(store) == 7


async def test_a_wish_for_a_channel_that_is_gone() -> None:
    """It is dropped; the channel stays gone."""
    async with open_database(None) as database:
        store = SqliteStateStore(database)
        town = await registered(store)
        await order(database, 30)
        town.world.users["ann_"].sessions[0].sink.say("CS DROP #a", "PART #a")  # type: ignore[attr-defined]
        await save_state(town.world, store)
        await apply_pending(town.world, store)
        assert await store.pending() == []
        assert (await store.load()).channels == {}
