"""`trio-chat history`: its commands and their arguments."""

from trio_chat.cli.arguments import (
    FORCE,
    ONLY_CHANNEL,
    YES,
    days_ago,
    file_or_stream,
    moment,
)
from trio_chat.cli.commands import DATABASE, Argument, ExclusiveGroup, Invocation, group
from trio_chat.i18n import N_

HISTORY = group(
    "history",
    help=N_("export, import or delete messages"),
    description=N_("Export, import or delete messages. The server may go on running."),
    epilog=N_(
        "examples:\n"
        "  trio-chat history export --output messages.jsonl\n"
        "  trio-chat history import messages.jsonl\n"
        "  trio-chat history prune --keep-days 365"
    ),
)


@HISTORY.command(
    "export",
    DATABASE,
    ONLY_CHANNEL,
    Argument(
        "--output",
        type=file_or_stream,
        metavar="FILE",
        words=N_("the file to write (default: -, that is, standard output)"),
    ),
    FORCE,
    is_long=True,
    help=N_("write messages as lines of JSON"),
    description=N_(
        "Write messages as JSON Lines: channel by channel, each in the order in which it was said."
        " What was said behind\nclosed doors is among them; who came and left, topics and accounts"
        " are not: `trio-chat backup` keeps everything."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat history export --output messages.jsonl\n"
        "  trio-chat history export --channel '#lobby' | grep pizza"
    ),
)
def _export(call: Invocation) -> int:
    from trio_chat.admin.history import export  # noqa: PLC0415

    return export(
        call.database, call.options.channel, call.options.output, replace=call.options.force
    )


@HISTORY.command(
    "import",
    DATABASE,
    Argument(
        "file",
        nargs="?",
        type=file_or_stream,
        metavar="FILE",
        words=N_("the file to read (default: -, that is, standard input)"),
    ),
    is_long=True,
    help=N_("read messages from lines of JSON"),
    description=N_(
        "Import messages that `history export` wrote. Those that exist are left out, so importing"
        " twice does no harm. Invalid\nlines are reported and left out; the exit code is 1 then."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat history import messages.jsonl\n"
        "  zcat messages.jsonl.gz | trio-chat history import"
    ),
)
def _import(call: Invocation) -> int:
    from trio_chat.admin.history import import_  # noqa: PLC0415

    return import_(call.database, call.options.file)


_BEFORE = Argument(
    "--before",
    type=moment,
    metavar="DATE",
    words=N_(
        "delete what was said before this date or time, such as 2026-01-31 or"
        " 2026-01-31T18:00+03:00 (default: UTC)"
    ),
)
_KEEP_DAYS = Argument(
    "--keep-days",
    dest="before",
    type=days_ago,
    metavar="N",
    words=N_("delete what is older than so many days"),
)


@HISTORY.command(
    "prune",
    DATABASE,
    ExclusiveGroup((_BEFORE, _KEEP_DAYS), required=True),
    ONLY_CHANNEL,
    YES,
    is_long=True,
    help=N_("delete old messages"),
    description=N_(
        "Delete old messages and events, for ever. The room they took is used for new ones; the"
        " file does not shrink."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat history prune --keep-days 365\n"
        "  trio-chat history prune --before 2026-01-31 --channel '#lobby' --yes"
    ),
)
def _prune(call: Invocation) -> int:
    from trio_chat.admin.history import prune  # noqa: PLC0415

    return prune(call.database, call.options.before, call.options.channel, yes=call.options.yes)
