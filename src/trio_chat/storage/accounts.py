"""The table of accounts, and their credentials, certificates and e-mail addresses."""

import os
from typing import TYPE_CHECKING, NamedTuple

from trio_chat.chat.accounts import Account
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.credentials import Certificate, Credentials, Email, ScramKeys
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.storage import app_passwords, identities, passkeys

if TYPE_CHECKING:
    import apsw

    from trio_chat.storage.database import Database

_INSERT = """
    INSERT INTO account (
        id, folded, name, created,
        password, scram_salt, scram_iterations, scram_stored_key, scram_server_key
    ) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM dropped WHERE folded = ?)
    ON CONFLICT DO NOTHING RETURNING id
"""
_RESET = "SELECT account FROM second_factor_reset ORDER BY account"


class Snapshot(NamedTuple):
    """All accounts at one moment.

    Args:
        changes: the value of `SqliteAccounts.changes` at that moment.
        accounts: all accounts.
        dropped: the deleted accounts whose names are not free.
        passwords: by the number of the account, how often its password was changed.
        last: the greatest number that an account has ever had.
        reset: the numbers of the accounts whose second factors a command has removed.
        passkeys: what passkeys commands have removed: numbers of accounts, and ids.
    """

    changes: int
    accounts: list[Account]
    dropped: list[Account]
    passwords: dict[int, int]
    last: int
    reset: list[int]
    passkeys: list[tuple[int, str]]


class ScramForm(NamedTuple):
    """What SCRAM shows of an account besides its salt.

    Args:
        iterations: of the key derivation, which depend on the settings when the password was set.
        salt_bytes: the length of the salt.
        accounts: how many accounts have it.
    """

    iterations: int
    salt_bytes: int
    accounts: int


class SqliteAccounts:
    """The table of accounts.

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def snapshot(self) -> Snapshot:
        """Return all accounts, as of one moment."""
        return await self._database.read(_snapshot)

    async def changes(self) -> int:
        """Return a counter of accounts added, deleted or freed, by this process or another."""
        return await self._database.read(_changes)

    async def credentials(self, account: int) -> Credentials | None:
        """Return the credentials of an account; None when there is no such account."""
        return await self._database.read(_credentials, account)

    async def scram_forms(self) -> list[ScramForm]:
        """Return the forms that the keys of accounts have, the most frequent first."""
        return await self._database.read(_scram_forms)

    async def insert(
        self,
        account: Account,
        credentials: Credentials,
        email: Email | None,
        identity: IdentityKey | None = None,
    ) -> Account | None:
        """Add an account and return it with its number; None when the name is or was taken, or
        another account has the identity.
        """
        return await self._database.write(_insert_new, account, credentials, email, identity)

    async def email(self, account: int) -> Email | None:
        """Return the e-mail address of an account."""
        return await self._database.read(email_of, account)

    async def update(self, account: int, credentials: Credentials) -> int:
        """Replace the credentials of an account; return how often they were replaced."""
        return await self._database.erase(update, account, credentials)

    async def replace_hash(self, account: int, hashed: str, credentials: Credentials) -> None:
        """Replace the credentials of an account by others of the same password, unless they have
        changed meanwhile.
        """
        await self._database.erase(_replace_hash, account, hashed, credentials)

    async def delete(self, account: int) -> None:
        """Delete an account."""
        await self._database.erase(delete, account)

    async def free(self, folded: str) -> bool:
        """Free the name of a deleted account; return whether there was one of this name."""
        return await self._database.write(free, folded)

    async def certificates(self, account: int) -> list[Certificate]:
        """Return an account's certificates."""
        return await self._database.read(_certificates, account)

    async def by_certificate(self, fingerprint: str, account: int) -> int | None:
        """Return the number of the account that a certificate logs in to, or None.

        Args:
            fingerprint: of the certificate.
            account: the only account in question; 0 for the one that has proved the key.
        """
        return await self._database.read(_by_certificate, fingerprint, account)

    async def add_certificate(self, account: int, fingerprint: str, *, is_proved: bool) -> bool:
        """Add a certificate to an account that exists; return whether the account has it now."""
        return await self._database.write(
            add_certificate, account, fingerprint, is_proved=is_proved
        )

    async def remove_certificate(self, account: int, fingerprint: str) -> bool:
        """Remove a certificate from an account; return whether the account had it."""
        return await self._database.write(remove_certificate, account, fingerprint)

    async def app_passwords(self, account: int) -> list[AppPassword]:
        """Return an account's app passwords."""
        return await self._database.read(app_passwords.of_account, account)

    async def add_app_password(self, account: int, password: AppPassword) -> bool:
        """Add an app password to an account that exists; return whether the account has it now."""
        return await self._database.write(app_passwords.add, account, password)

    async def remove_app_password(self, account: int, digest: str) -> bool:
        """Remove an app password from an account; return whether the account had it."""
        return await self._database.write(app_passwords.remove, account, digest)

    async def identities(self, account: int) -> list[IdentityKey]:
        """Return an account's identities."""
        return await self._database.read(identities.of_account, account)

    async def by_identity(self, identity: IdentityKey) -> int | None:
        """Return the number of the account that an identity logs in to, or None."""
        return await self._database.read(identities.holder, identity)

    async def add_identity(self, account: int, identity: IdentityKey) -> bool:
        """Link an identity to an account that exists; return whether the account has it now."""
        return await self._database.write(identities.add, account, identity)

    async def remove_identity(self, account: int, identity: IdentityKey) -> bool:
        """Unlink an identity from an account; return whether the account had it."""
        return await self._database.write(identities.remove, account, identity)

    async def secret(self, name: str) -> bytes:
        """Return a random value of 32 bytes, which is made on first use and never changes."""
        return await self._database.write(secret, name)

    async def known_secret(self, name: str) -> bytes | None:
        """Return a value that was stored by `keep_secret`, or None."""
        return await self._database.read(_known_secret, name)

    async def keep_secret(self, name: str, value: bytes) -> None:
        """Store a value for ever."""
        await self._database.write(_keep_secret, name, value)

    async def forget_devices(self) -> int:
        """Delete the devices for push messages of all accounts; return how many had any."""
        return await self._database.write(_forget_devices)


