"""The commands of `trio-chat report`: their output around `maintenance.reports`."""

from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.admin import in_cluster
from trio_chat.admin.console import date, report, write_lines
from trio_chat.admin.exit_codes import OK
from trio_chat.admin.recorded import recorded
from trio_chat.chat import multiline
from trio_chat.chat.ids import msgid
from trio_chat.chat.moderation.server import ServerReport
from trio_chat.i18n import _
from trio_chat.irc.text import strip_formatting
from trio_chat.maintenance.reports import existing_report, open_reports, resolution
from trio_chat.storage.maintenance import connected
from trio_chat.storage.moderation import every_row, notify, save

if TYPE_CHECKING:
    import apsw


def list_reports(database: Path) -> int:
    """Write the open reports, one a line: number, since when, about whom, where, how many users,
    text.
    """
    with connected(database) as connection:
        found = open_reports(every_row(connection))
    return write_lines(
        (
            str(each.number),
            date(each.time),
            each.source,
            each.target,
            str(len(each.reporters)),
            multiline.flatten(strip_formatting(each.text), " / "),
        )
        for each in found
    )


def show_report(database: Path, number: int) -> int:
    """Write all that is known of a report, one fact a line.

    Raises:
        StorageError: there is no such report.
    """
    with connected(database) as connection:
        found = existing_report(open_reports(every_row(connection)), number)
    return write_lines(_facts(found))


def _facts(found: ServerReport) -> list[tuple[str, ...]]:
    message = [("message", msgid(found.message))] if found.message else []
    lines = found.text.replace("\n\r", "").split("\n") if found.text else []
    return [
        ("number", str(found.number)),
        ("since", date(found.time)),
        ("about", found.source),
        ("in", found.target),
        *message,
        *(("text", strip_formatting(line)) for line in lines),
        *(("by", one.nick, one.reason or "-") for one in found.reporters),
    ]


def resolve_report(database: Path, number: int, note: str) -> int:
    """Resolve a report; a server that runs tells the users that made it within seconds.

    Args:
        database: the file.
        number: of the report.
        note: a sentence for these users, or "".

    Raises:
        StorageError: there is no such report.
    """
    with connected(database, instead=_(in_cluster.REPORT)) as connection:
        said = f"REPORTS RESOLVE {number}: {note}".removesuffix(": ")
        with recorded(connection, "report", said):
            _resolve(connection, number, note)
    report(
        _(
            "Report {number} is resolved; the users that made it hear it from the server, which"
            " notices it within seconds, or when it starts."
        ).format(number=number)
    )
    return OK


def _resolve(connection: "apsw.Connection", number: int, note: str) -> None:
    found = existing_report(open_reports(every_row(connection)), number)
    row = resolution(found, note)
    save(connection, {(row.kind, row.key): row})
    notify(connection)
