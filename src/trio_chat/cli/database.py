"""`trio-chat backup` and `trio-chat db`: their arguments."""

import argparse
from pathlib import Path

from trio_chat.cli.arguments import FORCE
from trio_chat.cli.commands import DATABASE, Argument, Invocation, command, group
from trio_chat.i18n import N_, _


def _backup(text: str) -> Path:
    if text == "-":
        problem = _("a database cannot be written to standard output: name a file")
        raise argparse.ArgumentTypeError(problem)
    return Path(text)


@command(
    "backup",
    DATABASE,
    Argument(
        "file",
        type=_backup,
        metavar="FILE",
        words=N_("the file to write; only its owner can read it"),
    ),
    FORCE,
    is_long=True,
    help=N_("copy the database into a file"),
    description=N_(
        "Copy the database into a file, as it is at one moment; the server may go on running. To"
        " restore it: stop the\nserver, delete the database and the files beside it that end in"
        " -wal and -shm, and put the copy in its place."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat backup chat-monday.db\n"
        "  trio-chat backup --config /etc/trio-chat.ini --force /var/backups/chat.db"
    ),
)
def backup(call: Invocation) -> int:
    """Copy the database."""
    from trio_chat.admin.database import back_up  # noqa: PLC0415

    return back_up(call.database, call.options.file, replace=call.options.force)


_CHECKING = {
    "help": N_("check the database"),
    "epilog": N_("examples:\n  trio-chat db check\n  trio-chat db check --database chat-monday.db"),
}
DB = group("db", description=N_("Look after the database."), **_CHECKING)


@DB.command(
    "check",
    DATABASE,
    is_long=True,
    description=N_(
        "Check that the database is sound, and say what is in it. The exit code is 1 when it is"
        " damaged."
    ),
    **_CHECKING,
)
def _check(call: Invocation) -> int:
    from trio_chat.admin.database import check  # noqa: PLC0415

    return check(call.database)
