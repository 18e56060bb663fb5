"""The steps of the clock, and the state of the steady clock for expiry (`chat.steady`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trio_chat.chat.history import Record
from trio_chat.chat.ids import seconds
from trio_chat.chat.steady import ClockState
from trio_chat.chat.timeline import EARLY_IDS, ClockStep, Timeline

if TYPE_CHECKING:
    import apsw

    from trio_chat.storage.database import Database

MOST_STEPS = 10_000
"""The most steps that are derived when messages of another server are imported: the first ones."""
_FOUND_STEPS = """
    SELECT id, shift FROM (
        SELECT id, shift, lag(shift, 1, 0) OVER (ORDER BY id) AS before
        FROM (SELECT id, shift FROM message UNION ALL SELECT id, shift FROM event)
        WHERE id NOT BETWEEN ? AND ?
    ) WHERE shift <> before ORDER BY id LIMIT ?
"""


class SqliteClock:
    """The tables of the clock.

    Args:
        database: the database.

    Every method raises `StorageError` when the database cannot do it.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database

    async def timeline(self) -> Timeline:
        """Return the steps of the clock."""
        return await self._database.read(timeline)

    async def kept(self) -> ClockState | None:
        """Return the stored state of the steady clock; in a database of an earlier version, the
        time of the newest message.
        """
        return await self._database.read(_kept)

    async def keep(self, kept: ClockState) -> None:
        """Store the state of the steady clock."""
        await self._database.write(_keep, kept)


def timeline(connection: "apsw.Connection") -> Timeline:
    """Return the steps of the clock."""
    return Timeline(
        ClockStep(*row)
        for row in connection.execute("SELECT first, shift FROM clock_step ORDER BY first")
    )


def note_steps(connection: "apsw.Connection", records: Sequence[Record]) -> None:
    """Store a step of the clock for each record whose shift differs from the one before."""
    shift = connection.execute("SELECT shift FROM clock_step ORDER BY first DESC LIMIT 1").get or 0
    for record in records:
        if record.shift != shift:
            shift = record.shift
            connection.execute(
                "INSERT INTO clock_step VALUES (?, ?) ON CONFLICT DO UPDATE SET shift ="
                " excluded.shift",
                (record.id, shift),
            )


def find_steps(connection: "apsw.Connection") -> None:
    """Derive the steps from all stored messages and events."""
    early = (EARLY_IDS.start, EARLY_IDS.stop - 1)  # the timeline calculates their times
    found = connection.execute(_FOUND_STEPS, (*early, MOST_STEPS)).fetchall()
    connection.execute("DELETE FROM clock_step")
    connection.executemany("INSERT INTO clock_step VALUES (?, ?)", found)


def _kept(connection: "apsw.Connection") -> ClockState | None:
    row = connection.execute("SELECT base, seen, left FROM clock").fetchone()
    if row is not None:
        return ClockState(*map(float, row))  # a damaged page may have no number here
    newest = connection.execute("SELECT id, shift FROM message ORDER BY id DESC LIMIT 1").fetchone()
    return ClockState(seconds(*newest), seconds(*newest)) if newest is not None else None


def _keep(connection: "apsw.Connection", kept: ClockState) -> None:
    connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?)", kept)
