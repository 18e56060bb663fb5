"""The table of ids of relayed messages (`trio_chat.chat.relayed_ids`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trio_chat.chat.relayed_ids import RelayKey

if TYPE_CHECKING:
    import apsw

_KEEP = (
    "INSERT INTO relayed (sender, kind, key, id) VALUES (?, ?, ?, ?) ON CONFLICT (sender, kind,"
    " key) DO UPDATE SET id = excluded.id"
)
_FORGET = "DELETE FROM relayed WHERE sender = ? AND kind = ? AND key = ?"


def load(connection: "apsw.Connection") -> dict[RelayKey, int]:
    """Return all ids, the first ones first."""
    rows = connection.execute("SELECT sender, kind, key, id FROM relayed ORDER BY place")
    return {RelayKey(sender, kind, key): number for sender, kind, key, number in rows}


def save(connection: "apsw.Connection", changes: Mapping[RelayKey, int]) -> None:
    """Store ids; 0 in the place of one deletes it."""
    for key, number in sorted(changes.items(), key=lambda item: abs(item[1])):
        if number:
            connection.execute(_KEEP, (*key, number))
        else:
            connection.execute(_FORGET, tuple(key))
