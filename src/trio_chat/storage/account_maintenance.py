"""Accounts, looked after from outside: what belongs to one, and how all of it goes.

Like `storage.maintenance`: synchronous, beside a running server or without one, never more than a
short transaction at a time. What an account has said is found by reading everything in slices:
hardly anybody asks for it, and an index would cost something with every message.
"""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from trio_chat.chat.accounts import Account, Credentials, Email
from trio_chat.chat.history import Record
from trio_chat.chat.masklists import entry
from trio_chat.irc.names import fold_or_self
from trio_chat.storage import accounts, json_lines, maintenance
from trio_chat.storage.database import in_transaction
from trio_chat.storage.events import delete_events
from trio_chat.storage.history import redact_messages

if TYPE_CHECKING:
    import apsw

Key = tuple[Any, Any]


class Author(NamedTuple):
    """The author of stored messages.

    Args:
        id: the number of the account, or 0.
        folded: the name under which it was said, of what belongs to no account any more; or "".
        others: the numbers that a name is nothing to, as accounts have them; None: all.
    """

    id: int
    folded: str
    others: frozenset[int] | None = None

    def has_said(self, number: int, name: str) -> bool:
        """Return whether what has this number and this name of an account is this author's."""
        if number and (self.others is None or number in self.others):
            return number == self.id
        return bool(self.folded and name) and fold_or_self(name) == self.folded


_CHANNELS = "SELECT folded, state FROM channel ORDER BY folded"
_MARKERS = "SELECT target, time FROM marker WHERE account = ? ORDER BY target"
_METADATA = "SELECT said FROM metadata WHERE account = ?"
_DROP = {"message": redact_messages, "event": delete_events}
_SLICE = (
    "SELECT buffer, id, account_id, account FROM {} WHERE (buffer, id) > (?, ?) ORDER BY buffer, id"
    " LIMIT ?"
)


class AccountData(NamedTuple):
    """What belongs to an account besides what it has said.

    Args:
        owned: the states of the channels that it owns, with names for the numbers of accounts.
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


def all_accounts(connection: "apsw.Connection") -> list[Account]:
    """Return all accounts, by name."""
    return sorted(accounts.every_account(connection), key=lambda account: account.folded)


def find(connection: "apsw.Connection", folded: str) -> Account | None:
    """Return an account; None when there is none of this name."""
    return next(
        (account for account in accounts.every_account(connection) if account.folded == folded),
        None,
    )


def dropped_names(connection: "apsw.Connection") -> list[tuple[str, int]]:
    """Return the names of deleted accounts that are not free, and when each was deleted (seconds of
    Unix time).
    """
    rows = connection.execute("SELECT name, dropped FROM dropped ORDER BY folded")
    return [(str(name), int(time)) for name, time in rows]


def find_dropped(connection: "apsw.Connection", folded: str) -> Account | None:
    """Return a deleted account whose name is not free; None when there is none of this name."""
    return next(
        (account for account in accounts.dropped_accounts(connection) if account.folded == folded),
        None,
    )


def accounts_by_name(connection: "apsw.Connection") -> dict[str, Account]:
    """Return all accounts, and the deleted ones whose names are not free, by their folded names."""
    everyone = (*accounts.dropped_accounts(connection), *accounts.every_account(connection))
    return {account.folded: account for account in everyone}


def author_of(connection: "apsw.Connection", folded: str) -> Author:
    """Return who has a name, or had it: an account, a deleted one whose name is not free, or all of
    this name that are gone.
    """
    account = find(connection, folded)
    if account is not None:
        return Author(account.id, "")
    known = accounts_by_name(connection)
    if folded in known:
        return Author(known[folded].id, folded)
    return Author(0, folded, frozenset(each.id for each in known.values()))


def free(connection: "apsw.Connection", account: Account) -> None:
    """Let the name of a deleted account be registered again; masks of lists that have named it
    since go.
    """
    in_transaction(connection, _free, account)


def _free(connection: "apsw.Connection", account: Account) -> None:
    accounts.free(connection, account.folded)
    _take_from_channels(connection, account)


def account_numbers(connection: "apsw.Connection") -> json_lines.AccountNumbers:
    """Return what the numbers of accounts in this database mean."""
    origin = bytes(connection.execute("SELECT value FROM secret WHERE name = 'origin'").get)
    everyone = accounts_by_name(connection).values()
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'account'").get
    return json_lines.AccountNumbers(
        origin.hex(), {account.id: account.folded for account in everyone}, int(last or 0)
    )


def add(connection: "apsw.Connection", account: Account, credentials: Credentials) -> bool:
    """Add an account; return whether it was added, which it is not when its name belongs to an
    account or a deleted one.
    """
    return in_transaction(connection, accounts.insert, account, credentials) is not None


def change_password(
    connection: "apsw.Connection", account: Account, credentials: Credentials
) -> None:
    """Give an account other credentials."""
    in_transaction(connection, accounts.update, account.id, credentials)


def always_on_ids(connection: "apsw.Connection") -> set[int]:
    """Return the numbers of the always-on accounts."""
    return {int(account) for (account,) in connection.execute("SELECT account FROM always_on")}


def registered_channels(connection: "apsw.Connection") -> list[dict[str, Any]]:
    """Return the states of all registered channels, by name, with the names of their owners."""
    names = {account.id: account.name for account in accounts.every_account(connection)}
    return [
        state | {"owner": names[state["owner"]]}
        for state in _states(connection).values()
        if state["owner"] in names
    ]


def _states(connection: "apsw.Connection") -> dict[str, dict[str, Any]]:
    return {folded: json.loads(state) for folded, state in connection.execute(_CHANNELS)}


def set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    """Say how long messages of a registered channel are remembered (see `chat.registered_channels`); a
    running server notices.

    Returns:
        the name of the channel, or None when it is not registered.
    """
    return in_transaction(connection, _set_history, folded, days)


def _set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    state = _states(connection).get(folded)
    if (
        state is None or not state["owner"]
    ):  # one that nobody owns may be kept for its always-on members
        return None
    text = json.dumps(state | {"history": days}, ensure_ascii=False)
    connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, folded))
    # A running server may be about to write down what it knows of the channel.
    connection.execute(
        "INSERT OR REPLACE INTO wish (folded, history) VALUES (?, ?)", (folded, days)
    )
    return str(state["name"])


def account_data(connection: "apsw.Connection", account: Account) -> AccountData:
    """Return what belongs to an account."""
    states, number, key = list(_states(connection).values()), account.id, str(account.id)
    names = {str(each.id): each.name for each in accounts.every_account(connection)}
    owned = [_with_names(state, names) for state in states if state["owner"] == number]
    ranks = {state["name"]: state["access"][key] for state in states if key in state["access"]}
    markers = {str(target): str(time) for target, time in connection.execute(_MARKERS, (number,))}
    stays = {
        state["name"]: state["members"][key] for state in states if key in state.get("members", {})
    }
    always_on = _state(connection, "SELECT state FROM always_on WHERE account = ?", number)
    preferences = _state(connection, "SELECT state FROM preference WHERE account = ?", number)
    said = _state(connection, _METADATA, number)
    email = accounts.email_of(connection, number)
    return AccountData(
        owned, ranks, markers, stays, always_on, preferences or {}, said or {}, email
    )


def _with_names(state: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the state of a channel for people, to whom the numbers of accounts say nothing."""
    of_accounts = {
        key: {names[number]: rank for number, rank in state[key].items() if number in names}
        for key in ("access", "members")
        if key in state
    }
    return state | {"owner": names[str(state["owner"])]} | of_accounts


