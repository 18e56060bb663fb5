"""The importer: conversion, attached files and the database put together."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin.imported_files import ImportedFiles
from trio_chat.chat import retention
from trio_chat.chat.accounts import Account
from trio_chat.chat.channel_registration import OFF
from trio_chat.chat.history import MESSAGES, Record
from trio_chat.chat.ids import parse_msgid, seconds
from trio_chat.imports import messages
from trio_chat.imports.channels import ChannelNames
from trio_chat.imports.conversion import Converted, FileToStore, ImportRules, convert
from trio_chat.imports.messages import Skipped, SourceItems
from trio_chat.imports.people import Nicknames
from trio_chat.irc import tag_names
from trio_chat.irc.names import CHANTYPES
from trio_chat.storage import account_maintenance, lock, maintenance, turns
from trio_chat.storage.accounts import dropped_accounts, every_account

if TYPE_CHECKING:
    import apsw

    from trio_chat.config import Settings

_AT_ONCE = 2000
"""Records in one transaction while no server runs; beside one, `maintenance.BATCH` are collected,
and then inserted by turns.
"""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the command line says about an import.

    Args:
        database: the database.
        settings: the configuration.
        people: nicknames by names of people at the source.
        channels: names of channels by their names at the source.
        only_mapped: whether channels without such a name are left out.
        same_accounts: whether people are taken for the accounts whose names they have.
        since: seconds of Unix time.
        until: seconds of Unix time.
        url: the address of the page, for links to attached files; "" for that of the configuration.
        is_dry: whether nothing is written.
    """

    database: Path
    settings: "Settings"
    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    only_mapped: bool = False
    same_accounts: bool = False
    since: float = 0
    until: float = float("inf")
    url: str = ""
    is_dry: bool = False


@dataclass(slots=True)
class Totals:
    """The numbers of an import.

    Args:
        messages: messages by channel.
        new: those that were not there, by channel.
        skipped: what was skipped, by reason.
    """

    messages: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)


class _Trial:
    """The ids that an import without writing has seen, in a temporary file when they are many."""

    def __init__(self) -> None:
        import apsw  # noqa: PLC0415

        self._connection = apsw.Connection("")
        self._connection.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY)")

    def first(self, ids: set[int]) -> set[int]:
        """Return those ids that were not seen before."""
        found = self._connection.execute(
            "INSERT OR IGNORE INTO seen SELECT value FROM json_each(?) RETURNING id",
            (json.dumps(list(ids)),),
        )
        return {number for (number,) in found}


