"""Accounts on disk."""

import os
from typing import TYPE_CHECKING

from trio_chat.chat.accounts import Account, Credentials, Email, ScramKeys
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw


class SqliteAccounts:
    """The table of accounts.

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Account]:
        """Return every account."""
        return await self._database.read(every_account)

    async def changes(self) -> int:
        """Return a number that grows whenever an account is added or deleted, by whomever."""
        return await self._database.read(_changes)

    async def credentials(self, folded: str) -> Credentials | None:
        """Return what the password of an account is checked against; None when there is no such account."""
        return await self._database.read(_credentials, folded)

    async def insert(self, account: Account, credentials: Credentials, email: Email | None) -> bool:
        """Add an account; tell whether it was added, which it is not when there is one of this name."""
        return await self._database.write(insert, account, credentials, email)

    async def email(self, folded: str) -> Email | None:
        """Return the e-mail address of an account."""
        return await self._database.read(email_of, folded)

    async def update(self, folded: str, credentials: Credentials) -> None:
        """Give an account other credentials."""
        await self._database.erase(update, folded, credentials)

    async def delete(self, folded: str) -> None:
        """Delete an account."""
        await self._database.erase(delete, folded)

    async def certificates(self, folded: str) -> list[str]:
        """Return the fingerprints of an account's certificates."""
        return await self._database.read(_certificates, folded)

    async def by_certificate(self, fingerprint: str) -> str | None:
        """Return the folded name of the account that a certificate belongs to."""
        return await self._database.read(_by_certificate, fingerprint)

    async def add_certificate(self, folded: str, fingerprint: str) -> bool:
        """Add a certificate to an account that there is; tell whether it is this account's now."""
        return await self._database.write(_add_certificate, folded, fingerprint)

    async def remove_certificate(self, folded: str, fingerprint: str) -> bool:
        """Take a certificate from an account; tell whether it had it."""
        return await self._database.write(_remove_certificate, folded, fingerprint)

    async def secret(self, name: str) -> bytes:
        """Return a random value of 32 bytes that is the same for ever, made when it is first asked for."""
        return await self._database.write(_secret, name)


def every_account(connection: "apsw.Connection") -> list[Account]:
    """Return every account."""
    return [Account(*row) for row in connection.execute("SELECT name, folded, created FROM account")]


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'account'").get)


def _credentials(connection: "apsw.Connection", folded: str) -> Credentials | None:
    query = "SELECT password, scram_salt, scram_iterations, scram_stored_key, scram_server_key FROM account WHERE folded = ?"
    row = connection.execute(query, (folded,)).fetchone()
    return Credentials(row[0], ScramKeys(*row[1:])) if row else None


def insert(connection: "apsw.Connection", account: Account, credentials: Credentials, email: Email | None = None) -> bool:
    """Add an account; tell whether it was added, which it is not when there is one of this name."""
    row = (account.folded, account.name, account.created, credentials.password, *credentials.scram)
    connection.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
    is_new = connection.changes() == 1
    if is_new and email is not None:
        connection.execute("INSERT INTO email VALUES (?, ?, ?)", (account.folded, *email))
    return is_new


def email_of(connection: "apsw.Connection", folded: str) -> Email | None:
    """Return the e-mail address of an account."""
    row = connection.execute("SELECT address, verified FROM email WHERE account = ?", (folded,)).fetchone()
    return Email(str(row[0]), bool(row[1])) if row else None


def update(connection: "apsw.Connection", folded: str, credentials: Credentials) -> None:
    """Give an account other credentials."""
    connection.execute(
        "UPDATE account SET password = ?, scram_salt = ?, scram_iterations = ?, scram_stored_key = ?, scram_server_key = ?"
        " WHERE folded = ?",
        (credentials.password, *credentials.scram, folded),
    )


def delete(connection: "apsw.Connection", folded: str) -> None:
    """Delete an account."""
    connection.execute("DELETE FROM account WHERE folded = ?", (folded,))


def _secret(connection: "apsw.Connection", name: str) -> bytes:
    connection.execute("INSERT INTO secret VALUES (?, ?) ON CONFLICT DO NOTHING", (name, os.urandom(32)))
    return bytes(connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).get)


def _certificates(connection: "apsw.Connection", folded: str) -> list[str]:
    query = "SELECT fingerprint FROM certificate WHERE account = ? ORDER BY fingerprint"
    return [str(fingerprint) for (fingerprint,) in connection.execute(query, (folded,))]


def _by_certificate(connection: "apsw.Connection", fingerprint: str) -> str | None:
    row = connection.execute("SELECT account FROM certificate WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return str(row[0]) if row else None


def _add_certificate(connection: "apsw.Connection", folded: str, fingerprint: str) -> bool:
    # The account may have been deleted by a command beside this server.
    connection.execute(
        "INSERT INTO certificate SELECT ?, folded FROM account WHERE folded = ? ON CONFLICT DO NOTHING", (fingerprint, folded)
    )
    return _by_certificate(connection, fingerprint) == folded


def _remove_certificate(connection: "apsw.Connection", folded: str, fingerprint: str) -> bool:
    connection.execute("DELETE FROM certificate WHERE fingerprint = ? AND account = ?", (fingerprint, folded))
    return connection.changes() == 1
