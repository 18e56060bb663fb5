"""Maintenance of accounts by commands: their data, its export and its deletion.

As in `storage.maintenance`, the functions are synchronous, work with or without a running server,
and use short transactions. The messages of an account are found by reading all messages in slices:
that is rarely needed, and an index would add to the cost of every message.
"""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from trio_chat.chat import push, second_factors
from trio_chat.chat.accounts import Account
from trio_chat.chat.app_passwords import AppPassword
from trio_chat.chat.credentials import Credentials, Email
from trio_chat.chat.history import Record
from trio_chat.chat.identity_keys import IdentityKey
from trio_chat.chat.masklists import entry
from trio_chat.chat.push import PushSubscription
from trio_chat.chat.scheduled import ScheduledMessage
from trio_chat.chat.second_factors import SecondFactor
from trio_chat.chat.uploads import Upload
from trio_chat.irc.names import fold_or_self
from trio_chat.storage import (
    accounts,
    app_passwords,
    identities,
    json_lines,
    maintenance,
    passkeys,
    turns,
    uploads,
)
from trio_chat.storage.events import delete_events
from trio_chat.storage.messages import redact_messages
from trio_chat.storage.transactions import in_transaction

if TYPE_CHECKING:
    import apsw

Key = tuple[Any, Any]


class Author(NamedTuple):
    """The author of stored messages.

    Args:
        id: the number of the account, or 0.
        folded: the name of the author of messages whose account no longer exists; or "".
        others: the numbers that belong to accounts, whose messages are never identified by name;
            None for every number.
    """

    id: int
    folded: str
    others: frozenset[int] | None = None

    def wrote(self, number: int, name: str) -> bool:
        """Return whether a message with this account number and name is of this author."""
        if number and (self.others is None or number in self.others):
            return number == self.id
        return bool(self.folded and name) and fold_or_self(name) == self.folded


_CHANNELS = "SELECT folded, state FROM channel ORDER BY folded"
_MARKERS = "SELECT target, time FROM marker WHERE account = ? ORDER BY target"
_SECOND_FACTOR = "SELECT state FROM second_factor WHERE account = ?"
_METADATA = "SELECT said FROM metadata WHERE account = ?"
_DROP = {"message": redact_messages, "event": delete_events}
_SLICE = (
    "SELECT buffer, id, account_id, account FROM {} WHERE (buffer, id) > (?, ?) ORDER BY buffer, id"
    " LIMIT ?"
)


class AccountData(NamedTuple):
    """The data of an account except its messages.

    Args:
        owned: the states of the channels that it owns, with names for the numbers of accounts.
        ranks: its ranks in channels of others, by the names of the channels.
        markers: its read markers: times by the names of channels and users.
        stays: the ranks of its always-on user, by the names of the channels that it is in.
        always_on: the state of that user, or None.
        preferences: its preferences.
        metadata: its metadata, values by keys.
        email: its e-mail address, or None.
        uploads: its uploaded files.
        devices: its devices for push messages.
        push_rules: what it wants to be pushed.
        app_passwords: its app passwords.
        identities: the identities that log in to it.
        second_factor: since when it has one, in seconds of Unix time; 0 for none.
        passkeys: its passkeys.
        scheduled: its messages that are sent later.
    """

    owned: list[dict[str, Any]]
    ranks: dict[str, str]
    markers: dict[str, str]
    stays: dict[str, str]
    always_on: dict[str, Any] | None
    preferences: dict[str, bool]
    metadata: dict[str, str]
    email: Email | None
    uploads: list[Upload]
    devices: list[PushSubscription]
    push_rules: dict[str, Any]
    app_passwords: list[AppPassword]
    identities: list[IdentityKey]
    second_factor: int
    passkeys: list[dict[str, Any]]
    scheduled: list[ScheduledMessage]


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
    """Return the names of deleted accounts that are not free, with the Unix times of deletion."""
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
    """Return the author of messages under a name.

    That is the account of this name, a deleted one whose name is not free, or all deleted ones that
    had this name.
    """
    account = find(connection, folded)
    if account is not None:
        return Author(account.id, "")
    known = accounts_by_name(connection)
    if folded in known:
        return Author(known[folded].id, folded)
    return Author(0, folded, frozenset(each.id for each in known.values()))


