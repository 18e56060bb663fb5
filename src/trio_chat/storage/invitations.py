"""The table of invitations for channels and accounts."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.invitations import Invitation
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

_KEEP = (
    "INSERT INTO invitation VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET used_by ="
    " excluded.used_by"
)


class SqliteInvitations:
    """The table of invitations (the port `trio_chat.chat.invitations.InvitationTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[Invitation]:
        """Return all invitations; see `InvitationTable.load`."""
        return await self._database.read(every_invitation)

    async def changes(self) -> int:
        """Return a counter of changes; see `InvitationTable.changes`."""
        return await self._database.read(_changes)


def every_invitation(connection: "apsw.Connection") -> list[Invitation]:
    """Return all invitations, the oldest first."""
    rows = connection.execute(
        "SELECT digest, channel, setter, account, created, expires, uses, used_by FROM invitation"
        " ORDER BY created, digest"
    )
    return [_invitation(*row) for row in rows]


def _invitation(
    digest: str,
    channel: int,
    setter: str,
    account: int,
    created: int,
    expires: int,
    uses: int,
    used_by: str,
) -> Invitation:
    names = tuple(json.loads(used_by))
    return Invitation(digest, channel, setter, account, created, expires, uses, names)


def save(connection: "apsw.Connection", changes: Mapping[str, Invitation | None]) -> None:
    """Store changes of invitations; None in the place of one deletes it."""
    for digest, one in changes.items():
        if one is None:
            connection.execute("DELETE FROM invitation WHERE digest = ?", (digest,))
        else:
            connection.execute(_KEEP, (*one[:-1], json.dumps(one.used_by)))


def end(connection: "apsw.Connection", digests: Iterable[str]) -> None:
    """Let invitations have expired, for a server that is running to notice."""
    connection.executemany(
        "UPDATE invitation SET expires = 1 WHERE digest = ?", [(digest,) for digest in digests]
    )


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'invitation'").get)
