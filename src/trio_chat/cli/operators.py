"""The commands of `trio-chat` for operators of the server and for bans. Arguments, and nothing else."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trio_chat.cli.history import Tools, command_with_settings, group_of_commands
from trio_chat.i18n import _

if TYPE_CHECKING:
    from trio_chat.config import Settings


def add(commands: Any, tools: Tools) -> None:
    """Add the commands."""
    _add_operator(commands, tools)
    _add_ban(commands, tools)


def _add_operator(commands: Any, tools: Tools) -> None:
    epilog = _(
        "examples:\n"
        "  trio-chat operator hash\n"
        "  trio-chat operator hash --stdin < secret.txt"
    )  # fmt: skip
    group = group_of_commands(
        commands,
        tools,
        "operator",
        help=_("make what config.ini needs for an operator"),
        description=_("Look after the operators of the server. They stand in config.ini, each in a section [operator NAME]."),
        epilog=epilog,
    )

    def run(options: argparse.Namespace) -> int:
        from trio_chat.admin.operators import print_hash  # noqa: PLC0415

        return print_hash(tools.load(options), from_stdin=options.stdin)

    parser = tools.add_command(
        group,
        tools.common,
        "hash",
        run,
        help=_("hash a password"),
        description=_(
            "Ask twice for a password and print its argon2id hash, which is the value of `password` in [operator NAME]. The\n"
            "password itself is kept nowhere."
        ),
        epilog=epilog,
    )
    parser.add_argument("--stdin", action="store_true", help=_("read the password from the first line of standard input"))


def _add_ban(commands: Any, tools: Tools) -> None:
    group = group_of_commands(
        commands,
        tools,
        "ban",
        help=_("list, make or lift bans of the server"),
        description=_("Look after bans of the server. It may go on running; it notices within seconds."),
        epilog=_(
            "examples:\n"
            "  trio-chat ban list\n"
            "  trio-chat ban add 192.0.2.0/24 --for 1d12h --reason spam\n"
            "  trio-chat ban remove '*!*@192.0.2.*'"
        ),
    )
    command_with_settings(
        group,
        tools,
        "list",
        _list,
        help=_("show all bans"),
        description=_("Show all bans, one a line, with tabs between: mask, since when, until when (UTC), by whom, why."),
        epilog=_("examples:\n  trio-chat ban list"),
    )
    parser = command_with_settings(
        group,
        tools,
        "add",
        _add,
        help=_("ban a mask or an address"),
        description=_("Ban an address, a network, or a mask nick!user@host. Whom it covers is disconnected within seconds."),
        epilog=_(
            "examples:\n"
            "  trio-chat ban add 192.0.2.7\n"
            "  trio-chat ban add '*!*@*.example.org' --for 2w --reason spam"
        ),
    )  # fmt: skip
    parser.add_argument("mask", metavar="MASK", help=_("an address, a network such as 192.0.2.0/24, or nick!user@host"))
    parser.add_argument("--for", dest="seconds", type=_duration, default=0, metavar="TIME", help=_("how long, such as 1d12h"))
    parser.add_argument("--reason", default="", help=_("what who is banned is told"))
    parser = command_with_settings(
        group,
        tools,
        "remove",
        _remove,
        help=_("lift a ban"),
        description=_("Lift a ban, named as `ban list` shows it."),
        epilog=_("examples:\n  trio-chat ban remove 192.0.2.7"),
    )
    parser.add_argument("mask", metavar="MASK", help=_("an address, a network such as 192.0.2.0/24, or nick!user@host"))


def _duration(text: str) -> int:
    from trio_chat.chat import durations  # noqa: PLC0415

    seconds = durations.parse(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(_("{value!r} is no duration such as 1d12h, 90m or 2w").format(value=text))
    return seconds


def _list(_options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.operators import list_bans  # noqa: PLC0415

    return list_bans(database)


def _add(options: argparse.Namespace, database: Path, settings: "Settings") -> int:
    from trio_chat.admin.operators import add_ban  # noqa: PLC0415

    return add_ban(database, options.mask, options.seconds, options.reason, settings.limits.server_bans)


def _remove(options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.operators import remove_ban  # noqa: PLC0415

    return remove_ban(database, options.mask)
