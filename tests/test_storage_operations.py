"""Operations: changes of the table of accounts that are stored in the order of a log."""

from collections.abc import Iterator
from contextlib import closing

import apsw
import pytest

from trio_chat.chat.accounts import Account
from trio_chat.chat.changes import (
    AccountDeleted,
    AccountNameFreed,
    AccountRegistered,
    CertificateAdded,
    CertificateRemoved,
    PasswordSet,
)
from trio_chat.chat.credentials import Credentials, Email, ScramKeys
from trio_chat.chat.operation import Operation
from trio_chat.chat.persistence import ChangeSet, DirtySet
from trio_chat.storage import operations
from trio_chat.storage.accounts import dropped_accounts, email_of, every_account
from trio_chat.storage.schema import migrate
from trio_chat.storage.state import is_erasing, keep

ANN = Account("Ann", "ann", 1, 7)
KEYS = Credentials("hash", ScramKeys(b"salt", 1, b"stored", b"server"))
EMAIL = Email("ann@example.org", is_verified=True)
REGISTERED = AccountRegistered(ANN, KEYS, EMAIL)
FINGERPRINT = "0" * 64


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    """Return an empty database."""
    with closing(apsw.Connection(":memory:")) as connection:
        connection.pragma("foreign_keys", True)
        migrate(connection)
        yield connection


def passwords(connection: apsw.Connection) -> dict[int, str]:
    """Return the stored hashes by the numbers of accounts."""
    rows = connection.execute("SELECT id, password FROM account")
    return {int(str(number)): str(password) for number, password in rows}


def test_an_account_is_stored_with_its_number(connection: apsw.Connection) -> None:
    """With its e-mail address; SQLite gives later ones no smaller number."""
    operations.store(connection, [REGISTERED])
    assert every_account(connection) == [ANN]
    assert email_of(connection, ANN.id) == EMAIL
    assert connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'account'").get == 7


def test_a_name_goes_from_one_account_to_the_next(connection: apsw.Connection) -> None:
    """What is said of the former account later does not concern the new one."""
    later = ANN._replace(id=9)
    operations.store(
        connection,
        [
            REGISTERED,
            AccountDeleted(ANN),
            AccountNameFreed(ANN),
            AccountRegistered(later, KEYS),
            AccountDeleted(later),
            AccountNameFreed(ANN),
        ],
    )
    assert every_account(connection) == []
    assert dropped_accounts(connection) == [later]


@pytest.mark.parametrize(
    "done",
    [
        [REGISTERED],
        [REGISTERED, AccountDeleted(ANN)],
        [REGISTERED, AccountDeleted(ANN), AccountNameFreed(ANN), AccountRegistered(ANN, KEYS)],
        [REGISTERED, CertificateAdded(7, FINGERPRINT, is_proved=True)],
    ],
)
def test_what_is_stored_already_changes_nothing(
    connection: apsw.Connection, done: list[Operation]
) -> None:
    """The last operation can be repeated."""
    operations.store(connection, done)
    before = every_account(connection), dropped_accounts(connection)
    operations.store(connection, done[-1:])
    assert (every_account(connection), dropped_accounts(connection)) == before


def test_a_password_is_replaced(connection: apsw.Connection) -> None:
    """That of an account that is gone is not stored."""
    other = KEYS._replace(password="other")
    operations.store(connection, [REGISTERED, PasswordSet(7, other), PasswordSet(8, other)])
    assert passwords(connection) == {7: "other"}


def test_the_first_account_that_proves_a_certificate_has_it(connection: apsw.Connection) -> None:
    """On every node, as all have the same order."""
    bob = Account("bob", "bob", 1, 8)
    operations.store(
        connection,
        [
            REGISTERED,
            AccountRegistered(bob, KEYS),
            CertificateAdded(8, FINGERPRINT, is_proved=False),
            CertificateAdded(7, FINGERPRINT, is_proved=True),
            CertificateAdded(8, FINGERPRINT, is_proved=True),
        ],
    )
    owners = "SELECT account FROM certificate"
    assert connection.execute(owners).fetchall() == [(7,)]
    operations.store(connection, [CertificateRemoved(7, FINGERPRINT)])
    assert connection.execute(owners).fetchall() == []


def test_accounts_are_stored_before_what_belongs_to_them(connection: apsw.Connection) -> None:
    """State of an account that is not there is not stored."""
    keep(connection, ChangeSet(metadata={7: {"url": "x"}}, operations=(REGISTERED,)))
    assert connection.execute("SELECT account FROM metadata").fetchall() == [(7,)]


def test_deleted_credentials_leave_the_disk() -> None:
    """The write-ahead log is emptied after such a transaction."""
    assert is_erasing(ChangeSet(operations=(AccountDeleted(ANN),)))


def test_an_unknown_operation_is_refused(connection: apsw.Connection) -> None:
    """Nothing is lost silently."""
    with pytest.raises(ValueError, match="unknown"):
        operations.store(connection, [Operation()])


def test_operations_keep_their_order_when_they_could_not_be_stored() -> None:
    """Those that came meanwhile are behind them."""
    dirty = DirtySet()
    dirty.record(REGISTERED)
    taken = dirty.take()
    assert not dirty
    dirty.record(AccountDeleted(ANN))
    dirty.put_back(taken)
    assert [type(each) for each in dirty.operations] == [AccountRegistered, AccountDeleted]
    assert dirty
