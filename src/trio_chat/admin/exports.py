"""The command `trio-chat export`: the history of a channel or of an account, as lines of JSON, as
text, or as pages of HTML.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from trio_chat.admin.console import report, report_error, to_standard_output
from trio_chat.admin.exit_codes import FAILED, OK, USAGE
from trio_chat.admin.progress import Progress, is_terminal
from trio_chat.chat.accounts import Account
from trio_chat.chat.history import Record
from trio_chat.exports import text
from trio_chat.i18n import _, ngettext
from trio_chat.irc.names import fold_or_self
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance.atomic_file import FileError, atomic_file
from trio_chat.storage import account_maintenance, json_lines, maintenance
from trio_chat.storage.errors import StorageError
from trio_chat.storage.events import select_tags
from trio_chat.synced_file import synced

if TYPE_CHECKING:
    import apsw

    from trio_chat.admin.exported_pages import PageWriter

FORMATS = ("jsonl", "text", "html")
_SUFFIXES = {"jsonl": "messages.jsonl", "text": "messages.txt"}
_WRITTEN = re.compile(
    r"index\.html|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:-[0-9]+)?\.html|account\.json|messages\.(?:jsonl|txt)"
    r"|files|files/[A-Za-z0-9_-]{22}-.+",
    re.DOTALL,
)
"""What is in the directory of an export."""


class ExportRequest(NamedTuple):
    """What is exported, and where to.

    Args:
        database: the database.
        channel: the folded name of a channel, or None.
        account: the name of an account, or None.
        form: one of `FORMATS`.
        output: a file or directory; None for standard output.
        replace: whether it may exist.
    """

    database: Path
    channel: str | None
    account: str | None
    form: str
    output: Path | None
    replace: bool


def export(request: ExportRequest) -> int:
    """Write the messages of a channel or of an account; return the exit code."""
    if (request.channel is None) == (request.account is None):
        report_error(_("name either a channel or, with --account, an account"))
        return USAGE
    if request.output is None and (request.form == "html" or request.account is not None):
        report_error(_("this makes a directory: name it with --output"))
        return USAGE
    with maintenance.connected(request.database) as connection:
        if request.account is not None:
            written = _export_account(connection, request, request.account)
        else:
            written = _export_channel(connection, request, request.channel or "")
    if written is None:
        return FAILED
    report(
        ngettext("{count} message was written.", "{count} messages were written.", written).format(
            count=written
        )
    )
    return OK


def _export_channel(
    connection: "apsw.Connection", request: ExportRequest, channel: str
) -> int | None:
    if channel not in maintenance.channels(connection):
        raise StorageError(
            _("nothing was ever said in {channel}").format(channel=escape_controls(channel))
        )
    pages = maintenance.pages(connection, channel, with_reactions=True)
    total = maintenance.count_messages(connection, channel) if is_terminal() else 0
    records = _shown_progress(pages, total)
    if request.form == "html" and request.output is not None:
        with _new_directory(request.output, request.database, replace=request.replace) as part:
            writer = _page_writer()(connection, request.database, part, channel)
            writer.note_reactions(select_tags(connection, channel))
            return writer.write(records)
    write = partial(_write_lines, connection, request.form, records)
    if request.output is None:
        return to_standard_output(write)
    with atomic_file(request.output, request.database, replace=request.replace) as part:
        return _to_file(part, write)


def _page_writer() -> "type[PageWriter]":
    """Return the class, whose module takes long to load and is needed for pages alone."""
    from trio_chat.admin.exported_pages import PageWriter  # noqa: PLC0415

    return PageWriter


def _export_account(connection: "apsw.Connection", request: ExportRequest, name: str) -> int | None:
    from trio_chat.maintenance.accounts import describe  # noqa: PLC0415  # slow to import

    account = account_maintenance.find(connection, fold_or_self(name))
    if account is None or request.output is None:
        raise StorageError(_("there is no account {account}").format(account=name))
    found = account_maintenance.messages(connection, account, with_reactions=True)
    total = maintenance.count_messages(connection) if is_terminal() else 0
    records = _shown_progress(([record] for record in found), total)
    with _new_directory(request.output, request.database, replace=request.replace) as part:
        described = json.dumps(describe(connection, account), ensure_ascii=False, indent=1)
        _to_file(part / "account.json", lambda stream: stream.write(f"{described}\n".encode()))
        if request.form == "jsonl":
            write = partial(_write_lines, connection, request.form, records)
            return _to_file(part / _SUFFIXES["jsonl"], write)
        named = _with_names(connection, account, records)
        if request.form == "html":
            writer = _page_writer()(connection, request.database, part, account.name, several=True)
            return writer.write(named)
        return _to_file(
            part / _SUFFIXES["text"],
            lambda stream: _write_text(stream, named, with_channel=True),
        )


def _with_names(
    connection: "apsw.Connection", account: Account, records: Iterable[Record]
) -> Iterator[Record]:
    """Yield records whose private conversations have the name of the other person."""
    names = {str(each.id): each.name for each in account_maintenance.all_accounts(connection)}
    for record in records:
        parties = record.buffer.split(",")
        others = [party for party in parties if party != str(account.id)] or parties[:1]
        shown = names.get(others[0], others[0].removeprefix("~"))
        yield record._replace(buffer=shown) if len(parties) > 1 else record


def _shown_progress(pages: Iterable[list[Record]], total: int) -> Iterator[Record]:
    done = 0
    with Progress(_("Exporting"), total) as progress:
        for page in pages:
            yield from page
            done += len(page)
            progress(done)


def _write_lines(
    connection: "apsw.Connection", form: str, records: Iterable[Record], stream: BinaryIO
) -> int:
    if form == "text":
        return _write_text(stream, records)
    numbers = account_maintenance.account_numbers(connection)
    written = 0
    for record in records:
        stream.write(json_lines.to_line(record, numbers))
        written += record.command != json_lines.TAGMSG
    return written


def _write_text(stream: BinaryIO, records: Iterable[Record], *, with_channel: bool = False) -> int:
    written = 0

    def counted() -> Iterator[Record]:
        nonlocal written
        for record in records:
            written += record.command != json_lines.TAGMSG
            yield record

    for line in text.lines(counted(), with_channel=with_channel):
        stream.write(line.encode("utf-8", "replace"))
    return written


def _to_file(path: Path, write: Callable[[BinaryIO], int]) -> int:
    with synced(path) as stream:
        return write(stream)


@contextmanager
def _new_directory(target: Path, database: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a private directory, which gets the name of the target when the block ends.

    Raises:
        FileError: the target exists, or cannot be written.
    """
    try:
        target = Path(os.path.realpath(target))  # a link to a directory stays one
        if problem := _why_not(target, replace=replace):
            raise FileError(problem.format(file=target))
        part = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=target.parent))
        try:
            yield part
            if target.exists():
                shutil.rmtree(target)
            part.replace(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise FileError(f"{target}: {error.strerror or error}") from error


def _why_not(target: Path, *, replace: bool) -> str:
    """Return why a directory cannot be written there; "" if it can."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return ""
    if not target.is_dir() or not _is_export(target):
        return _("{file}: there is something else; name a new directory")
    return "" if replace else _("{file}: there is an export already; --force replaces it")


def _is_export(directory: Path) -> bool:
    """Return whether a directory has nothing in it but an export."""
    if not any((directory / name).is_file() for name in ("account.json", "index.html")):
        return False
    names = (each.relative_to(directory).as_posix() for each in directory.rglob("*"))
    return all(map(_WRITTEN.fullmatch, names))
