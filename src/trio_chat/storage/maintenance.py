"""Maintenance of the database by commands, with or without a running server.

The functions are synchronous, and every transaction is short: SQLite's write-ahead log lets a
server go on reading, and its messages wait for one batch at most. Only the server migrates the
schema: a server of the former version may still be running.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import apsw

from trio_chat.chat.history import LAST_ID, MESSAGES, Record, Span
from trio_chat.chat.timeline import is_early
from trio_chat.i18n import _
from trio_chat.irc.names import use_casemapping
from trio_chat.storage import lock, turns
from trio_chat.storage.casemapping import stored_casemapping
from trio_chat.storage.clock import find_steps
from trio_chat.storage.errors import StorageError, check_name, file_error
from trio_chat.storage.events import append_events, select_messages_and_tags
from trio_chat.storage.messages import (
    append_messages,
    buffer_id,
    delete_old,
    last_id,
    select_messages,
)
from trio_chat.storage.schema import SchemaError, is_of_cluster, migrations, schema_version
from trio_chat.storage.search_index import index_new, indexed_range, merge
from trio_chat.storage.secure_delete import empty_log, prepare_erasing
from trio_chat.storage.transactions import damage_reported, explain, in_transaction
from trio_chat.storage.turns import Turn, sync_seldom
from trio_chat.storage.uploads import delete_removed
from trio_chat.storage.write_lock import wait_for_lock

PAGE = 50
"""Messages read at once, which with the work on them takes a millisecond."""
BATCH = 200
"""Messages written in one transaction while no server runs."""
_STEP = 25
"""Messages written between two looks at the clock, beside a server."""
DELETED_AT_ONCE = 5
"""Messages deleted between two looks at the clock: removing one from the search index takes up to a
millisecond.
"""
_PATIENCE = 30.0
"""Seconds for which a command waits for another writer."""
_MOST_SECONDS, _RETRY = 10.0, 0.1
"""Seconds for which truncating a write-ahead log is tried while another process reads it, and
seconds between attempts.
"""
_STEPS_PER_LOOK = 100_000
_KNOWN = "SELECT id FROM message WHERE id IN (SELECT value FROM json_each(?))"
_PLACES = """
    SELECT message.id, buffer.name FROM message JOIN buffer ON buffer.id = message.buffer
    WHERE message.id IN (SELECT value FROM json_each(?))
"""
_REDACTED = "SELECT id FROM redacted WHERE id IN (SELECT value FROM json_each(?))"
_KNOWN_EVENTS = """
    SELECT id FROM event WHERE buffer = (SELECT id FROM buffer WHERE name = ?)
    AND id IN (SELECT value FROM json_each(?))
"""
_COUNT = """
    SELECT count(*) FROM buffer CROSS JOIN {0} ON {0}.buffer = buffer.id
    WHERE {0}.id < :before AND (:name IS NULL OR buffer.name = :name)