def _state(connection: "apsw.Connection", query: str, number: int) -> dict[str, Any] | None:
    row = connection.execute(query, (number,)).fetchone()
    return json.loads(row[0]) if row else None


def delete(connection: "apsw.Connection", account: Account) -> None:
    """Delete an account with its markers, choices, channels and ranks in others; its name is not
    free then.
    """
    in_transaction(connection, _delete, account)


def _delete(connection: "apsw.Connection", account: Account) -> None:
    accounts.delete(connection, account.id)
    _take_from_channels(connection, account)


def _take_from_channels(connection: "apsw.Connection", account: Account) -> None:
    """Have channels that last say nothing of an account."""
    for folded, state in _states(connection).items():
        left = _without(state, account)
        if not (left["owner"] or left["members"]):
            connection.execute("DELETE FROM channel WHERE folded = ?", (folded,))
        elif left != state:
            text = json.dumps(left, ensure_ascii=False)
            connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, folded))


def _without(state: dict[str, Any], account: Account) -> dict[str, Any]:
    """Return the state of a channel without an account; a channel that the account owned has no
    owner.
    """
    number = str(account.id)
    lists = {
        letter: [
            [mask, *rest] for mask, *rest in masks if not entry(mask, "", 0).names(account.folded)
        ]
        for letter, masks in state["lists"].items()
    }
    return state | {
        "owner": 0 if state["owner"] == account.id else state["owner"],
        "access": {key: rank for key, rank in state["access"].items() if key != number},
        "members": {key: ranks for key, ranks in state.get("members", {}).items() if key != number},
        "lists": lists,
    }


def messages(connection: "apsw.Connection", account: Account) -> Iterator[Record]:
    """Give all messages of an account, channel by channel, in order."""
    for page in maintenance.pages(connection):
        for record in page:
            if record.account_id == account.id:
                yield record


def count_messages(connection: "apsw.Connection", author: Author) -> int:
    """Return the number of messages and events of an author."""
    return sum(len(keys) for table in _DROP for keys in _keys(connection, table, author))


def delete_messages(
    connection: "apsw.Connection", author: Author, told: Callable[[int], None]
) -> int:
    """Delete all messages and events of an author, in batches; return how many there were.

    Args:
        connection: the database.
        author: the author; whether the account still exists makes no difference.
        told: told after every batch how many were deleted so far.
    """
    deleted = 0
    for table, drop in _DROP.items():
        for keys in _keys(connection, table, author):
            for start in range(0, len(keys), maintenance.DELETED_AT_ONCE):
                batch = keys[start : start + maintenance.DELETED_AT_ONCE]
                with maintenance.throttled():
                    in_transaction(connection, drop, batch)
                deleted += len(batch)
                told(deleted)
    return deleted


def _keys(connection: "apsw.Connection", table: str, author: Author) -> Iterator[list[Key]]:
    """Yield the keys of the messages and events of an author, in batches. No statement is open
    between two batches.
    """
    query = _SLICE.format(table)
    after: Key = (-1, -1)
    rows: list[tuple[Any, ...]]
    while rows := connection.execute(query, (*after, maintenance.PAGE)).fetchall():
        yield [
            (buffer, number)
            for buffer, number, account, name in rows
            if author.has_said(account, name)
        ]
        after = rows[-1][0], rows[-1][1]
