"""The table of API tokens."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.api_tokens import ApiToken, from_state
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

# A command marks a token as removed by an empty state, which a server that has not noticed yet must
# not overwrite.
_KEEP = (
    "INSERT INTO api_token VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state WHERE"
    " api_token.state != ''"
)


class SqliteApiTokens:
    """The table of API tokens (the port `trio_chat.chat.api_tokens.ApiTokenTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[ApiToken]:
        """Return all tokens; see `ApiTokenTable.load`."""
        return await self._database.read(every_api_token)

    async def changes(self) -> int:
        """Return a counter of changes; see `ApiTokenTable.changes`."""
        return await self._database.read(_changes)


def every_api_token(connection: "apsw.Connection") -> list[ApiToken]:
    """Return all tokens, the oldest first."""
    rows = connection.execute("SELECT state FROM api_token WHERE state != ''")
    tokens = [from_state(json.loads(str(state))) for (state,) in rows]
    return sorted(tokens, key=lambda token: (token.created, token.digest))


def save(connection: "apsw.Connection", changes: Mapping[str, ApiToken | None]) -> None:
    """Store changes of tokens; None in the place of one deletes it."""
    for digest, token in changes.items():
        if token is None:
            connection.execute("DELETE FROM api_token WHERE digest = ?", (digest,))
        else:
            connection.execute(_KEEP, (digest, json.dumps(token.to_state(), ensure_ascii=False)))


def remove(connection: "apsw.Connection", digests: Iterable[str]) -> None:
    """Mark tokens as removed, for a server that is running to notice."""
    connection.executemany(
        "UPDATE api_token SET state = '' WHERE digest = ?", [(digest,) for digest in digests]
    )


def clear_removed(connection: "apsw.Connection") -> None:
    """Delete tokens that were marked as removed while no server was running."""
    connection.execute("DELETE FROM api_token WHERE state = ''")


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'api_token'").get)
