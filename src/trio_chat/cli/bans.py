"""`trio-chat ban`: its commands and their arguments."""

from trio_chat.cli.arguments import duration
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

BAN = group(
    "ban",
    help=N_("list, make or lift bans of the server"),
    description=N_(
        "Look after bans of the server. It may go on running; it notices within seconds."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat ban list\n"
        "  trio-chat ban add 192.0.2.0/24 --for 1d12h --reason spam\n"
        "  trio-chat ban remove 'spam*!*@203.0.113.0/24'"
    ),
)

_MASK = Argument(
    "mask",
    metavar="MASK",
    words=N_("an address, a network such as 192.0.2.0/24, or nick!user@host"),
)


@BAN.command(
    "list",
    DATABASE,
    help=N_("show all bans"),
    description=N_(
        "Show all bans, one a line, with tabs between: mask, since when, until when (UTC), by whom,"
        " why."
    ),
    epilog=N_("examples:\n  trio-chat ban list"),
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.bans import list_bans  # noqa: PLC0415

    return list_bans(call.database)


@BAN.command(
    "add",
    DATABASE,
    _MASK,
    Argument(
        "--for",
        dest="seconds",
        type=duration,
        default=0,
        metavar="TIME",
        words=N_("how long, such as 1d12h"),
    ),
    Argument("--reason", default="", words=N_("the reason that banned users see")),
    help=N_("ban a mask or an address"),
    description=N_(
        "Ban an address, a network, or a mask nick!user@host. Users that it covers are disconnected"
        " within seconds."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat ban add 192.0.2.7\n"
        "  trio-chat ban add 'spam*!*@203.0.113.0/24' --for 2weeks --reason spam"
    ),
)
def _add(call: Invocation) -> int:
    from trio_chat.admin.bans import add_ban  # noqa: PLC0415

    options = call.options
    return add_ban(
        call.database, options.mask, options.seconds, options.reason, call.settings.limits
    )


@BAN.command(
    "remove",
    DATABASE,
    _MASK,
    help=N_("lift a ban"),
    description=N_("Lift a ban, named as `ban list` shows it."),
    epilog=N_("examples:\n  trio-chat ban remove 192.0.2.7"),
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.bans import remove_ban  # noqa: PLC0415

    return remove_ban(call.database, call.options.mask)
