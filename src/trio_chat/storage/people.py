"""Accounts, looked after from outside: what belongs to one, and how all of it goes.

Like `storage.maintenance`: synchronous, beside a running server or without one, never more than a short transaction at
a time. What an account has said is found by reading everything in slices: hardly anybody asks for it, and an index would cost
something with every message.
"""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from trio_chat.chat.accounts import Account, Credentials, Email
from trio_chat.chat.history import Record
from trio_chat.irc.names import fold_or_self
from trio_chat.storage import accounts, maintenance
from trio_chat.storage.database import in_transaction
from trio_chat.storage.events import drop_events
from trio_chat.storage.history import drop_for_ever

if TYPE_CHECKING:
    import apsw

Key = tuple[Any, Any]

_CHANNELS = "SELECT folded, state FROM channel ORDER BY folded"
_MARKERS = "SELECT target, time FROM marker WHERE account = ? ORDER BY target"
_METADATA = "SELECT said FROM metadata WHERE account = ?"
_DROP = {"message": drop_for_ever, "event": drop_events}
_SLICE = "SELECT buffer, id, account FROM {} WHERE (buffer, id) > (?, ?) ORDER BY buffer, id LIMIT ?"


class Belongings(NamedTuple):
    """What belongs to an account besides what it has said.

    Args:
        owned: the states of the channels that it owns.
        ranks: the ranks that it has in channels of others, by the names of these.
        markers: how far it has read: times by channels and people.
        stays: the ranks that its always-on user has, by the names of the channels in which it is.
        always_on: the state of that user, or None.
        preferences: what it has chosen.
        metadata: what it says of itself, values by keys.
        email: its e-mail address, or None.
    """

    owned: list[dict[str, Any]]
    ranks: dict[str, str]
    markers: dict[str, str]
    stays: dict[str, str]
    always_on: dict[str, Any] | None
    preferences: dict[str, bool]
    metadata: dict[str, str]
    email: Email | None


def everybody(connection: "apsw.Connection") -> list[Account]:
    """Return all accounts, by name."""
    return sorted(accounts.every_account(connection), key=lambda account: account.folded)


def find(connection: "apsw.Connection", folded: str) -> Account | None:
    """Return an account; None when there is none of this name."""
    return next((account for account in accounts.every_account(connection) if account.folded == folded), None)


def add(connection: "apsw.Connection", account: Account, credentials: Credentials) -> bool:
    """Add an account; tell whether it was added, which it is not when there is one of this name."""
    return in_transaction(connection, accounts.insert, account, credentials)


def change_password(connection: "apsw.Connection", folded: str, credentials: Credentials) -> None:
    """Give an account other credentials."""
    in_transaction(connection, accounts.update, folded, credentials)


def who_is_always_on(connection: "apsw.Connection") -> set[str]:
    """Return the accounts, folded, whose users stay while nobody is connected."""
    return {str(account) for (account,) in connection.execute("SELECT account FROM always_on")}


def registered_channels(connection: "apsw.Connection") -> list[dict[str, Any]]:
    """Return the states of all registered channels, by name."""
    return [state for state in _states(connection).values() if state["owner"]]


def _states(connection: "apsw.Connection") -> dict[str, dict[str, Any]]:
    return {folded: json.loads(state) for folded, state in connection.execute(_CHANNELS)}


def set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    """Say how long messages of a registered channel are remembered (see `chat.registrations`); a running server notices.

    Returns:
        the name of the channel, or None when it is not registered.
    """
    return in_transaction(connection, _set_history, folded, days)


def _set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    state = _states(connection).get(folded)
    if state is None or not state["owner"]:  # one that nobody owns may be kept for its always-on members
        return None
    text = json.dumps(state | {"history": days}, ensure_ascii=False)
    connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, folded))
    # A running server may be about to write down what it knows of the channel.
    connection.execute("INSERT OR REPLACE INTO wish (folded, history) VALUES (?, ?)", (folded, days))
    return str(state["name"])


