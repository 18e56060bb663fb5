"""The commands `trio-chat backup` and `db check`: their output around `maintenance.backups`."""

from pathlib import Path

from trio_chat.admin.console import report
from trio_chat.admin.exit_codes import FAILED, OK
from trio_chat.admin.progress import Progress
from trio_chat.chat.ids import server_time
from trio_chat.i18n import N_, _
from trio_chat.irc.text import escape_controls
from trio_chat.maintenance import backups
from trio_chat.storage import schema

_COUNTED = {
    "buffer": N_("channels: {count}"),
    "message": N_("messages: {count}"),
    "event": N_("events: {count}"),
    "account": N_("accounts: {count}"),
}


def back_up(database: Path, target: Path, *, replace: bool) -> int:
    """Copy the database into a file."""
    with Progress(_("Copying"), 100) as progress:
        size = backups.back_up(
            database,
            target,
            replace=replace,
            on_progress=lambda done, total: progress(100 * done // max(1, total)),
        )
    report(_("{file}: {size} bytes, complete").format(file=escape_controls(str(target)), size=size))
    return OK


def check(database: Path) -> int:
    """Check the database, and print what is in it."""
    health = backups.examine(database)
    known = len(schema.migrations())
    note = (
        ""
        if health.version == known
        else _(" (the server brings it to {known} when it starts)").format(known=known)
    )
    print(_("database: {file}").format(file=escape_controls(str(database))))
    print(_("schema: {version}").format(version=health.version) + note)
    print(_("size: {size} bytes").format(size=health.size))
    for table, count in health.counts.items():
        print(_(_COUNTED[table]).format(count=count))
    if health.last_id:
        print(_("newest message: {time}").format(time=server_time(health.last_id, health.shift)))
    if not health.problems:
        print(_("state: sound"))
        return OK
    print(_("state: DAMAGED; keep this file, and restore a backup"))
    for problem in health.problems:
        print("  " + "\n  ".join(map(escape_controls, problem.splitlines())))
    return FAILED