"""
_COUNT_MESSAGES, _COUNT_EVENTS = _COUNT.format("message"), _COUNT.format("event")


@contextmanager
def connected(
    path: Path, *, as_it_is: bool = False, instead: str = ""
) -> Iterator[apsw.Connection]:
    """Open a database that a server has created, and use its case mapping in this process.

    Args:
        path: the file.
        as_it_is: accept an older schema, and leave the case mapping of this process alone.
        instead: what to use where the database belongs to a cluster, whose servers have their state
            from its log alone; "" for a command that changes none of that.

    Raises:
        StorageError: there is no such database, it cannot be used, it belongs to a cluster, or
            SQLite failed while it was open.
    """
    try:
        if path.is_dir():
            words = _("{file}: this is a directory, and no database")
            raise StorageError(words.format(file=path))
        if not path.is_file():
            raise StorageError(
                _("{file}: there is no such database; a server makes one when it starts").format(
                    file=path
                )
            )
        check_name(path)
        # Commands that only read open it for writing, too: the last connection that is closed
        # removes the write-ahead log, which a reader cannot.
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            _prepare(connection, as_it_is=as_it_is)
            with damage_reported(f"{path}: "):
                if not as_it_is:
                    use_casemapping(stored_casemapping(connection))
                if instead:
                    refuse_in_cluster(connection, path, instead)
                yield connection
            if connection.total_changes():
                if not as_it_is:
                    delete_removed(connection, path)
                _empty_log(connection)
        finally:
            connection.close()
    except SchemaError as error:
        words = _("{file} cannot be used: {reason}")
        raise StorageError(words.format(file=path, reason=error)) from error
    except apsw.Error as error:
        raise StorageError(f"{path}: {explain(error)}") from error
    except PermissionError as error:
        raise file_error(path, error) from error


def refuse_in_cluster(connection: apsw.Connection, path: Path, instead: str) -> None:
    """Refuse what only the log of a cluster can change.

    Args:
        connection: the database.
        path: its file.
        instead: what to use instead, as a sentence.

    Raises:
        StorageError: the database belongs to a cluster.
    """
    if is_of_cluster(connection):
        words = _("{file} belongs to a cluster, whose servers would differ. {instead}")
        raise StorageError(words.format(file=path, instead=instead))


def _prepare(connection: apsw.Connection, *, as_it_is: bool) -> None:
    # Python handles Ctrl-C only between its own instructions; the progress handler gives it some
    # during a long statement.
    connection.set_progress_handler(lambda: False, _STEPS_PER_LOOK)
    turns.rest_during_statements(connection)
    wait_for_lock(connection, _PATIENCE)
    version = schema_version(connection)
    if not version:
        raise SchemaError("it is empty; a server fills it when it starts")
    if version < len(migrations()) and not as_it_is:
        raise SchemaError(
            f"its schema is {version}, this version needs {len(migrations())}; start the server"
            " once to update it"
        )
    connection.pragma("foreign_keys", True)
    connection.pragma("synchronous", "full")
    prepare_erasing(connection)


def _empty_log(connection: apsw.Connection) -> None:
    """Truncate the write-ahead log, so that it keeps no deleted data. When a server reads from it
    for too long, that server truncates it later.
    """
    until = time.monotonic() + _MOST_SECONDS
    while not empty_log(connection, _PATIENCE) and time.monotonic() < until:
        time.sleep(_RETRY)


def count_messages(connection: apsw.Connection, channel: str | None = None) -> int:
    """Return the number of messages in one channel, or in all."""
    return int(connection.execute(_COUNT_MESSAGES, {"before": LAST_ID, "name": channel}).get)


def count_old(connection: apsw.Connection, before: int, channel: str | None) -> int:
    """Return the number of messages and events with a smaller id, in one channel or in all."""
    values = {"before": before, "name": channel}
    return sum(
        int(connection.execute(query, values).get) for query in (_COUNT_MESSAGES, _COUNT_EVENTS)
    )


def channels(connection: apsw.Connection) -> list[str]:
    """Return the folded names of all channels that have ever had a message."""
    return [name for (name,) in connection.execute("SELECT name FROM buffer ORDER BY name")]


def pages(
    connection: apsw.Connection, channel: str | None = None, *, with_reactions: bool = False
) -> Iterator[list[Record]]:
    """Yield pages of the messages of one channel, or of each in turn, as of the first call.

    Args:
        connection: the database.
        channel: the folded name; None for all.
        with_reactions: whether messages of tags alone are among them.
    """
    select = select_messages_and_tags if with_reactions else select_messages
    end = last_id(connection) + 1
    for name in channels(connection) if channel is None else [channel]:
        after = 0
        while page := select(connection, name, Span(after, end, from_newest=False), PAGE, 0):
            yield page
            turns.rest()
            after = page[-1].id


def inserter(connection: apsw.Connection, database: Path) -> Callable[[Sequence[Record]], int]:
    """Return how records are inserted from now on: beside a server, by turns with it.

    It returns the number of new ones, as `insert_messages` does.
    """
    if not lock.is_held(database):
        return partial(insert_messages, connection)
    sync_seldom(connection)
    return partial(insert_by_turns, connection)


def insert_messages(connection: apsw.Connection, records: Sequence[Record]) -> int:
    """Insert messages and events as one transaction; return the number of new ones.

    Those that exist, or that were redacted, are left out.
    """
    return in_transaction(connection, _add, records)


def insert_by_turns(connection: apsw.Connection, records: Sequence[Record]) -> int:
    """Insert messages and events as several transactions, between which a server gets the lock of
    writers; see `insert_messages`.
    """
    new = done = 0
    while done < len(records):
        added, done = turns.take(in_transaction, connection, _add_for_a_turn, records, done)
        new += added
    return new


def _add_for_a_turn(
    connection: apsw.Connection, records: Sequence[Record], done: int
) -> tuple[int, int]:
    """Return how many were new, and how many of all are done."""
    turn, new = Turn(), 0
    while done < len(records):
        new += _add(connection, records[done : done + _STEP])
        done += _STEP
        if turn.is_over():
            break
    return new, done


def unknown_ids(connection: apsw.Connection, numbers: Iterable[int]) -> set[int]:
    """Return those ids that no message has, and that no deleted message had."""
    wanted = set(numbers)
    values = (json.dumps(list(wanted)),)
    known = {number for (number,) in connection.execute(_KNOWN, values)}
    # By id alone, since a conversation may have another name here than in the file.
    redacted = {number for (number,) in connection.execute(_REDACTED, values)}
    return wanted - known - redacted


def buffers_of(connection: apsw.Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return the names of the buffers that messages are in, by the ids of those that exist."""
    return dict(connection.execute(_PLACES, (json.dumps(list(numbers)),)))