def free(connection: "apsw.Connection", account: Account) -> None:
    """Free the name of a deleted account, and remove masks of channel lists that name it."""
    in_transaction(connection, _free, account)


def _free(connection: "apsw.Connection", account: Account) -> None:
    accounts.free(connection, account.folded)
    _take_from_channels(connection, account)


def account_numbers(connection: "apsw.Connection") -> json_lines.AccountNumbers:
    """Return the numbers of the accounts in this database."""
    origin = bytes(connection.execute("SELECT value FROM secret WHERE name = 'origin'").get)
    everyone = accounts_by_name(connection).values()
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'account'").get
    return json_lines.AccountNumbers(
        origin.hex(), {account.id: account.folded for account in everyone}, int(last or 0)
    )


def add(connection: "apsw.Connection", account: Account, credentials: Credentials) -> bool:
    """Add an account; return False when its name belongs to an account, or to a deleted one."""
    return in_transaction(connection, accounts.insert, account, credentials) is not None


def change_password(
    connection: "apsw.Connection", account: Account, credentials: Credentials
) -> None:
    """Replace the credentials of an account, and remove its devices for push messages: one of them
    may be that of an intruder, and the server may not be running.
    """
    in_transaction(connection, _change_password, account, credentials)


def _change_password(
    connection: "apsw.Connection", account: Account, credentials: Credentials
) -> None:
    accounts.update(connection, account.id, credentials)
    connection.execute("DELETE FROM push WHERE account = ?", (account.id,))


def email_of(connection: "apsw.Connection", account: Account) -> Email | None:
    """Return the e-mail address of an account."""
    return accounts.email_of(connection, account.id)


def change_email(connection: "apsw.Connection", account: Account, email: Email | None) -> None:
    """Replace the e-mail address of an account, or remove it."""
    in_transaction(connection, accounts.set_email, account.id, email)


def remove_second_factor(connection: "apsw.Connection", account: Account) -> bool:
    """Remove the second factor of an account, which a running server notices; return whether it had
    one.
    """
    return in_transaction(connection, _remove_second_factor, account)


def _remove_second_factor(connection: "apsw.Connection", account: Account) -> bool:
    connection.execute("DELETE FROM second_factor WHERE account = ?", (account.id,))
    is_done = connection.changes() == 1
    # A running server may be about to store it again.
    connection.execute("INSERT OR REPLACE INTO second_factor_reset VALUES (?)", (account.id,))
    return is_done


def second_factor_of(connection: "apsw.Connection", account: Account) -> SecondFactor | None:
    """Return the second factor of an account."""
    state = _state(connection, _SECOND_FACTOR, account.id)
    return second_factors.from_state(state) if state else None


def passkeys_of(connection: "apsw.Connection", account: Account) -> list[dict[str, Any]]:
    """Return the passkeys of an account as plain data."""
    return passkeys.of_account(connection, account.id)


def remove_passkey(connection: "apsw.Connection", account: Account, name: str) -> bool:
    """Remove a passkey of an account, which a running server notices; return whether it had one of
    this name.
    """
    return in_transaction(connection, passkeys.remove, account.id, name)


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


def history_settings(connection: "apsw.Connection") -> dict[str, int | None]:
    """Return for how many days registered channels keep messages, by folded name (see
    `chat.channel_registration`).
    """
    return {
        folded: state.get("history")
        for folded, state in _states(connection).items()
        if state.get("owner")
    }


def set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    """Say how long messages of a registered channel are remembered (see
    `chat.registered_channels`); a running server notices.

    Returns:
        the name of the channel, or None when it is not registered.
    """
    return in_transaction(connection, _set_history, folded, days)


