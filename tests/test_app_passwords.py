"""App passwords: they log in, change no way to log in, and are revoked with their sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from account_fakes import plain, with_sasl
from storage_fakes import ListHistory, OpenAccounts
from support import Person, Town, commands
from test_cluster_accounts import DecidingTown, notices
from trio_chat.chat import app_passwords
from trio_chat.chat.accounts import Account, AccountsError, Busy, Login, Origin
from trio_chat.chat.app_passwords import MOST, AppPassword, digest_of, make_password
from trio_chat.chat.changes import AppPasswordAdded, AppPasswordRemoved, AppPasswordUsed
from trio_chat.chat.persistence import ChangeSet
from trio_chat.chat.storage_ports import StoragePorts
from trio_chat.config import LimitSettings
from trio_chat.irc.app_passwords import has_form
from trio_chat.server.accounts import COSTS, AccountKeeper, open_accounts
from trio_chat.server.hashing import HashingThreads
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.state import SqliteStateStore

HOME = Origin("192.0.2.1")
FINGERPRINT = "0" * 64


@pytest.fixture
def town(accounts: OpenAccounts) -> Town:
    """Return a world with the account Ann."""
    accounts.passwords["ann"] = "horse12"
    return Town(storage=StoragePorts(history=ListHistory(), accounts=accounts))


def owner(town: Town, nick: str = "owner") -> Person:
    """Return a user that has logged in with the password of the account."""
    person = town.person(nick)
    person.say("NS IDENTIFY ann horse12")
    return person


def added(person: Person, name: str = "phone") -> str:
    """Have an app password made, and return it."""
    return notices(person, f"NS APPPASSWORD ADD {name}").split(" is: ")[1].split()[0]


# For users.


def test_an_app_password_is_shown_once_and_logs_in(town: Town, accounts: OpenAccounts) -> None:
    """By IDENTIFY and by SASL PLAIN; only its hash is stored."""
    ann = owner(town)
    password = added(ann)
    assert has_form(password)
    assert accounts.apps[1][0][:2] == ("phone", digest_of(password))
    assert password not in notices(ann, "NS APPPASSWORD LIST")
    assert "logged in as Ann" in notices(town.person("bob"), f"NS IDENTIFY ann {password}")
    phone = with_sasl(town)
    replies = phone.say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', password)}")
    assert "903" in commands(replies)
    assert phone.session.app_password == digest_of(password)


@pytest.mark.parametrize(
    "line",
    [
        "NS APPPASSWORD ADD another",
        "NS APPPASSWORD DEL another",
        f"NS CERT ADD {FINGERPRINT}",
        f"NS CERT DEL {FINGERPRINT}",
    ],
)
def test_a_session_of_an_app_password_changes_no_way_to_log_in(
    town: Town, accounts: OpenAccounts, line: str
) -> None:
    """A thief of the password could keep the account otherwise."""
    ann, thief = owner(town), town.person("thief")
    password = added(ann)
    added(ann, "another")
    thief.say(f"NS IDENTIFY ann {password}")
    assert "Log in with the password of your account" in notices(thief, line)
    assert [each.name for each in accounts.apps[1]] == ["phone", "another"]
    assert not accounts.owners


@pytest.mark.parametrize("line", ["NS SET PASSWORD {} another1", "NS DROP {}"])
def test_an_app_password_is_not_the_password_of_the_account(
    town: Town, accounts: OpenAccounts, line: str
) -> None:
    """It neither changes that nor deletes the account."""
    password, thief = added(owner(town)), town.person("thief")
    thief.say(f"NS IDENTIFY ann {password}")
    assert "rong" in notices(thief, line.format(password))
    assert accounts.passwords["ann"] == "horse12"


def test_a_login_with_the_password_of_the_account_lifts_the_restriction(town: Town) -> None:
    """In the same session."""
    ann = town.person("bob")
    ann.say(f"NS IDENTIFY ann {added(owner(town))}")
    ann.say("NS IDENTIFY ann horse12")
    assert " is: " in notices(ann, "NS APPPASSWORD ADD tablet")


def test_revoking_ends_the_sessions_of_that_app_password_only(town: Town) -> None:
    """A lost device does not stay; others do."""
    ann = owner(town)
    lost, kept = town.person("lost"), town.person("kept")
    lost_password = added(ann)
    lost.say(f"NS IDENTIFY ann {lost_password}")
    kept.say(f"NS IDENTIFY ann {added(ann, 'tablet')}")
    assert "ended: 1" in notices(ann, "NS APPPASSWORD DEL phone")
    assert "revoked" in lost.ended
    assert (ann.ended, kept.ended) == ("", "")
    assert "Wrong" in notices(town.person("eve"), f"NS IDENTIFY ann {lost_password}")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("APPPASSWORD ADD", "Usage"),
        ("APPPASSWORD ADD two words", "one word"),
        ("APPPASSWORD ADD tablet 200y", "how long"),
        ("APPPASSWORD ADD tablet 0d", "how long"),
        ("APPPASSWORD ADD tablet 0", "how long"),
        ("APPPASSWORD ADD tablet -1d", "how long"),
        ("APPPASSWORD ADD tablet 30 d", "Usage"),
        ("APPPASSWORD DEL phone 1d", "Usage"),
        ("APPPASSWORD CHANGE phone", "Usage"),
        ("APPPASSWORD ADD phone", "already"),
        ("APPPASSWORD ADD " + "x" * 41, "at most 40"),
        ("APPPASSWORD ADD a\x02b", "one word"),
        ("APPPASSWORD DEL nothing", "no app password"),
        ("APPPASSWORD LIST", "phone: made"),
    ],
)
def test_what_cannot_be_done_is_explained(town: Town, line: str, answer: str) -> None:
    """With what to do instead."""
    ann = owner(town)
    added(ann)
    assert answer in notices(ann, f"NS {line}")


def test_an_app_password_expires_when_that_was_wanted(town: Town) -> None:
    """It logs in until then, by IDENTIFY and by SASL, and counts as wrong afterwards."""
    ann = owner(town)
    password = notices(ann, "NS APPPASSWORD ADD phone 1h").split(" is: ")[1].split()[0]
    assert "valid until" in notices(ann, "NS APPPASSWORD LIST")
    town.clock.now += 3599
    assert "logged in as Ann" in notices(town.person("bob"), f"NS IDENTIFY ann {password}")
    town.clock.now += 1
    assert "Wrong" in notices(town.person("eve"), f"NS IDENTIFY ann {password}")
    replies = with_sasl(town).say("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('ann', password)}")
    assert "904" in commands(replies)
    assert "no longer valid since" in notices(ann, "NS APPPASSWORD LIST")


def test_expired_ones_make_room(town: Town) -> None:
    """For others, also of the same name."""
    ann = owner(town)
    for number in range(MOST):
        notices(ann, f"NS APPPASSWORD ADD p{number} 1h")
    assert f"{MOST} app passwords already" in notices(ann, "NS APPPASSWORD ADD p0x")
    town.clock.now += 3600
    assert " is: " in notices(ann, "NS APPPASSWORD ADD p1")


def test_without_a_login_there_are_no_app_passwords(town: Town) -> None:
    """They belong to an account."""
    assert "Log in first" in notices(town.person("eve"), "NS APPPASSWORD LIST")


def test_their_number_is_bounded(town: Town) -> None:
    """Of one account."""
    ann = owner(town)
    for number in range(MOST):
        added(ann, f"p{number}")
    assert f"{MOST} app passwords already" in notices(ann, "NS APPPASSWORD ADD more")


@pytest.mark.parametrize("line", ["LIST", "ADD tablet", "DEL phone"])
def test_a_failure_of_the_storage_is_explained(
    town: Town, accounts: OpenAccounts, line: str
) -> None:
    """Nothing is confirmed then."""
    ann = owner(town)
    added(ann)
    accounts.error = AccountsError("the disk is full")
    assert "try again later" in notices(ann, f"NS APPPASSWORD {line}")
    assert [each.name for each in accounts.apps[1]] == ["phone"]


def test_logging_out_leaves_nothing_of_it(town: Town) -> None:
    """The next login counts alone."""
    password = added(owner(town))
    phone = town.person("bob")
    phone.say(f"NS IDENTIFY ann {password}", "NS LOGOUT")
    assert phone.session.app_password == ""


def test_a_use_is_noted_at_most_once_in_an_hour(town: Town) -> None:
    """Not each login writes."""
    password, phone = added(owner(town)), town.person("bob")
    town.world.dirty.take()
    phone.say(f"NS IDENTIFY ann {password}")
    (use,) = town.world.dirty.take().operations
    assert isinstance(use, AppPasswordUsed)
    assert (use.account, use.digest) == (1, digest_of(password))
    assert town.world.accounts is not None
    known = town.world.accounts.apps[1]  # type: ignore[attr-defined]
    known[0] = known[0]._replace(used=use.used)
    phone.say(f"NS IDENTIFY ann {password}")
    assert not town.world.dirty.take().operations


def test_in_a_cluster_the_log_has_the_change() -> None:
    """And the hash of the password, not the password."""
    town = DecidingTown()
    account = town.accounts.add("ann", "horse12")
    ann = owner(town)
    town.join_cluster()
    password = added(ann)
    assert "revoked" in notices(ann, "NS APPPASSWORD DEL phone")
    made, gone = town.stored
    assert isinstance(made, AppPasswordAdded)
    assert made.password[:2] == ("phone", digest_of(password))
    assert gone == AppPasswordRemoved(account.id, digest_of(password), version=0)


# The keeper of accounts, and the storage.


@asynccontextmanager
async def keeper(**limits: int) -> AsyncIterator[tuple[AccountKeeper, Database]]:
    """Open accounts with Ann."""
    threads = HashingThreads(LimitSettings(failed_login_delay=0, **limits))  # type: ignore[arg-type]
    async with open_database(None) as database:
        accounts = await open_accounts(SqliteAccounts(database), COSTS["low"], threads)
        credentials = await accounts.prepare("horse12", HOME)
        await accounts.create(Account("Ann", "ann", 1), credentials)
        yield accounts, database


def named(name: str, password: str) -> AppPassword:
    """Return an app password as it is stored."""
    return AppPassword(name, digest_of(password), 1)


async def test_the_keeper_takes_both_kinds_of_passwords() -> None:
    """`verify` takes that of the account alone."""
    password = make_password()
    async with keeper() as (accounts, _):
        assert await accounts.add_app_password(1, named("phone", password))
        ann = accounts.by_id[1]
        assert await accounts.verify_login("ann", "horse12", HOME) == Login(ann)
        found = await accounts.verify_login("ann", password, HOME)
        assert found == Login(ann, named("phone", password))
        assert await accounts.verify("ann", password, HOME) is None


@pytest.mark.parametrize("folded", ["ann", "eve"])
async def test_wrong_app_passwords_lock_like_other_passwords(folded: str) -> None:
    """Whether the account exists or not; the right one is then not looked at either."""
    password = make_password()
    async with keeper(failed_logins=2) as (accounts, _):
        await accounts.add_app_password(1, named("phone", password))
        for _ in range(2):
            assert await accounts.verify_login(folded, make_password(), HOME) is None
        with pytest.raises(Busy):
            await accounts.verify_login(folded, password, HOME)


async def test_an_app_password_logs_in_in_whatever_case_it_was_typed() -> None:
    """Telephones begin what is typed with a capital."""
    password = make_password()
    async with keeper() as (accounts, _):
        assert await accounts.add_app_password(1, named("phone", password))
        for typed in (password.capitalize(), password.upper()):
            assert await accounts.verify_login("ann", typed, HOME) is not None


async def test_an_app_password_of_another_account_does_not_log_in() -> None:
    """It belongs to one account."""
    password = make_password()
    async with keeper() as (accounts, _):
        bob = await accounts.create(
            Account("bob", "bob", 1), await accounts.prepare("battery1", HOME)
        )
        assert bob is not None
        await accounts.add_app_password(bob.id, named("phone", password))
        assert await accounts.verify_login("ann", password, HOME) is None


async def test_a_name_is_taken_once_and_the_number_is_bounded_in_the_table() -> None:
    """Also when two commands come at once."""
    async with keeper() as (accounts, _):
        for number in range(MOST):
            assert await accounts.add_app_password(1, named(f"p{number}", make_password()))
            assert not await accounts.add_app_password(1, named("p0", make_password()))
        assert not await accounts.add_app_password(1, named("more", make_password()))
        assert not await accounts.add_app_password(99, named("nobody", make_password()))


async def test_the_table_forgets_expired_ones_when_one_is_added() -> None:
    """By the time of the new one, so that each node of a cluster forgets the same."""
    async with keeper() as (accounts, _):
        for number in range(MOST):
            old = named(f"p{number}", make_password())._replace(expires=100 + number)
            assert await accounts.add_app_password(1, old)
        late = named("p0", make_password())._replace(created=100)
        assert not await accounts.add_app_password(1, late._replace(created=99))
        assert await accounts.add_app_password(1, late)
        names = {each.name: each.expires for each in await accounts.app_passwords(1)}
        assert (len(names), names["p0"], names["p1"]) == (MOST, 0, 101)


async def test_a_new_password_of_the_account_revokes_them() -> None:
    """An intruder may have made one."""
    async with keeper() as (accounts, _):
        await accounts.add_app_password(1, named("phone", make_password()))
        await accounts.set_credentials(1, await accounts.prepare_change(1, "another1", HOME))
        assert await accounts.app_passwords(1) == []


async def test_they_go_with_the_account() -> None:
    """Its number is never used again."""
    async with keeper() as (accounts, _):
        await accounts.add_app_password(1, named("phone", make_password()))
        await accounts.delete(1)
        assert await accounts.app_passwords(1) == []


async def test_operations_are_stored_and_change_nothing_when_repeated() -> None:
    """As a node of a cluster stores them; a use of one that is gone is no use."""
    phone, tablet = named("phone", make_password()), named("tablet", make_password())
    operations = (
        AppPasswordAdded(1, phone),
        AppPasswordAdded(1, tablet),
        AppPasswordUsed(1, phone.digest, 7),
        AppPasswordRemoved(1, tablet.digest),
        AppPasswordUsed(1, tablet.digest, 8),
    )
    async with keeper() as (accounts, database):
        for _ in range(2):
            await SqliteStateStore(database).save(ChangeSet(operations=operations))
            assert await accounts.app_passwords(1) == [phone._replace(used=7)]
        assert await accounts.remove_app_password(1, phone.digest)
        assert not await accounts.remove_app_password(1, phone.digest)


def test_they_are_random_and_recognised_by_their_form() -> None:
    """Other passwords are not looked up among them."""
    made = {make_password() for _ in range(100)}
    assert len(made) == 100
    assert all(map(has_form, made))
    some = made.pop()
    for other in ("", some[:-1], some + "x", some.replace("-", ""), some + "\n"):
        assert not has_form(other)


@pytest.mark.parametrize("name", ["", "a b", ".", "..", "a\x9b", "x" * 41])
def test_names_that_none_can_have(name: str) -> None:
    """It is one word, by which an operator can address it in a path."""
    assert not app_passwords.is_name(name)


def test_an_app_password_gives_up_itself(town: Town, accounts: OpenAccounts) -> None:
    """A browser that logs out revokes its own, and no other."""
    ann, phone = owner(town), town.person("phone")
    password = added(ann)
    added(ann, "tablet")
    phone.say(f"NS IDENTIFY ann {password}")
    assert "Log in with the password" in notices(phone, "NS APPPASSWORD DEL tablet")
    assert "is revoked" in notices(phone, "NS APPPASSWORD DEL phone")
    assert [each.name for each in accounts.apps[1]] == ["tablet"]
    assert phone.ended == ""