def _add(connection: apsw.Connection, records: Sequence[Record]) -> int:
    # The first of two messages with the same id counts.
    messages = [record for record in records if record.command in MESSAGES]
    by_id = {record.id: record for record in reversed(messages)}
    new = [by_id[number] for number in sorted(unknown_ids(connection, by_id))]
    events = _new_events(connection, records) if len(messages) < len(records) else []
    names = {record.buffer for record in (*new, *events)}
    numbers = {name: buffer_id(connection, name) for name in names}
    append_messages(connection, [(numbers[record.buffer], record) for record in new])
    append_events(connection, [(numbers[record.buffer], record) for record in events])
    if any(record.shift and not is_early(record.id) for record in new):
        find_steps(connection)
    if new and new[-1].id > indexed_range(connection)[1]:
        # Perhaps no server is running that would do it, or it has no message of its own for long.
        index_new(connection, max(BATCH, len(new)))
    if new:
        merge(connection, len(new))
    return len(new) + len(events)


def _new_events(connection: apsw.Connection, records: Sequence[Record]) -> list[Record]:
    by_key = {
        (record.buffer, record.id): record
        for record in reversed(records)
        if record.command not in MESSAGES
    }
    wanted: dict[str, list[int]] = {}
    for name, number in by_key:
        wanted.setdefault(name, []).append(number)
    for name, numbers in wanted.items():
        values = json.dumps(numbers)
        found = [*connection.execute(_KNOWN_EVENTS, (name, values))]
        found += [*connection.execute(_REDACTED, (values,))]
        for (number,) in found:
            by_key.pop((name, number), None)
    return [by_key[key] for key in sorted(by_key)]


def prune(
    connection: apsw.Connection,
    before: int,
    channel: str | None,
    on_progress: Callable[[int], None],
) -> int:
    """Delete messages and events with a smaller id, in batches; return their number.

    Args:
        connection: the database.
        before: the smallest id that stays.
        channel: the folded name of one channel; None for all.
        on_progress: called after each batch with the number of those deleted so far.
    """
    deleted = 0
    # Messages that arrive meanwhile stay, or there would be no end.
    before = min(before, last_id(connection) + 1)
    sync_seldom(connection)
    while True:
        some = turns.take(in_transaction, connection, _delete_for_a_turn, before, channel)
        if not some:
            return deleted
        deleted += some
        on_progress(deleted)


def _delete_for_a_turn(connection: apsw.Connection, before: int, channel: str | None) -> int:
    turn, deleted = Turn(), 0
    while step := delete_old(connection, before, DELETED_AT_ONCE, channel):
        deleted += step
        if turn.is_over():
            break
    return deleted
