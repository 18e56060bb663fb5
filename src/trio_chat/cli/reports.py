"""`trio-chat report`: its commands and arguments."""

from trio_chat.cli.arguments import report_number
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

_EXAMPLES = N_(
    "examples:\n"
    "  trio-chat report list\n"
    "  trio-chat report show 3\n"
    "  trio-chat report resolve 3 --note 'the user was banned'"
)
_NUMBER = Argument("number", type=report_number, metavar="NUMBER", words=N_("as the list shows it"))
REPORT = group(
    "report",
    help=N_("show and resolve what users have reported to the operators of the server"),
    description=N_(
        "Look after reports to the operators of the server, which users make by REPORT. The server"
        " may go on running. Reports to the operators of a channel are not among them."
    ),
    epilog=_EXAMPLES,
)


@REPORT.command(
    "list",
    DATABASE,
    help=N_("show the open reports"),
    description=N_(
        "Show the open reports, one a line, with tabs between: number, since when (UTC), about"
        " whom, in which conversation, how many users have made it, the text of the message."
    ),
    epilog=_EXAMPLES,
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.reports import list_reports  # noqa: PLC0415

    return list_reports(call.database)


@REPORT.command(
    "show",
    DATABASE,
    _NUMBER,
    help=N_("show all of a report"),
    description=N_("Show all that is known of a report, with what its users say."),
    epilog=_EXAMPLES,
)
def _show(call: Invocation) -> int:
    from trio_chat.admin.reports import show_report  # noqa: PLC0415

    return show_report(call.database, call.options.number)


@REPORT.command(
    "resolve",
    DATABASE,
    _NUMBER,
    Argument(
        "--note", default="", metavar="TEXT", words=N_("a sentence for the users that made it")
    ),
    help=N_("close a report"),
    description=N_(
        "Close a report. The users that made it hear so, with the note; an account that is not"
        " connected hears it when it comes back."
    ),
    epilog=_EXAMPLES,
)
def _resolve(call: Invocation) -> int:
    from trio_chat.admin.reports import resolve_report  # noqa: PLC0415

    return resolve_report(call.database, call.options.number, call.options.note)
