"""The commands of `trio-chat` for accounts and the channels that belong to them. Arguments, and nothing else."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trio_chat.cli.history import Tools, channel_name, command_with_settings, group_of_commands
from trio_chat.i18n import _

if TYPE_CHECKING:
    from trio_chat.admin.accounts import Asked
    from trio_chat.chat.registrations import Wish
    from trio_chat.config import Settings


def add(commands: Any, tools: Tools) -> None:
    """Add the commands."""
    group = group_of_commands(
        commands,
        tools,
        "account",
        help=_("list, add, change, export or delete accounts"),
        description=_("Look after accounts. The server may go on running; it notices within seconds."),
        epilog=_(
            "examples:\n  trio-chat account list\n  trio-chat account add anna\n  trio-chat account export anna > anna.json"
        ),
    )
    _add_list(group, tools)
    _add_add(group, tools)
    _add_passwd(group, tools)
    _add_delete(group, tools)
    _add_export(group, tools)
    _add_forget(group, tools)
    _add_channel(commands, tools)


def _add_list(group: Any, tools: Tools) -> None:
    command_with_settings(
        group,
        tools,
        "list",
        _list,
        help=_("show all accounts"),
        description=_(
            "Show all accounts, one a line, with tabs between: the name, when it was registered (UTC), and always-on for those\n"
            "that stay in their channels while nobody is connected."
        ),
        epilog=_("examples:\n  trio-chat account list\n  trio-chat account list | wc -l"),
    )


def _add_add(group: Any, tools: Tools) -> None:
    parser = command_with_settings(
        group,
        tools,
        "add",
        _add,
        help=_("add an account"),
        description=_("Add an account, also where people cannot register themselves. The password is asked for."),
        epilog=_("examples:\n  trio-chat account add anna\n  trio-chat account add anna --password-file secret.txt"),
    )
    _add_name(parser)
    _add_password_file(parser)


def _add_passwd(group: Any, tools: Tools) -> None:
    parser = command_with_settings(
        group,
        tools,
        "passwd",
        _passwd,
        help=_("change the password of an account"),
        description=_("Change the password of an account. Who is logged in stays so. The password is asked for."),
        epilog=_("examples:\n  trio-chat account passwd anna\n  trio-chat account passwd anna --password-file secret.txt"),
    )
    _add_name(parser)
    _add_password_file(parser)


def _add_delete(group: Any, tools: Tools) -> None:
    parser = command_with_settings(
        group,
        tools,
        "delete",
        _delete,
        help=_("delete an account"),
        description=_("Delete an account and give up the channels it owns. What it has said stays."),
        epilog=_("examples:\n  trio-chat account delete anna\n  trio-chat account delete anna --yes"),
    )
    _add_name(parser)
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))


def _add_export(group: Any, tools: Tools) -> None:
    parser = command_with_settings(
        group,
        tools,
        "export",
        _export,
        help=_("write all that is known of an account"),
        description=_(
            "Write all that is known of an account as JSON, to standard output: when it was registered, its channels, its\n"
            "rights in those of others, how far it has read, and what it has said, also behind closed doors. No password is\n"
            "in it, nor what one is checked against."
        ),
        epilog=_("examples:\n  trio-chat account export anna > anna.json"),
    )
    _add_name(parser)


def _add_forget(group: Any, tools: Tools) -> None:
    parser = command_with_settings(
        group,
        tools,
        "forget",
        _forget,
        help=_("delete an account and all that it has said"),
        description=_(
            "Delete an account, give up the channels it owns, and delete what it has said and done, for ever. What somebody\n"
            "said without being logged in stays, and so do answers of others, log files and backups. A running server lets go\n"
            "of the account within seconds; what was said in these is deleted by the same command, given again."
        ),
        epilog=_("examples:\n  trio-chat account forget anna\n  trio-chat account forget anna --yes"),
    )
    _add_name(parser)
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))


def _add_channel(commands: Any, tools: Tools) -> None:
    words = {
        "help": _("show the registered channels"),
        "epilog": _("examples:\n  trio-chat channel list\n  trio-chat channel history '#lobby' 30"),
    }
    group = group_of_commands(commands, tools, "channel", description=_("Look after registered channels."), **words)
    description = _(
        "Show the registered channels, one a line, with tabs between: name, owner, since when (UTC), topic, and how many\n"
        "always-on members it has."
    )
    command_with_settings(group, tools, "list", _list_channels, description=description, **words)
    _add_history(group, tools)


def _add_history(group: Any, tools: Tools) -> None:
    words = {
        "help": _("say how long messages of a channel are remembered"),
        "epilog": _("examples:\n  trio-chat channel history '#lobby' 30\n  trio-chat channel history '#secret' off"),
    }
    description = _("Say for how many days messages of a registered channel are remembered, as its owner could.")
    parser = command_with_settings(group, tools, "history", _set_history, description=description, **words)
    parser.add_argument("channel", type=channel_name, metavar="CHANNEL", help=_("the channel; its '#' may be left out"))
    parser.add_argument("days", type=_wish, metavar="DAYS|off|default", help=_("a number of days, or one of these words"))


def _wish(text: str) -> "Wish":
    from trio_chat.chat.registrations import MAX_DAYS, parse_history  # noqa: PLC0415

    wish = parse_history(text)
    if wish is None:
        problem = _("{value!r} is not a whole number from 1 to {most}, off or default").format(value=text, most=MAX_DAYS)
        raise argparse.ArgumentTypeError(problem)
    return wish


def _set_history(options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import set_history  # noqa: PLC0415

    return set_history(database, options.channel, options.days)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", type=_name, metavar="NAME", help=_("the name of the account"))


def _add_password_file(parser: argparse.ArgumentParser) -> None:
    words = _("a file whose first line is the password of the account")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help=words)


def _name(text: str) -> str:
    from trio_chat.config.values import LONGEST_NICK  # noqa: PLC0415
    from trio_chat.irc.names import InvalidName, fold_nick  # noqa: PLC0415

    try:
        fold_nick(text, LONGEST_NICK)
    except InvalidName:
        raise argparse.ArgumentTypeError(_("{value!r} is not a name that an account can have").format(value=text)) from None
    return text


def _asked(options: argparse.Namespace, database: Path) -> "Asked":
    from trio_chat.admin.accounts import Asked  # noqa: PLC0415

    return Asked(database, options.name)


def _list(_options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import list_accounts  # noqa: PLC0415

    return list_accounts(database)


def _add(options: argparse.Namespace, database: Path, settings: "Settings") -> int:
    from trio_chat.admin.accounts import add as add_account  # noqa: PLC0415

    return add_account(_asked(options, database), settings, options.password_file)


def _passwd(options: argparse.Namespace, database: Path, settings: "Settings") -> int:
    from trio_chat.admin.accounts import change_password  # noqa: PLC0415

    return change_password(_asked(options, database), settings, options.password_file)


def _delete(options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import delete  # noqa: PLC0415

    return delete(_asked(options, database), yes=options.yes)


def _export(options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import export  # noqa: PLC0415

    return export(_asked(options, database))


def _forget(options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import forget  # noqa: PLC0415

    return forget(_asked(options, database), yes=options.yes)


def _list_channels(_options: argparse.Namespace, database: Path, _settings: "Settings") -> int:
    from trio_chat.admin.accounts import list_channels  # noqa: PLC0415

    return list_channels(database)
