"""The table of webhooks."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.hooks import Hook, from_state
from trio_chat.storage.database import Database

if TYPE_CHECKING:
    import apsw

# A command marks a hook as removed by an empty state, which a server that has not noticed yet must
# not overwrite.
_KEEP = (
    "INSERT INTO hook VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state WHERE"
    " hook.state != ''"
)


class SqliteHooks:
    """The table of webhooks (the port `trio_chat.chat.hooks.HookTable`).

    Args:
        database: where it is.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> list[Hook]:
        """Return all hooks; see `HookTable.load`."""
        return await self._database.read(every_hook)

    async def changes(self) -> int:
        """Return a counter of changes; see `HookTable.changes`."""
        return await self._database.read(_changes)


def every_hook(connection: "apsw.Connection") -> list[Hook]:
    """Return all hooks, the oldest first."""
    rows = connection.execute("SELECT state FROM hook WHERE state != ''")
    hooks = [from_state(json.loads(str(state))) for (state,) in rows]
    return sorted(hooks, key=lambda hook: (hook.created, hook.digest))


def save(connection: "apsw.Connection", changes: Mapping[str, Hook | None]) -> None:
    """Store changes of hooks; None in the place of one deletes it."""
    for digest, hook in changes.items():
        if hook is None:
            connection.execute("DELETE FROM hook WHERE digest = ?", (digest,))
        else:
            connection.execute(_KEEP, (digest, json.dumps(hook.to_state(), ensure_ascii=False)))


def remove(connection: "apsw.Connection", digests: Iterable[str]) -> None:
    """Mark hooks as removed, for a server that is running to notice."""
    connection.executemany(
        "UPDATE hook SET state = '' WHERE digest = ?", [(digest,) for digest in digests]
    )


def clear_removed(connection: "apsw.Connection") -> None:
    """Delete hooks that were marked as removed while no server was running."""
    connection.execute("DELETE FROM hook WHERE state = ''")


def _changes(connection: "apsw.Connection") -> int:
    return int(connection.execute("SELECT count FROM change WHERE name = 'hook'").get)
