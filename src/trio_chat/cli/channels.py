"""`trio-chat channel`: its commands and their arguments."""

from typing import Any

from trio_chat.cli.arguments import channel_name, history_days
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group
from trio_chat.i18n import N_

_SHOWING: dict[str, Any] = {
    "help": N_("show the registered channels"),
    "epilog": N_("examples:\n  trio-chat channel list\n  trio-chat channel history '#lobby' 30"),
}
CHANNEL = group("channel", description=N_("Look after registered channels."), **_SHOWING)


@CHANNEL.command(
    "list",
    DATABASE,
    description=N_(
        "Show the registered channels, one a line, with tabs between: name, owner, since when"
        " (UTC), topic, and how many\nalways-on members it has."
    ),
    **_SHOWING,
)
def _list(call: Invocation) -> int:
    from trio_chat.admin.channels import list_channels  # noqa: PLC0415

    return list_channels(call.database)


@CHANNEL.command(
    "history",
    DATABASE,
    Argument(
        "channel",
        type=channel_name,
        metavar="CHANNEL",
        words=N_("the channel; its '#' may be left out"),
    ),
    Argument(
        "days",
        type=history_days,
        metavar="DAYS|off|default",
        words=N_("a number of days, or one of these words"),
    ),
    help=N_("set how long messages of a channel are kept"),
    description=N_(
        "Set for how many days messages of a registered channel are kept, as its owner can."
    ),
    epilog=N_(
        "examples:\n  trio-chat channel history '#lobby' 30\n  trio-chat channel history"
        " '#secret' off"
    ),
)
def _history(call: Invocation) -> int:
    from trio_chat.admin.channels import set_history  # noqa: PLC0415

    return set_history(call.database, call.options.channel, call.options.days)
