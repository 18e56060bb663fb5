"""`trio-chat invite`: its arguments."""

from trio_chat.cli.arguments import channel_name, duration, some_text, uses
from trio_chat.cli.commands import DATABASE, Argument, ExclusiveGroup, Invocation, command
from trio_chat.i18n import N_


@command(
    "invite",
    DATABASE,
    ExclusiveGroup(
        (
            Argument(
                "channel",
                nargs="?",
                type=channel_name,
                metavar="CHANNEL",
                words=N_("the registered channel; its '#' may be left out"),
            ),
            Argument(
                "--account",
                action="store_true",
                words=N_("for registering an account, with [accounts] registration = invitation"),
            ),
            Argument("--list", action="store_true", words=N_("show the invitations")),
            Argument(
                "--revoke",
                type=some_text,
                metavar="ID",
                words=N_("revoke the invitation with this id of the list"),
            ),
        ),
        required=True,
    ),
    Argument(
        "--uses",
        type=uses,
        default=1,
        metavar="NUMBER",
        words=N_("how many users can use it; 0: any number (default: 1)"),
    ),
    Argument(
        "--for",
        type=duration,
        dest="seconds",
        metavar="DURATION",
        words=N_("for how long, such as 12h or 2d; 0: for ever (default: 7d)"),
    ),
    help=N_("make a link that lets others in"),
    description=N_(
        "Make a link by which others join a registered channel, also a closed one, or register an"
        " account. The link is printed\nonce, and is stored nowhere. A server that is running"
        " notices it within seconds."
    ),
    epilog=N_(
        "examples:\n  trio-chat invite '#lobby'\n  trio-chat invite '#lobby' --uses 10 --for 2d\n"
        "  trio-chat invite --account\n  trio-chat invite --list"
    ),
)
def invite(call: Invocation) -> int:
    """Make, list or revoke an invitation."""
    from trio_chat.admin import invitations  # noqa: PLC0415

    options = call.options
    if options.list:
        return invitations.list_invitations(call.database)
    if options.revoke:
        return invitations.revoke(call.database, options.revoke)
    return invitations.invite(
        call.database, call.settings, options.channel or "", options.uses, options.seconds
    )
