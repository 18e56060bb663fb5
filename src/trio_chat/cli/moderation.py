"""`trio-chat filter` and `trio-chat raid`: their commands and arguments."""

from trio_chat.cli.arguments import limited_duration
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

_EXAMPLES = N_(
    "examples:\n"
    "  trio-chat filter list\n"
    "  trio-chat filter add refuse viagra\n"
    "  trio-chat filter add hold @channels link\n"
    "  trio-chat filter remove viagra"
)
FILTER = group(
    "filter",
    help=N_("list, add or remove filters of words and links of the whole server"),
    description=N_(
        "Look after filters of the whole server. It may go on running; it notices within seconds."
        " docs/moderation.md describes them."
    ),
    epilog=_EXAMPLES,
)


@FILTER.command(
    "list",
    DATABASE,
    help=N_("show all filters"),
    description=N_(
        "Show all filters, one a line, with tabs between: action, places, pattern, since when"
        " (UTC), by whom."
    ),
    epilog=_EXAMPLES,
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.moderation import list_filters  # noqa: PLC0415

    return list_filters(call.database)


@FILTER.command(
    "add",
    DATABASE,
    Argument(
        "words",
        nargs="+",
        metavar="WORD",
        words=N_(
            "refuse, hold, flag or allow; perhaps places such as @channels,private; and the pattern"
        ),
    ),
    help=N_("add a filter"),
    description=N_(
        "Add a filter. It refuses what matches its pattern, holds it for an operator, or only"
        " notifies operators of it (flag)."
    ),
    epilog=_EXAMPLES,
)
def _add(call: Invocation) -> int:
    from trio_chat.admin.moderation import add_filter  # noqa: PLC0415

    return add_filter(call.database, " ".join(call.options.words).split())


@FILTER.command(
    "remove",
    DATABASE,
    Argument("words", nargs="+", metavar="PATTERN", words=N_("the pattern, as the list shows it")),
    help=N_("remove a filter"),
    description=N_("Remove a filter, named as `filter list` shows its pattern."),
    epilog=_EXAMPLES,
)
def _remove(call: Invocation) -> int:
    from trio_chat.admin.moderation import remove_filter  # noqa: PLC0415

    return remove_filter(call.database, " ".join(call.options.words))


_RAID_EXAMPLES = N_(
    "examples:\n  trio-chat raid on\n  trio-chat raid on --for 2h\n  trio-chat raid off"
)
RAID = group(
    "raid",
    help=N_("keep newcomers without an account silent for a time (raid mode)"),
    description=N_(
        "Turn raid mode of the whole server on or off. A server that is running notices it within"
        " seconds."
    ),
    epilog=_RAID_EXAMPLES,
)


@RAID.command(
    "on",
    DATABASE,
    Argument(
        "--for",
        dest="seconds",
        type=limited_duration,
        default=1800,
        metavar="TIME",
        words=N_("how long, such as 2h; 30 minutes when it is left out"),
    ),
    help=N_("turn raid mode on"),
    description=N_(
        "Turn raid mode on: newcomers without an account can neither join channels nor write, no"
        " accounts are registered, and an\naddress can connect less often. It ends by itself."
    ),
    epilog=_RAID_EXAMPLES,
)
def _on(call: Invocation) -> int:
    from trio_chat.admin.moderation import set_raid  # noqa: PLC0415

    return set_raid(call.database, call.options.seconds)


@RAID.command(
    "off",
    DATABASE,
    help=N_("turn raid mode off"),
    description=N_("Turn raid mode off."),
    epilog=_RAID_EXAMPLES,
)
def _off(call: Invocation) -> int:
    from trio_chat.admin.moderation import set_raid  # noqa: PLC0415

    return set_raid(call.database, 0)


@RAID.command(
    "show",
    DATABASE,
    help=N_("show whether raid mode is on"),
    description=N_("Show whether raid mode is on, until when (UTC), and by whom."),
    epilog=_RAID_EXAMPLES,
)
def _show(call: Invocation) -> int:
    from trio_chat.admin.moderation import show_raid  # noqa: PLC0415

    return show_raid(call.database)
