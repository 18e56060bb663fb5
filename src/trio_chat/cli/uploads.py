"""`trio-chat uploads`: its commands and their arguments."""

from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

UPLOADS = group(
    "uploads",
    help=N_("list or remove uploaded files"),
    description=N_(
        "Look after the files that clients have uploaded. The server may go on running."
    ),
    epilog=N_(
        "examples:\n  trio-chat uploads list\n  trio-chat uploads remove"
        " http://chat.example.org:5000/file/mbSUrkcUyJ8JlHCma1-2RQ/cat.jpg"
    ),
)


@UPLOADS.command(
    "list",
    DATABASE,
    help=N_("show all uploaded files"),
    description=N_(
        "Show all uploaded files, one a line, with tabs between: the random name, when it was"
        " uploaded (UTC), bytes, type, the\naccount or the address of the uploader, and the name of"
        " the file."
    ),
    epilog=N_("examples:\n  trio-chat uploads list"),
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.uploads import list_uploads  # noqa: PLC0415

    return list_uploads(call.database)


@UPLOADS.command(
    "remove",
    DATABASE,
    Argument(
        "names",
        nargs="*",
        metavar="FILE",
        words=N_("the random name of a file, or a link to it"),
    ),
    Argument(
        "--missing",
        action="store_true",
        words=N_("forget the files whose bytes are missing on the disk"),
    ),
    help=N_("remove uploaded files"),
    description=N_(
        "Remove uploaded files and free their quotas. Messages with links to them stay."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat uploads remove mbSUrkcUyJ8JlHCma1-2RQ\n"
        "  trio-chat uploads remove -- -SUrkcUyJ8JlHCma1-2RQ"
    ),
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.uploads import remove_uploads  # noqa: PLC0415

    return remove_uploads(call.database, call.options.names, missing=call.options.missing)
