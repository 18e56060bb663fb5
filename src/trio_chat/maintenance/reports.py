"""Reports to the operators of the server, as maintenance shows and resolves them.

A command only writes that a report is resolved: the server closes it, because it alone can tell the
users that made it. A server that does not run does so when it starts.
"""

from collections.abc import Iterable, Sequence

from trio_chat.chat.moderation.desk import MAX_NOTE
from trio_chat.chat.moderation.server import (
    RESOLVED,
    ModerationRow,
    ServerModeration,
    ServerReport,
)
from trio_chat.i18n import _
from trio_chat.irc.message import truncate
from trio_chat.irc.text import strip_controls, strip_formatting
from trio_chat.maintenance.refusals import ResourceNotFound


def open_reports(rows: Iterable[ModerationRow]) -> Sequence[ServerReport]:
    """Return the reports that nobody has resolved, the oldest first.

    Args:
        rows: all that is stored of the moderation of the server.
    """
    moderation, resolved = ServerModeration(), set[int]()
    for row in rows:
        if row.kind == RESOLVED:
            resolved.add(int(row.key))
        else:
            moderation.put_row(row)
    return [each for number, each in sorted(moderation.reports.items()) if number not in resolved]


def existing_report(reports: Iterable[ServerReport], number: int) -> ServerReport:
    """Return the report with a number.

    Raises:
        ResourceNotFound: there is none.
    """
    found = next((each for each in reports if each.number == number), None)
    if found is None:
        raise ResourceNotFound(
            _("there is no open report {number}; `trio-chat report list` shows them").format(
                number=number
            )
        )
    return found


def resolution(report: ServerReport, note: str) -> ModerationRow:
    """Return the row by which the server resolves a report.

    Args:
        report: the report.
        note: a sentence for the users that made it, or "".
    """
    # A line of IRC has to hold it; an argument can have line ends.
    words = " ".join(strip_formatting(note).split())
    shown = truncate(strip_controls(words), MAX_NOTE)
    return ModerationRow(RESOLVED, str(report.number), shown)