def belongings(connection: "apsw.Connection", folded: str) -> Belongings:
    """Return what belongs to an account."""
    states = list(_states(connection).values())
    owned = [state for state in states if fold_or_self(state["owner"]) == folded]
    ranks = {
        state["name"]: rank for state in states for name, rank in state["access"].items() if fold_or_self(name) == folded
    }  # fmt: skip
    markers = {str(target): str(time) for target, time in connection.execute(_MARKERS, (folded,))}
    stays = {state["name"]: state["members"][folded] for state in states if folded in state.get("members", {})}
    always_on = _state(connection, "SELECT state FROM always_on WHERE account = ?", folded)
    preferences = _state(connection, "SELECT state FROM preference WHERE account = ?", folded)
    said = _state(connection, _METADATA, folded)
    email = accounts.email_of(connection, folded)
    return Belongings(owned, ranks, markers, stays, always_on, preferences or {}, said or {}, email)


def _state(connection: "apsw.Connection", query: str, folded: str) -> dict[str, Any] | None:
    row = connection.execute(query, (folded,)).fetchone()
    return json.loads(row[0]) if row else None


def delete(connection: "apsw.Connection", folded: str) -> None:
    """Delete an account with its markers, choices, channels and ranks in others: who has its name later inherits nothing."""
    in_transaction(connection, _delete, folded)


def _delete(connection: "apsw.Connection", folded: str) -> None:
    accounts.delete(connection, folded)
    for table in ("marker", "metadata"):
        connection.execute(f"DELETE FROM {table} WHERE account = ?", (folded,))  # noqa: S608  # names of ours
    for key, state in _states(connection).items():
        access = {name: rank for name, rank in state["access"].items() if fold_or_self(name) != folded}
        members = {name: ranks for name, ranks in state.get("members", {}).items() if name != folded}
        if fold_or_self(state["owner"]) == folded or not (state["owner"] or members):
            connection.execute("DELETE FROM channel WHERE folded = ?", (key,))
        elif access != state["access"] or members != state.get("members", {}):
            text = json.dumps(state | {"access": access, "members": members}, ensure_ascii=False)
            connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, key))


def messages(connection: "apsw.Connection", folded: str) -> Iterator[Record]:
    """Give all messages of an account, channel by channel, in order."""
    for page in maintenance.pages(connection):
        for record in page:
            if _is_by(record.account, folded):
                yield record


def count(connection: "apsw.Connection", folded: str) -> int:
    """Return how many messages and events of an account there are."""
    return sum(len(keys) for table in _DROP for keys in _keys(connection, table, folded))


def forget(connection: "apsw.Connection", folded: str, told: Callable[[int], None]) -> int:
    """Delete all messages and events of an account, batch by batch; return how many that were.

    Args:
        connection: the database.
        folded: the account; whether it is still there makes no difference.
        told: told after every batch how many were deleted so far.
    """
    deleted = 0
    for table, drop in _DROP.items():
        for keys in _keys(connection, table, folded):
            for start in range(0, len(keys), maintenance.DELETED_AT_ONCE):
                batch = keys[start : start + maintenance.DELETED_AT_ONCE]
                with maintenance.making_room():
                    in_transaction(connection, drop, batch)
                deleted += len(batch)
                told(deleted)
    return deleted


def _keys(connection: "apsw.Connection", table: str, folded: str) -> Iterator[list[Key]]:
    """Give the keys of what an account said or did. Nothing is being read while they are worked on."""
    query = _SLICE.format(table)
    after: Key = (-1, -1)
    rows: list[tuple[Any, ...]]
    while rows := connection.execute(query, (*after, maintenance.PAGE)).fetchall():
        yield [(buffer, number) for buffer, number, account in rows if _is_by(account, folded)]
        after = rows[-1][0], rows[-1][1]


def _is_by(account: str, folded: str) -> bool:
    return bool(account) and fold_or_self(account) == folded
