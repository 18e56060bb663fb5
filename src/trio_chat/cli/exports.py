"""`trio-chat export`: its arguments."""

from trio_chat.cli.arguments import account_name, channel_name, file_or_stream
from trio_chat.cli.commands import DATABASE, Argument, Invocation, command
from trio_chat.i18n import N_


@command(
    "export",
    DATABASE,
    Argument(
        "channel",
        nargs="?",
        type=channel_name,
        metavar="CHANNEL",
        words=N_("the channel; its '#' may be left out"),
    ),
    Argument(
        "--account",
        type=account_name,
        metavar="NAME",
        words=N_("instead of a channel, all that an account has said, and all that is known of it"),
    ),
    Argument(
        "--format",
        choices=("jsonl", "text", "html"),
        default="jsonl",
        words=N_("lines of JSON, text, or a directory with pages to read (default: jsonl)"),
    ),
    Argument(
        "--output",
        type=file_or_stream,
        metavar="DEST",
        words=N_("the file or directory to write (default: -, that is, standard output)"),
    ),
    Argument("--force", action="store_true", words=N_("replace a file or an earlier export there")),
    is_long=True,
    help=N_("write the history of a channel or account, to keep or to read"),
    description=N_(
        "Write the history of a channel or of an account. The server may go on running. JSON Lines"
        " can be imported\nagain (trio-chat import jsonl); an account always gets a directory."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat export '#lobby' > lobby.jsonl\n"
        "  trio-chat export '#lobby' --format html --output lobby\n"
        "  trio-chat export --account anna --output anna"
    ),
)
def export(call: Invocation) -> int:
    """Write the history of a channel or account."""
    from trio_chat.admin.exports import ExportRequest  # noqa: PLC0415
    from trio_chat.admin.exports import export as write  # noqa: PLC0415

    given = call.options
    return write(
        ExportRequest(
            call.database, given.channel, given.account, given.format, given.output, given.force
        )
    )