def _set_history(connection: "apsw.Connection", folded: str, days: int | None) -> str | None:
    state = _states(connection).get(folded)
    if state is None or not state["owner"]:
        # A channel without an owner is stored for its always-on members.
        return None
    text = json.dumps(state | {"history": days}, ensure_ascii=False)
    connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, folded))
    # A running server may be about to store the channel with its former setting.
    connection.execute(
        "INSERT OR REPLACE INTO wish (folded, history) VALUES (?, ?)", (folded, days)
    )
    return str(state["name"])


def account_data(connection: "apsw.Connection", account: Account) -> AccountData:
    """Return the data of an account."""
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
    return AccountData(
        owned,
        ranks,
        markers,
        stays,
        always_on,
        preferences or {},
        said or {},
        accounts.email_of(connection, number),
        uploads.every_upload(connection, number),
        _devices(connection, number),
        _state(connection, "SELECT state FROM push_rules WHERE account = ?", number) or {},
        app_passwords.of_account(connection, number),
        identities.of_account(connection, number),
        (_state(connection, _SECOND_FACTOR, number) or {}).get("since", 0),
        passkeys.of_account(connection, number),
        _scheduled(connection, number),
    )


def _scheduled(connection: "apsw.Connection", number: int) -> list[ScheduledMessage]:
    state = _state(connection, "SELECT state FROM scheduled WHERE account = ?", number) or {}
    return [ScheduledMessage(*one) for one in state.get("messages", ())]


def _devices(connection: "apsw.Connection", number: int) -> list[PushSubscription]:
    row = connection.execute("SELECT state FROM push WHERE account = ?", (number,)).fetchone()
    return list(push.from_state(json.loads(row[0])).values()) if row else []


def _with_names(state: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the state of a channel for readers, with names for the numbers of accounts."""
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
    """Delete an account with its markers, preferences, channels and ranks, but keep its name."""
    in_transaction(connection, _delete, account)


def _delete(connection: "apsw.Connection", account: Account) -> None:
    accounts.delete(connection, account.id)
    _take_from_channels(connection, account)


def _take_from_channels(connection: "apsw.Connection", account: Account) -> None:
    """Remove an account from the stored channels."""
    for folded, state in _states(connection).items():
        left = _without(state, account)
        if not (left["owner"] or left["members"]):
            connection.execute("DELETE FROM channel WHERE folded = ?", (folded,))
        elif left != state:
            text = json.dumps(left, ensure_ascii=False)
            connection.execute("UPDATE channel SET state = ? WHERE folded = ?", (text, folded))


def _without(state: dict[str, Any], account: Account) -> dict[str, Any]:
    """Return the state of a channel without an account, and without an owner if that owned it."""
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


def messages(
    connection: "apsw.Connection", account: Account, *, with_reactions: bool = False
) -> Iterator[Record]:
    """Yield all messages of an account, channel by channel, in order; see `maintenance.pages`."""
    for page in maintenance.pages(connection, with_reactions=with_reactions):
        for record in page:
            if record.account_id == account.id:
                yield record


def count_messages(connection: "apsw.Connection", author: Author) -> int:
    """Return the number of messages and events of an author."""
    return sum(len(keys) for table in _DROP for keys in _keys(connection, table, author))


def delete_messages(
    connection: "apsw.Connection", author: Author, on_progress: Callable[[int], None]
) -> int:
    """Delete all messages and events of an author, in batches; return how many there were.

    Args:
        connection: the database.
        author: the author; whether the account still exists makes no difference.
        on_progress: called after each batch with the number of those deleted so far.
    """
    deleted = 0
    turns.sync_seldom(connection)
    for table, drop in _DROP.items():
        for keys in _keys(connection, table, author):
            for start in range(0, len(keys), maintenance.DELETED_AT_ONCE):
                batch = keys[start : start + maintenance.DELETED_AT_ONCE]
                turns.take(in_transaction, connection, drop, batch)
                deleted += len(batch)
                on_progress(deleted)
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
            if author.wrote(account, name)
        ]
        after = rows[-1][0], rows[-1][1]
