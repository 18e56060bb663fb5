"""The tables of other persistent state: channels, read markers, always-on users, preferences,
metadata, and devices for push messages.
"""

import json
from typing import TYPE_CHECKING

from trio_chat.chat.changes import AuditKept
from trio_chat.chat.persistence import ChangeSet, PendingSetting
from trio_chat.storage import (
    api_tokens,
    bans,
    hooks,
    invitations,
    moderation,
    operations,
    passkeys,
    relayed,
)
from trio_chat.storage.cluster import note_position
from trio_chat.storage.database import Database
from trio_chat.storage.transactions import damage_reported

if TYPE_CHECKING:
    import apsw

_KEEP_CHANNEL = "INSERT INTO channel VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state"
# Each statement stores nothing for an account that a maintenance command has deleted meanwhile.
_KEEP_MARKER = (
    "INSERT INTO marker SELECT id, ?2, ?3 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET time"
    " = excluded.time"
)
_FORGET_FACTORS = (
    "DELETE FROM second_factor WHERE account IN (SELECT account FROM second_factor_reset)"
)
_OF_ACCOUNTS = {
    "users": (
        "INSERT INTO always_on SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " state = excluded.state",
        "DELETE FROM always_on WHERE account = ?",
    ),
    "preferences": (
        "INSERT INTO preference SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " state = excluded.state",
        "DELETE FROM preference WHERE account = ?",
    ),
    "metadata": (
        "INSERT INTO metadata SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " said = excluded.said",
        "DELETE FROM metadata WHERE account = ?",
    ),
    "push": (
        "INSERT INTO push SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET state"
        " = excluded.state",
        "DELETE FROM push WHERE account = ?",
    ),
    "push_rules": (
        "INSERT INTO push_rules SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " state = excluded.state",
        "DELETE FROM push_rules WHERE account = ?",
    ),
    "second_factors": (
        "INSERT INTO second_factor SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE"
        " SET state = excluded.state",
        "DELETE FROM second_factor WHERE account = ?",
    ),
    "passkeys": (
        "INSERT INTO passkey SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " state = excluded.state",
        "DELETE FROM passkey WHERE account = ?",
    ),
    "scheduled": (
        "INSERT INTO scheduled SELECT id, ?2 FROM account WHERE id = ?1 ON CONFLICT DO UPDATE SET"
        " state = excluded.state",
        "DELETE FROM scheduled WHERE account = ?",
    ),
}
"""The statements that store and delete one state for each account, by the fields of `ChangeSet`."""


class SqliteStateStore:
    """The state besides messages and accounts (the port `trio_chat.chat.persistence.StateStore`).

    Args:
        database: the database.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> ChangeSet:
        """Return everything; see `StateStore.load`."""
        with damage_reported():
            return await self._database.write(_load)

    async def pending(self) -> list[PendingSetting]:
        """Return the pending settings; see `StateStore.pending`."""
        return await self._database.read(_pending)

    async def settle(self, last: PendingSetting) -> None:
        """Delete pending settings; see `StateStore.settle`."""
        await self._database.write(_settle, last.number)

    async def save(self, changes: ChangeSet) -> None:
        """Store changes; see `StateStore.save`."""
        await (self._database.erase if is_erasing(changes) else self._database.write)(keep, changes)


def is_erasing(changes: ChangeSet) -> bool:
    """Return whether changes delete or overwrite data of a user; see `Database.erase`."""
    return (
        any(not isinstance(each, AuditKept) for each in changes.operations)
        or bool(changes.metadata)
        or bool(changes.push)
        or bool(changes.push_rules)
        or bool(changes.second_factors)
        or bool(changes.passkeys)
        or bool(changes.scheduled)
        or None in changes.channels.values()
        or None in changes.users.values()
        or None in changes.moderation.values()
    )


def _pending(connection: "apsw.Connection") -> list[PendingSetting]:
    return [
        PendingSetting(*row)
        for row in connection.execute("SELECT id, folded, history FROM wish ORDER BY id")
    ]


def _settle(connection: "apsw.Connection", last: int) -> None:
    connection.execute("DELETE FROM wish WHERE id <= ?", (last,))


def _load(connection: "apsw.Connection") -> ChangeSet:
    # The command that made a pending setting has also changed the stored state of the channel.
    connection.execute("DELETE FROM wish")
    connection.execute(_FORGET_FACTORS)
    connection.execute("DELETE FROM second_factor_reset")
    passkeys.clear_removed(connection)
    hooks.clear_removed(connection)
    api_tokens.clear_removed(connection)
    channels = connection.execute("SELECT folded, state FROM channel ORDER BY folded")
    markers = connection.execute("SELECT account, target, time FROM marker")
    users = connection.execute("SELECT account, state FROM always_on ORDER BY account")
    preferences = connection.execute("SELECT account, state FROM preference")
    metadata = connection.execute("SELECT account, said FROM metadata")
    push = connection.execute("SELECT account, state FROM push")
    push_rules = connection.execute("SELECT account, state FROM push_rules")
    factors = connection.execute("SELECT account, state FROM second_factor")
    keys = connection.execute("SELECT account, state FROM passkey")
    scheduled = connection.execute("SELECT account, state FROM scheduled ORDER BY account")
    return ChangeSet(
        {folded: json.loads(state) for folded, state in channels},
        {(account, target): time for account, target, time in markers},
        {account: json.loads(state) for account, state in users},
        {account: json.loads(state) for account, state in preferences},
        {account: json.loads(said) for account, said in metadata},
        push={account: json.loads(state) for account, state in push},
        push_rules={account: json.loads(state) for account, state in push_rules},
        second_factors={account: json.loads(state) for account, state in factors},
        passkeys={account: json.loads(state) for account, state in keys},
        relayed=relayed.load(connection),
        scheduled={account: json.loads(state) for account, state in scheduled},
    )


def keep(connection: "apsw.Connection", changes: ChangeSet) -> None:
    """Store changes, in the transaction of the caller."""
    operations.store(connection, changes.operations)
    pending = {one.folded: {"history": one.history} for one in _pending(connection)}
    for folded, state in changes.channels.items():
        if state is None:
            connection.execute("DELETE FROM channel WHERE folded = ?", (folded,))
        else:
            connection.execute(
                _KEEP_CHANNEL,
                (folded, json.dumps(state | pending.get(folded, {}), ensure_ascii=False)),
            )
    rows = [(account, target, time) for (account, target), time in changes.markers.items() if time]
    gone = [key for key, time in changes.markers.items() if not time]
    connection.executemany("DELETE FROM marker WHERE account = ? AND target = ?", gone)
    connection.executemany(_KEEP_MARKER, rows)
    for field, (keep_one, delete_one) in _OF_ACCOUNTS.items():
        for account, state in getattr(changes, field).items():
            if state:
                text = json.dumps(state, ensure_ascii=False)
                connection.execute(keep_one, (account, text))
            else:
                connection.execute(delete_one, (account,))
    reset = [(account,) for account, state in changes.second_factors.items() if not state]
    connection.executemany("DELETE FROM second_factor_reset WHERE account = ?", reset)
    passkeys.settle(connection, changes.passkeys)
    bans.save(connection, changes.bans)
    invitations.save(connection, changes.invitations)
    relayed.save(connection, changes.relayed)
    hooks.save(connection, changes.hooks)
    api_tokens.save(connection, changes.api_tokens)
    moderation.save(connection, changes.moderation)
    if changes.position:
        note_position(connection, changes.position)
