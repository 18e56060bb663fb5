"""Passwords of a directory beside those of accounts, and the stored links."""

from collections.abc import AsyncIterator

import pytest
import trio

from trio_chat.chat.accounts import Account, AccountsError, Busy, Origin
from trio_chat.chat.changes import AccountRegistered, IdentityLinked, IdentityUnlinked
from trio_chat.chat.identities import Identity, NotLinked, PersonRefused, ProviderUnavailable
from trio_chat.chat.identity_keys import MOST, ConfirmedGroups, IdentityKey
from trio_chat.chat.operation import Operation
from trio_chat.config import LimitSettings
from trio_chat.server.accounts import COSTS, NO_PASSWORD, AccountKeeper, open_accounts
from trio_chat.server.hashing import HashingThreads
from trio_chat.storage.accounts import SqliteAccounts
from trio_chat.storage.database import Database, open_database
from trio_chat.storage.operations import store

HERE = Origin("192.0.2.1")
KEY = IdentityKey("ldap:ou=people", "id-1")
OTHER = IdentityKey("ldap:ou=people", "id-2")
GROUPS = frozenset(("cn=chat",))


class FakeDirectory:
    """A directory with one person."""

    def __init__(self) -> None:
        self.is_first = False
        self.is_down = False
        self.refused = False
        self.asked: list[str] = []

    async def check(self, name: str, password: str) -> Identity | None:
        """Return the person if the password is right."""
        self.asked.append(name)
        if self.is_down:
            raise ProviderUnavailable("the directory: down")
        is_right = (name, password) == ("ann", "of ldap")
        if is_right and self.refused:
            raise PersonRefused("You are not in the group")
        return Identity(KEY, "ann", groups=GROUPS) if is_right else None


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """Return an empty database."""
    async with open_database(None) as opened:
        yield opened


@pytest.fixture
async def accounts(database: Database) -> AccountKeeper:
    """Return accounts, of which Ann's has the password `of ann`, with a directory."""
    threads = HashingThreads(LimitSettings(failed_logins=3, failed_login_delay=0.0))
    keeper = await open_accounts(SqliteAccounts(database), COSTS["low"], threads)
    await keeper.create(Account("Ann", "ann", 1), await keeper.prepare("of ann", HERE))
    keeper.directory = FakeDirectory()
    return keeper


def directory_of(accounts: AccountKeeper) -> FakeDirectory:
    """Return the directory."""
    assert isinstance(accounts.directory, FakeDirectory)
    return accounts.directory


async def test_a_local_password_does_not_ask_the_directory(accounts: AccountKeeper) -> None:
    """It goes on while the directory is away."""
    directory_of(accounts).is_down = True
    login = await accounts.verify_login("ann", "of ann", HERE)
    assert login is not None
    assert login.account.name == "Ann"
    assert not directory_of(accounts).asked


async def test_a_directory_that_is_first_is_asked_first(accounts: AccountKeeper) -> None:
    """While it is away, the local password is enough."""
    directory = directory_of(accounts)
    directory.is_first = directory.is_down = True
    assert await accounts.verify_login("ann", "of ann", HERE) is not None
    assert directory.asked == ["ann"]


@pytest.mark.parametrize("is_first", [False, True])
async def test_the_directory_opens_no_account_that_is_not_linked(
    accounts: AccountKeeper, *, is_first: bool
) -> None:
    """Its `ann` is somebody else."""
    directory_of(accounts).is_first = is_first
    with pytest.raises(NotLinked) as caught:
        await accounts.verify_login("ann", "of ldap", HERE)
    assert caught.value.identity.key == KEY


async def test_the_directory_opens_the_account_that_is_linked(accounts: AccountKeeper) -> None:
    """Whatever its name is."""
    assert await accounts.add_identity(1, KEY)
    login = await accounts.verify_login("ann", "of ldap", HERE)
    assert login is not None
    assert login.account.id == 1


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_a_wrong_password_counts_once(accounts: AccountKeeper, name: str) -> None:
    """Though it is looked at twice; and after many the directory is not asked."""
    for _ in range(3):
        assert await accounts.verify_login(name, "wrong", HERE) is None
    asked = len(directory_of(accounts).asked)
    assert asked == 3
    with pytest.raises(Busy):
        await accounts.verify_login(name, "of ldap", HERE)
    assert len(directory_of(accounts).asked) == asked


@pytest.mark.parametrize("is_first", [False, True])
async def test_a_directory_that_is_away_counts_nothing(
    accounts: AccountKeeper, *, is_first: bool
) -> None:
    """Its people must not be locked out meanwhile."""
    directory = directory_of(accounts)
    directory.is_first, directory.is_down = is_first, True
    for _ in range(5):
        with pytest.raises(AccountsError, match="down"):
            await accounts.verify_login("ann", "of ldap", HERE)
    directory.is_down = False
    with pytest.raises(NotLinked):
        await accounts.verify_login("ann", "of ldap", HERE)


@pytest.mark.parametrize("is_first", [False, True])
async def test_a_person_that_may_not_log_in_has_guessed_nothing(
    accounts: AccountKeeper, is_first: bool
) -> None:
    """The password is right, so it does not count, and the sentence of the directory is shown."""
    directory = directory_of(accounts)
    directory.is_first, directory.refused = is_first, True
    for _ in range(5):
        with pytest.raises(PersonRefused, match="group"):
            await accounts.verify_login("ann", "of ldap", HERE)
    assert await accounts.verify_login("ann", "of ann", HERE) is not None


