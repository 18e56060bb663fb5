"""The tables of passkeys. A command removes one beside a server that is running: the server may be
about to store the passkeys of the account again, so what was removed is noted until it has.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw

_REMOVED = "SELECT account, passkey FROM passkey_reset ORDER BY account, passkey"
_STORED = "SELECT state FROM passkey WHERE account = ?"


def of_account(connection: "apsw.Connection", account: int) -> list[dict[str, Any]]:
    """Return the passkeys of an account as plain data."""
    row = connection.execute(_STORED, (account,)).fetchone()
    return json.loads(row[0]) if row else []


def remove(connection: "apsw.Connection", account: int, name: str) -> bool:
    """Remove a passkey of an account by its name; return whether there was one."""
    known = of_account(connection, account)
    found = next((one["id"] for one in known if one["name"] == name), None)
    if found is None:
        return False
    _store(connection, account, [one for one in known if one["id"] != found])
    connection.execute("INSERT OR IGNORE INTO passkey_reset VALUES (?, ?)", (account, found))
    return True


def removed(connection: "apsw.Connection") -> list[tuple[int, str]]:
    """Return what commands have removed: the numbers of accounts, and ids."""
    return [(int(account), str(passkey)) for account, passkey in connection.execute(_REMOVED)]


def clear_removed(connection: "apsw.Connection") -> None:
    """Remove what a server has stored again before it was stopped, and forget the notes."""
    for account, passkey in removed(connection):
        known = of_account(connection, account)
        _store(connection, account, [one for one in known if one["id"] != passkey])
    connection.execute("DELETE FROM passkey_reset")


def settle(connection: "apsw.Connection", stored: Mapping[int, Any]) -> None:
    """Forget the notes about passkeys that a server has not among those that it stores now.

    Args:
        connection: the database.
        stored: the passkeys of accounts that were stored just now, by numbers.
    """
    if not stored:
        return
    for account, passkey in removed(connection):
        if account in stored and passkey not in {one["id"] for one in stored[account] or ()}:
            row = (account, passkey)
            connection.execute("DELETE FROM passkey_reset WHERE account = ? AND passkey = ?", row)


def _store(connection: "apsw.Connection", account: int, left: list[dict[str, Any]]) -> None:
    if left:
        row = (json.dumps(left, ensure_ascii=False), account)
        connection.execute("UPDATE passkey SET state = ? WHERE account = ?", row)
    else:
        connection.execute("DELETE FROM passkey WHERE account = ?", (account,))
