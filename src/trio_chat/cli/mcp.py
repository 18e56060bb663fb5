"""`trio-chat mcp`: its arguments."""

import argparse
import os
from pathlib import Path

from trio_chat.cli.arguments import fingerprint, target
from trio_chat.cli.commands import Argument, ExclusiveGroup, Invocation, command, usage_error
from trio_chat.i18n import N_, _
from trio_chat.installation import install_command

_PASSWORD_VARIABLE = "TRIO_CHAT_PASSWORD"  # noqa: S105 - a name
_RATE = 10
_MOST_A_MINUTE = 600


def _rate(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _MOST_A_MINUTE:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a whole number from 1 to {most}").format(
                value=text, most=_MOST_A_MINUTE
            )
        )
    return int(text)


def _address(text: str) -> str:
    target(text)  # refuses what is no address
    return text


@command(
    "mcp",
    Argument(
        "server",
        nargs="?",
        default="127.0.0.1",
        metavar="HOST[:PORT]",
        type=_address,
        words=N_("the server, as for `trio-chat connect` (default: this computer)"),
    ),
    Argument("--account", default="", words=N_("the account with whose rights the agent acts")),
    Argument("--nick", default="", words=N_("its nickname (default: the name of the account)")),
    Argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        words=N_(
            "a file whose first line is the password of the account (default: the variable"
            " TRIO_CHAT_PASSWORD)"
        ),
    ),
    Argument(
        "--channel",
        action="append",
        default=[],
        metavar="CHANNEL",
        words=N_("a channel to join; may be repeated"),
    ),
    Argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        words=N_("a channel or user to which the agent may write without a question"),
    ),
    Argument("--read-only", action="store_true", words=N_("let the agent write nothing")),
    Argument(
        "--rate",
        type=_rate,
        default=_RATE,
        metavar="N",
        words=N_("messages and reactions a minute at most (default: 10)"),
    ),
    Argument(
        "--unmarked",
        action="store_true",
        words=N_("do not mark the agent as a bot, for an account that you use yourself"),
    ),
    ExclusiveGroup(
        (
            Argument(
                "--fingerprint",
                type=fingerprint,
                metavar="HEX",
                words=N_(
                    "connect only to the server whose certificate has this SHA-256 fingerprint"
                ),
            ),
            Argument("--plaintext", action="store_true", words=N_("connect without encryption")),
        )
    ),
    help=N_("let an agent read and write in a chat (Model Context Protocol)"),
    description=N_(
        "Let a program such as an assistant read, search and write in a chat with the rights of one"
        " account. It speaks the Model Context Protocol on standard input and output, and is"
        " started by that program. Before the first message to each channel the user is asked."
    ),
    epilog=N_(
        "example, in the configuration of the program:\n"
        '  {"command": "trio-chat", "args": ["mcp", "chat.example.org", "--account", "helper",\n'
        '   "--password-file", "/home/anna/helper.password", "--channel", "#team"]}'
    ),
)
def mcp(call: Invocation) -> int:
    """Run an agent."""
    from trio_chat.admin.passwords import read_password  # noqa: PLC0415
    from trio_chat.client.trust import Security  # noqa: PLC0415
    from trio_chat.maintenance.atomic_file import FileError  # noqa: PLC0415

    options = call.options
    try:
        from trio_chat.mcp.program import AgentOptions, run  # noqa: PLC0415
    except ImportError as error:
        usage_error(
            _("a package is missing: {command} ({error})").format(
                command=f"`{install_command('mcp')}`", error=error
            )
        )
    password = os.environ.get(_PASSWORD_VARIABLE, "")
    try:
        if options.password_file is not None:
            password = read_password(options.password_file)
    except FileError as error:
        usage_error(str(error))
    if options.account and not password:
        usage_error(_("the account needs a password: --password-file FILE"))
    return run(
        AgentOptions(
            server=options.server,
            account=options.account,
            nick=options.nick,
            password=password,
            channels=options.channel,
            allowed=options.allow,
            rate=options.rate,
            is_read_only=options.read_only,
            is_marked=not options.unmarked,
            security=Security(plaintext=options.plaintext, fingerprint=options.fingerprint or ""),
        )
    )
