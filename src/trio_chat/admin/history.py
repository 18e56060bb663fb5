"""The commands of `trio-chat history`: their output and questions around `storage.maintenance`."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trio_chat.admin import in_cluster
from trio_chat.admin.console import confirm, report, report_error, to_standard_output
from trio_chat.admin.exit_codes import FAILED, OK, USAGE
from trio_chat.admin.progress import Progress, is_terminal
from trio_chat.admin.recorded import record_begin
from trio_chat.chat.history import Record
from trio_chat.chat.ids import first_id, server_time
from trio_chat.i18n import _, ngettext
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError, atomic_file
from trio_chat.maintenance.history import check_channel, plan_pruning
from trio_chat.storage import account_maintenance, json_lines, maintenance, turns
from trio_chat.storage.schema import is_of_cluster
from trio_chat.synced_file import synced

if TYPE_CHECKING:
    import apsw


def export(database: Path, channel: str | None, output: Path | None, *, replace: bool) -> int:
    """Write messages as JSON Lines, to a file or to standard output."""
    with maintenance.connected(database) as connection:
        check_channel(connection, channel)
        if output is None:
            written = to_standard_output(partial(_export, connection, channel))
        else:
            with atomic_file(output, database, replace=replace) as part, synced(part) as stream:
                written = _export(connection, channel, stream)
    if written is None:
        return FAILED
    report(
        ngettext("{count} message was written.", "{count} messages were written.", written).format(
            count=written
        )
    )
    return OK


def _export(connection: "apsw.Connection", channel: str | None, stream: BinaryIO) -> int:
    # Counting reads them all.
    total = maintenance.count_messages(connection, channel) if is_terminal() else 0
    written, numbers = 0, account_maintenance.account_numbers(connection)
    with Progress(_("Exporting"), total) as progress:
        for page in maintenance.pages(connection, channel):
            stream.write(b"".join(json_lines.to_line(record, numbers) for record in page))
            written += len(page)
            progress(written)
    return written


def import_(database: Path, source: Path | None) -> int:
    """Import messages from JSON Lines, from a file or standard input; report invalid lines."""
    try:
        opened = nullcontext(sys.stdin.buffer) if source is None else source.open("rb")
        with (
            opened as stream,
            maintenance.connected(database, instead=_(in_cluster.IMPORT)) as connection,
        ):
            insert = maintenance.inserter(connection, database)
            name = "-" if source is None else source
            record_begin(connection, "history", f"HISTORY IMPORT {name}")
            numbers = account_maintenance.account_numbers(connection)
            items = json_lines.read_lines(stream, numbers)
            size = 0 if source is None else source.stat().st_size
            return _import(insert, items, lambda good: stream.tell() if size else good, size)
    except OSError as error:
        name = _("standard input") if source is None else escape_controls(str(source))
        raise FileError(
            _("{file}: cannot be read: {reason}").format(file=name, reason=error.strerror)
        ) from error


def _import(
    insert: Callable[[Sequence[Record]], int],
    items: Iterable[Record | json_lines.InvalidLine],
    position: Callable[[int], int],
    size: int,
) -> int:
    good = new = bad = 0
    batch: list[Record] = []
    with Progress(_("Importing"), size) as progress:
        for item in items:
            turns.rest()
            if isinstance(item, json_lines.InvalidLine):
                bad += 1
                if bad <= json_lines.MOST_REPORTED:
                    progress.clear()
                    words = _("line {number}: {problem}")
                    report_error(words.format(number=item.number, problem=item.problem))
                continue
            batch.append(item)
            if len(batch) == maintenance.BATCH:
                new += insert(batch)
                good += len(batch)
                batch.clear()
                progress(position(good))
        if batch:
            new += insert(batch)
            good += len(batch)
    _tell_imported(new, good - new, bad)
    return FAILED if bad else OK


def _tell_imported(new: int, known: int, bad: int) -> None:
    report(ngettext("{count} message is new.", "{count} messages are new.", new).format(count=new))
    if known:
        report(
            ngettext(
                "{count} message was there already.", "{count} messages were there already.", known
            ).format(count=known)
        )
    if bad:
        report(
            ngettext("{count} line was left out.", "{count} lines were left out.", bad).format(
                count=bad
            )
        )


def prune(database: Path, before: float, channel: str | None, *, yes: bool) -> int:
    """Delete messages and events from before a Unix time, after a question."""
    with maintenance.connected(database) as connection:
        planned = plan_pruning(connection, before, channel, time.time())
        total = planned.total
        if total and not yes:
            if not sys.stdin.isatty():
                report_error(_("there is nobody to ask whether messages may be deleted: add --yes"))
                return USAGE
            if not _agreed(total, before, channel):
                report(_("Nothing was deleted."))
                return FAILED
        if total:
            said = f"HISTORY PRUNE {channel or '*'} before {before:.0f}"
            record_begin(connection, "history", said)
        with Progress(_("Deleting"), total) as progress:
            deleted = planned.carry_out(connection, progress)
        is_elsewhere = is_of_cluster(connection)
    done = ngettext(
        "{count} message or event was deleted.",
        "{count} messages and events were deleted.",
        deleted,
    )
    report(done.format(count=deleted))
    if is_elsewhere:
        report(_(in_cluster.OTHER_SERVERS))
    return OK


def _agreed(total: int, before: float, channel: str | None) -> bool:
    question = ngettext(
        "Delete {count} message or event from before {time} in {channel}? [y/N] ",
        "Delete {count} messages and events from before {time} in {channel}? [y/N] ",
        total,
    )
    where = _("all channels") if channel is None else escape_controls(channel)
    return confirm(question.format(count=total, time=server_time(first_id(before)), channel=where))
