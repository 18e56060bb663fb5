"""The table of app passwords."""

from typing import TYPE_CHECKING

from trio_chat.chat.app_passwords import MOST, AppPassword

if TYPE_CHECKING:
    import apsw


def of_account(connection: "apsw.Connection", account: int) -> list[AppPassword]:
    """Return the app passwords of an account, in the order of their names."""
    query = (
        "SELECT name, digest, created, used, expires FROM app_password WHERE account = ?"
        " ORDER BY name"
    )
    return [AppPassword(*row) for row in connection.execute(query, (account,))]


def add(connection: "apsw.Connection", account: int, password: AppPassword) -> bool:
    """Add an app password to an account that exists, unless it has one of this name, or as many as
    it may have; return whether it has this one now. Those that have expired before are removed.
    """
    connection.execute(
        "DELETE FROM app_password WHERE account = ? AND expires BETWEEN 1 AND ?",
        (account, password.created),
    )
    query = (
        "INSERT INTO app_password SELECT id, ?2, ?3, ?4, ?5, ?6 FROM account WHERE id = ?1"
        " AND (SELECT count(*) FROM app_password WHERE account = ?1) < ?7"
        " ON CONFLICT DO NOTHING"
    )
    connection.execute(query, (account, *password, MOST))
    return password.digest in {each.digest for each in of_account(connection, account)}


def remove(connection: "apsw.Connection", account: int, digest: str) -> bool:
    """Remove an app password from an account; return whether the account had it."""
    connection.execute(
        "DELETE FROM app_password WHERE account = ? AND digest = ?", (account, digest)
    )
    return connection.changes() == 1


def note_use(connection: "apsw.Connection", account: int, digest: str, used: int) -> None:
    """Note when an app password was used, if the account still has it."""
    connection.execute(
        "UPDATE app_password SET used = max(used, ?) WHERE account = ? AND digest = ?",
        (used, account, digest),
    )