def every_account(connection: "apsw.Connection") -> list[Account]:
    """Return every account."""
    return [
        Account(*row) for row in connection.execute("SELECT name, folded, created, id FROM account")
    ]


def dropped_accounts(connection: "apsw.Connection") -> list[Account]:
    """Return the deleted accounts whose names are not free."""
    return [
        Account(*row) for row in connection.execute("SELECT name, folded, created, id FROM dropped")
    ]


def _snapshot(connection: "apsw.Connection") -> Snapshot:
    with connection:  # one transaction, so that no maintenance command changes anything in between
        changes, accounts, dropped = (
            _changes(connection),
            every_account(connection),
            dropped_accounts(connection),
        )
        passwords = {
            int(number): int(count)
            for number, count in connection.execute("SELECT id, passwords FROM account")
        }
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'account'").get
        reset = [int(number) for (number,) in connection.execute(_RESET)]
        keys = passkeys.removed(connection)
    return Snapshot(changes, accounts, dropped, passwords, int(last or 0), reset, keys)


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'account'").get)


def _credentials(connection: "apsw.Connection", account: int) -> Credentials | None:
    query = (
        "SELECT password, scram_salt, scram_iterations, scram_stored_key, scram_server_key FROM"
        " account WHERE id = ?"
    )
    row = connection.execute(query, (account,)).fetchone()
    return Credentials(row[0], ScramKeys(*row[1:])) if row else None


def _scram_forms(connection: "apsw.Connection") -> list[ScramForm]:
    query = (
        "SELECT scram_iterations, length(scram_salt), count(*) FROM account GROUP BY 1, 2"
        " ORDER BY 3 DESC, 1, 2"
    )
    return [ScramForm(*row) for row in connection.execute(query)]


def insert(
    connection: "apsw.Connection",
    account: Account,
    credentials: Credentials,
    email: Email | None = None,
    identity: IdentityKey | None = None,
) -> Account | None:
    """Add an account and return it with its number, a new one if it has none; None when the name,
    or the number, is or was taken. An identity of another account is not linked.
    """
    facts = account.id or None, account.folded, account.name, account.created
    row = (*facts, credentials.password, *credentials.scram)
    number = connection.execute(_INSERT, (*row, account.folded)).get
    if number is None:
        return None
    if email is not None:
        connection.execute("INSERT INTO email VALUES (?, ?, ?)", (number, *email))
    if identity is not None:
        identities.add(connection, int(number), identity)
    return account._replace(id=int(number))


def _insert_new(
    connection: "apsw.Connection",
    account: Account,
    credentials: Credentials,
    email: Email | None,
    identity: IdentityKey | None,
) -> Account | None:
    if identity is not None and identities.holder(connection, identity) is not None:
        return None
    return insert(connection, account, credentials, email, identity)


def set_email(connection: "apsw.Connection", account: int, email: Email | None) -> None:
    """Replace the e-mail address of an account that still exists, or remove it."""
    connection.execute("DELETE FROM email WHERE account = ?", (account,))
    if email is not None:
        connection.execute(
            "INSERT INTO email SELECT id, ?, ? FROM account WHERE id = ?", (*email, account)
        )


