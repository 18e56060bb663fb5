"""The table of identities, by which single sign-on and directories log in to accounts."""

from typing import TYPE_CHECKING

from trio_chat.chat.identity_keys import MOST, IdentityKey

if TYPE_CHECKING:
    import apsw


def of_account(connection: "apsw.Connection", account: int) -> list[IdentityKey]:
    """Return the identities of an account, in their order."""
    query = "SELECT issuer, subject FROM identity WHERE account = ? ORDER BY 1, 2"
    return [IdentityKey(*row) for row in connection.execute(query, (account,))]


def holder(connection: "apsw.Connection", identity: IdentityKey) -> int | None:
    """Return the number of the account that an identity logs in to, or None."""
    query = "SELECT account FROM identity WHERE issuer = ? AND subject = ?"
    row = connection.execute(query, identity).fetchone()
    return int(row[0]) if row else None


def add(connection: "apsw.Connection", account: int, identity: IdentityKey) -> bool:
    """Link an identity to an account that exists, unless another one has it, or this one has as
    many as it may have; return whether the account has it now.
    """
    query = (
        "INSERT INTO identity SELECT ?2, ?3, id FROM account WHERE id = ?1"
        " AND (SELECT count(*) FROM identity WHERE account = ?1) < ?4"
        " ON CONFLICT DO NOTHING"
    )
    connection.execute(query, (account, *identity, MOST))
    return holder(connection, identity) == account


def remove(connection: "apsw.Connection", account: int, identity: IdentityKey) -> bool:
    """Unlink an identity from an account; return whether the account had it."""
    query = "DELETE FROM identity WHERE account = ? AND issuer = ? AND subject = ?"
    connection.execute(query, (account, *identity))
    return connection.changes() == 1