async def test_the_equal_password_of_an_account_goes_on(accounts: AccountKeeper) -> None:
    """The directory that is asked first refuses its person, not the owner of the account."""
    directory = directory_of(accounts)
    directory.is_first = directory.refused = True
    await accounts.set_credentials(1, await accounts.prepare("of ldap", HERE))
    login = await accounts.verify_login("ann", "of ldap", HERE)
    assert login is not None
    assert login.confirmed is None


async def test_an_account_without_a_password_has_none(accounts: AccountKeeper) -> None:
    """Neither what is stored, nor nothing, nor anything else."""
    accounts.directory = None
    account = Account("Eve", "eve", 1)
    made = await accounts.create(account, accounts.no_password(), None, OTHER)
    assert made is not None
    for password in (NO_PASSWORD, "", "x"):
        assert await accounts.verify_login("eve", password, Origin(f"192.0.2.{len(password)}")) is (
            None
        )
    assert await accounts.by_identity(OTHER) == made


async def test_an_identity_is_of_one_account(accounts: AccountKeeper) -> None:
    """Neither a link nor a new account takes it away."""
    assert await accounts.add_identity(1, KEY)
    assert await accounts.add_identity(1, KEY)
    eve = await accounts.create(Account("Eve", "eve", 1), accounts.no_password())
    assert eve is not None
    assert not await accounts.add_identity(eve.id, KEY)
    another = Account("Zoe", "zoe", 1)
    assert await accounts.create(another, accounts.no_password(), None, KEY) is None
    assert not await accounts.remove_identity(eve.id, KEY)
    assert await accounts.identities(1) == [KEY]
    assert await accounts.remove_identity(1, KEY)
    assert await accounts.by_identity(KEY) is None


async def test_the_identities_of_an_account_are_bounded(accounts: AccountKeeper) -> None:
    """The next one is refused."""
    for number in range(MOST):
        assert await accounts.add_identity(1, IdentityKey("https://x", str(number)))
    assert not await accounts.add_identity(1, KEY)


async def test_links_go_with_their_account(accounts: AccountKeeper) -> None:
    """A deleted account is opened by nobody, and its name stays taken."""
    await accounts.add_identity(1, KEY)
    await accounts.delete(1)
    assert await accounts.by_identity(KEY) is None
    assert await accounts.create(Account("Ann", "ann", 2), accounts.no_password()) is None


async def test_a_cluster_stores_links_in_the_order_of_its_log(database: Database) -> None:
    """Storing an operation again changes nothing, and the first link stays."""
    keeper = await open_accounts(SqliteAccounts(database), COSTS["low"])
    ann, eve = Account("Ann", "ann", 1, 1), Account("Eve", "eve", 1, 2)
    operations: list[Operation] = [
        AccountRegistered(ann, keeper.no_password(), None, "", KEY),
        AccountRegistered(eve, keeper.no_password(), None, "", KEY),  # from another node
        IdentityLinked(2, OTHER),
        IdentityLinked(1, OTHER),
    ]
    for _ in range(2):
        await database.write(store, operations)
    assert await keeper.identities(1) == [KEY]
    assert await keeper.identities(2) == [OTHER]
    await database.write(store, [IdentityUnlinked(1, OTHER), IdentityUnlinked(2, OTHER)])
    assert await keeper.identities(2) == []


async def test_a_directory_is_asked_within_bounds(accounts: AccountKeeper) -> None:
    """A slow directory keeps no thread of those that hash."""
    release = trio.Event()

    async def slow(name: str, password: str) -> None:
        await release.wait()

    directory_of(accounts).check = slow  # type: ignore[method-assign]
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(
                accounts.verify_login, f"user{number}", "x", Origin(f"192.0.2.{number}")
            )
        await trio.testing.wait_all_tasks_blocked()
        assert await accounts.verify_login("ann", "of ann", HERE) is not None
        release.set()


@pytest.mark.parametrize("is_first", [False, True])
async def test_the_directory_alone_says_something_about_groups(
    accounts: AccountKeeper, is_first: bool
) -> None:
    """Not the password of the account, whichever is checked first."""
    directory_of(accounts).is_first = is_first
    await accounts.add_identity(accounts.known["ann"].id, KEY)
    by_directory = await accounts.verify_login("ann", "of ldap", HERE)
    by_account = await accounts.verify_login("ann", "of ann", HERE)
    assert by_directory is not None
    assert by_account is not None
    assert by_directory.confirmed == ConfirmedGroups("ldap", GROUPS)
    assert by_account.confirmed is None


async def test_an_account_that_an_identity_has_made_has_no_password(
    accounts: AccountKeeper,
) -> None:
    """Until one is set; an account that is not there has none either."""
    made = await accounts.create(Account("Zoe", "zoe", 1), accounts.no_password(), None, OTHER)
    assert made is not None
    assert not await accounts.has_password(made.id)
    assert not await accounts.has_password(made.id + 1)
    assert await accounts.has_password(accounts.known["ann"].id)
    changed = await accounts.prepare_change(made.id, "of zoe", HERE)
    await accounts.set_credentials(made.id, changed)
    assert await accounts.has_password(made.id)