class Importer:
    """One import into a database that is open.

    Args:
        connection: the database.
        options: the options.
        network: a word for the source.
        accounts: accounts besides those of the database.
    """

    def __init__(
        self,
        connection: "apsw.Connection",
        options: ImportOptions,
        network: str,
        accounts: Iterable[Account] = (),
    ) -> None:
        self._connection = connection
        self._options = options
        self._more_accounts = accounts
        self._batch: list[Converted] = []
        self._size = 0
        self._is_beside_server = lock.is_held(options.database)
        self._insert = maintenance.inserter(connection, options.database)
        self._trial = _Trial() if options.is_dry else None
        self.totals = Totals()
        self.has_written = False
        """Whether there are messages of this import in the database."""
        lengths = options.settings.limits.lengths
        self.files = ImportedFiles(
            connection,
            options.database,
            options.settings.uploads,
            options.url or options.settings.server.url,
            b"nothing is stored" if options.is_dry else b"",
        )
        self.rules = ImportRules(
            nicknames=Nicknames(
                network,
                self._accounts(),
                options.people,
                lengths.nick,
                same_accounts=options.same_accounts,
            ),
            channels=ChannelNames(
                options.channels, lengths.channel, only_mapped=options.only_mapped
            ),
            lengths=lengths,
            since=options.since * 1000,
            until=options.until * 1000,
            oldest=self._oldest,
            link=self.files.link,
        )

    def _accounts(self) -> dict[str, Account]:
        """Return the accounts, and those that were deleted with the number 0."""
        gone = (account._replace(id=0) for account in dropped_accounts(self._connection))
        found = (*gone, *every_account(self._connection), *self._more_accounts)
        return {account.folded: account for account in found}

    @cached_property
    def _settings_of_channels(self) -> dict[str, int | None]:
        return account_maintenance.history_settings(self._connection)

    def _oldest(self, folded: str | None) -> float:
        setting = self._settings_of_channels.get(folded) if folded is not None else None
        storage = self._options.settings.storage
        days = retention.effective_days(
            setting, storage.keep_days, may_be_longer=storage.longer_for_channels
        )
        if days == OFF:
            return float("inf")
        return (self.rules.now() - days * _DAY) * 1000 if days else 0

    def take_records(self, items: Iterable[Record | Skipped]) -> Iterator[None]:
        """Import records of this program as they are; yield after each one."""
        for item in items:
            if isinstance(item, Skipped):
                self.totals.skipped[item.reason] += item.number
            elif reason := self._why_not(item):
                self.totals.skipped[reason] += 1
            else:
                self._collect(Converted(item.buffer, (item,)))
            yield
            turns.rest()

    def _why_not(self, record: Record) -> str:
        time = seconds(record.id, record.shift)
        if not self._options.since <= time < self._options.until:
            return messages.OUT_OF_RANGE
        channel = None if "," in record.buffer else record.buffer
        return messages.EXPIRED if time * 1000 < self._oldest(channel) else ""

    def _collect(self, converted: Converted) -> None:
        self._batch.append(converted)
        self._size += len(converted.records)
        if self._size >= (maintenance.BATCH if self._is_beside_server else _AT_ONCE):
            self.flush()

    def take(self, items: SourceItems) -> Iterator[None]:
        """Import messages; yield after each one, for the progress bar."""
        for item in convert(items, self.rules):
            if isinstance(item, Skipped):
                self.totals.skipped[item.reason] += item.number
            else:
                self._collect(item)
            yield
            turns.rest()

    def _without_others(self, batch: Sequence[Converted]) -> Sequence[Converted]:
        """Return what is not in another channel here already, as after an import without a
        `--channel`, or a new name of the channel. A message is in one channel.
        """
        places = maintenance.buffers_of(self._connection, map(_subject, batch))
        found = []
        for each in batch:
            buffer = each.records[0].buffer
            place = places.get(_subject(each), buffer)
            # A conversation may have another name here than in the file.
            if place == buffer or not (
                place.startswith(CHANTYPES) and buffer.startswith(CHANTYPES)
            ):
                found.append(each)
            elif count := sum(record.command in MESSAGES for record in each.records):
                self.totals.skipped[messages.ELSEWHERE] += count
        return found

    def flush(self) -> None:
        """Write what was collected."""
        batch, self._batch, self._size = self._without_others(self._batch), [], 0
        records = [record for each in batch for record in each.records]
        numbers = [record.id for record in records if record.command in MESSAGES]
        new = maintenance.unknown_ids(self._connection, numbers)
        uncounted = self._trial.first(new) if self._trial is not None else set(new)
        for each in batch:
            ids = {record.id for record in each.records if record.command in MESSAGES}
            self.totals.messages[each.channel] += len(ids)
            self.totals.new[each.channel] += len(ids & uncounted)
            uncounted -= ids
        if self._trial is not None or not records:
            return
        for file, account, is_new in _files_of(batch, new):
            self.files.store(file, account, is_new=is_new)
        self._insert(records)
        self.has_written = True


def _subject(converted: Converted) -> int:
    """Return the id of a message, or of that which has reactions alone; 0 for an event."""
    first = converted.records[0]
    if first.command in MESSAGES:
        return first.id
    return parse_msgid(first.tags.get(tag_names.DRAFT_REPLY, "")) or 0


def _files_of(batch: Sequence[Converted], new: set[int]) -> Iterator[tuple[FileToStore, int, bool]]:
    """Yield the files of messages, with the number of the account of the author, and whether the
    message is new.
    """
    for each in batch:
        is_new = any(record.id in new for record in each.records)
        for file in each.files:
            yield file, each.records[0].account_id, is_new