def email_of(connection: "apsw.Connection", account: int) -> Email | None:
    """Return the e-mail address of an account."""
    row = connection.execute(
        "SELECT address, verified FROM email WHERE account = ?", (account,)
    ).fetchone()
    return Email(str(row[0]), bool(row[1])) if row else None


def update(connection: "apsw.Connection", account: int, credentials: Credentials) -> int:
    """Replace the credentials of an account, and delete its app passwords, which an intruder may
    have made; return how often the credentials were replaced.
    """
    connection.execute("DELETE FROM app_password WHERE account = ?", (account,))
    changed = connection.execute(
        "UPDATE account SET password = ?, scram_salt = ?, scram_iterations = ?, scram_stored_key ="
        " ?, scram_server_key = ?, passwords = passwords + 1 WHERE id = ? RETURNING passwords",
        (credentials.password, *credentials.scram, account),
    ).get
    return int(changed or 0)


def _replace_hash(
    connection: "apsw.Connection", account: int, hashed: str, credentials: Credentials
) -> None:
    connection.execute(
        "UPDATE account SET password = ?, scram_salt = ?, scram_iterations = ?, scram_stored_key ="
        " ?, scram_server_key = ? WHERE id = ? AND password = ?",
        (credentials.password, *credentials.scram, account, hashed),
    )


def delete(connection: "apsw.Connection", account: int) -> None:
    """Delete an account and the rows that refer to it; a trigger keeps its name."""
    connection.execute("DELETE FROM account WHERE id = ?", (account,))


def free(connection: "apsw.Connection", folded: str, account: int = 0) -> bool:
    """Free the name of a deleted account; return whether there was one of this name.

    Args:
        connection: the database.
        folded: the name, folded.
        account: the number of the only account in question; 0 for any.
    """
    query = "DELETE FROM dropped WHERE folded = ?1 AND ?2 IN (0, id)"
    connection.execute(query, (folded, account))
    return connection.changes() == 1


def secret(connection: "apsw.Connection", name: str) -> bytes:
    """Return a random value, which is made on first use; see `SqliteAccounts.secret`."""
    connection.execute(
        "INSERT INTO secret VALUES (?, ?) ON CONFLICT DO NOTHING", (name, os.urandom(32))
    )
    return bytes(connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).get)


def _known_secret(connection: "apsw.Connection", name: str) -> bytes | None:
    value = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).get
    return None if value is None else bytes(value)


def _keep_secret(connection: "apsw.Connection", name: str, value: bytes) -> None:
    connection.execute("INSERT INTO secret VALUES (?, ?)", (name, value))


def _forget_devices(connection: "apsw.Connection") -> int:
    connection.execute("DELETE FROM push")
    return connection.changes()


def _certificates(connection: "apsw.Connection", account: int) -> list[Certificate]:
    query = "SELECT fingerprint, is_proved FROM certificate WHERE account = ? ORDER BY fingerprint"
    return [
        Certificate(str(fingerprint), bool(is_proved))
        for fingerprint, is_proved in connection.execute(query, (account,))
    ]


def _by_certificate(connection: "apsw.Connection", fingerprint: str, account: int) -> int | None:
    query = (
        "SELECT account FROM certificate WHERE fingerprint = ?1 AND iif(?2, account = ?2,"
        " is_proved)"
    )
    row = connection.execute(query, (fingerprint, account)).fetchone()
    return int(row[0]) if row else None


def add_certificate(
    connection: "apsw.Connection", account: int, fingerprint: str, *, is_proved: bool
) -> bool:
    """Add a certificate to an account that exists; see `SqliteAccounts.add_certificate`."""
    if _by_certificate(connection, fingerprint, 0) not in (None, account):
        return False
    if is_proved:
        connection.execute(
            "DELETE FROM certificate WHERE fingerprint = ? AND account <> ?", (fingerprint, account)
        )
    # A maintenance command may have deleted the account meanwhile.
    query = (
        "INSERT INTO certificate SELECT ?, id, ? FROM account WHERE id = ?"
        " ON CONFLICT DO UPDATE SET is_proved = max(is_proved, excluded.is_proved)"
    )
    connection.execute(query, (fingerprint, is_proved, account))
    return _by_certificate(connection, fingerprint, account) == account


def remove_certificate(connection: "apsw.Connection", account: int, fingerprint: str) -> bool:
    """Remove a certificate from an account; return whether the account had it."""
    connection.execute(
        "DELETE FROM certificate WHERE fingerprint = ? AND account = ?", (fingerprint, account)
    )
    return connection.changes() == 1
