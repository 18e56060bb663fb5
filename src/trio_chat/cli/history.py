"""The commands of `trio-chat` for who looks after a server: `history`, `backup`, `db`. Arguments, and nothing else."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from trio_chat.i18n import _

if TYPE_CHECKING:
    from trio_chat.config import Settings

_DAY = 86_400.0
_MOST_DAYS = 36_500

Run = Callable[[argparse.Namespace], int]


class Tools(NamedTuple):
    """What the command line lends to this part of it.

    Args:
        common: the options of every command.
        add_command: adds a command to a group of commands.
        load: reads the configuration.
        refuse: says what is wrong and ends the program.
    """

    common: argparse.ArgumentParser
    add_command: Callable[..., argparse.ArgumentParser]
    load: Callable[[argparse.Namespace], "Settings"]
    refuse: Callable[[str], NoReturn]


def add(commands: Any, tools: Tools) -> None:
    """Add the commands."""
    _add_history(commands, tools)
    _add_backup(commands, tools)
    _add_db(commands, tools)


def _add_history(commands: Any, tools: Tools) -> None:
    group = group_of_commands(
        commands,
        tools,
        "history",
        help=_("export, import or delete messages"),
        description=_("Export, import or delete messages. The server may go on running."),
        epilog=_(
            "examples:\n"
            "  trio-chat history export --output messages.jsonl\n"
            "  trio-chat history import messages.jsonl\n"
            "  trio-chat history prune --keep-days 365"
        ),
    )
    _add_export(group, tools)
    _add_import(group, tools)
    _add_prune(group, tools)


def _add_export(group: Any, tools: Tools) -> None:
    parser = _command(
        group,
        tools,
        "export",
        _export,
        help=_("write messages as lines of JSON"),
        description=_(
            "Write messages as JSON Lines: channel by channel, each in the order in which it was said. What was said behind\n"
            "closed doors is among them; who came and left, topics and accounts are not: `trio-chat backup` keeps everything."
        ),
        epilog=_(
            "examples:\n"
            "  trio-chat history export --output messages.jsonl\n"
            "  trio-chat history export --channel '#lobby' | grep pizza"
        ),
    )
    parser.add_argument("--channel", type=channel_name, metavar="CHANNEL", help=_("only this channel; its '#' may be left out"))
    parser.add_argument("--output", type=Path, metavar="FILE", help=_("the file to write (default: standard output)"))
    parser.add_argument("--force", action="store_true", help=_("replace the file when there is one"))


def _add_import(group: Any, tools: Tools) -> None:
    parser = _command(
        group,
        tools,
        "import",
        _import,
        help=_("read messages from lines of JSON"),
        description=_(
            "Read messages that `history export` wrote. What is there already is left out, so importing twice does no harm. Bad\n"
            "lines are told and left out; the exit code is 1 then."
        ),
        epilog=_(
            "examples:\n"
            "  trio-chat history import messages.jsonl\n"
            "  zcat messages.jsonl.gz | trio-chat history import"
        ),
    )  # fmt: skip
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=_("the file to read (default: standard input)"))


def _add_prune(group: Any, tools: Tools) -> None:
    parser = _command(
        group,
        tools,
        "prune",
        _prune,
        help=_("delete old messages"),
        description=_(
            "Delete old messages and events, for ever. The room they took is used for new ones; the file does not shrink."
        ),
        epilog=_(
            "examples:\n"
            "  trio-chat history prune --keep-days 365\n"
            "  trio-chat history prune --before 2026-01-31 --channel '#lobby' --yes"
        ),
    )
    age = parser.add_mutually_exclusive_group(required=True)
    date = _("delete what was said before this date or time, such as 2026-01-31 or 2026-01-31T18:00+03:00 (default: UTC)")
    age.add_argument("--before", type=_moment, metavar="DATE", help=date)
    age.add_argument("--keep-days", type=_days, metavar="N", help=_("delete what is older than so many days"))
    parser.add_argument("--channel", type=channel_name, metavar="CHANNEL", help=_("only this channel; its '#' may be left out"))
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))


def _add_backup(commands: Any, tools: Tools) -> None:
    parser = _command(
        commands,
        tools,
        "backup",
        _backup,
        help=_("copy the database into a file"),
        description=_(
            "Copy the database into a file, as it is at one moment; the server may go on running. To restore it: stop the\n"
            "server, delete the database and the files beside it that end in -wal and -shm, and put the copy in its place."
        ),
        epilog=_(
            "examples:\n"
            "  trio-chat backup chat-monday.db\n"
            "  trio-chat backup --config /etc/trio-chat.ini --force /var/backups/chat.db"
        ),
    )  # fmt: skip
    parser.add_argument("file", type=Path, metavar="FILE", help=_("the file to write; only its owner can read it"))
    parser.add_argument("--force", action="store_true", help=_("replace the file when there is one"))


def _add_db(commands: Any, tools: Tools) -> None:
    words = {
        "help": _("check the database"),
        "epilog": _("examples:\n  trio-chat db check\n  trio-chat db check --database chat-monday.db"),
    }
    group = group_of_commands(commands, tools, "db", description=_("Look after the database."), **words)
    description = _("Check that the database is sound, and say what is in it. The exit code is 1 when it is damaged.")
    _command(group, tools, "check", _check, description=description, **words)


def group_of_commands(commands: Any, tools: Tools, name: str, **words: str) -> Any:
    """Add a command that has commands; return what these are added to."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, parents=[tools.common], formatter_class=argparse.RawDescriptionHelpFormatter, **words
    )
    return parser.add_subparsers(dest="subcommand", metavar="COMMAND", title=_("commands"), required=True)


def _command(
    commands: Any, tools: Tools, name: str, run: Callable[[argparse.Namespace, Path], int], **words: str
) -> argparse.ArgumentParser:
    return command_with_settings(commands, tools, name, lambda options, database, _settings: run(options, database), **words)


def command_with_settings(
    commands: Any, tools: Tools, name: str, run: Callable[[argparse.Namespace, Path, "Settings"], int], **words: str
) -> argparse.ArgumentParser:
    """Add a command that does something with a database."""
    parser = tools.add_command(commands, tools.common, name, partial(_run, tools, run), **words)
    parser.add_argument(
        "--database", type=Path, metavar="FILE", help=_("the database (default: the one of the configuration)")
    )  # fmt: skip
    return parser


def _run(tools: Tools, run: Callable[[argparse.Namespace, Path, "Settings"], int], options: argparse.Namespace) -> int:
    settings = tools.load(options)
    database: Path | None = options.database or settings.storage.file
    if database is None or database.name == ":memory:":
        tools.refuse(_("the configuration names no database file: say which one with --database"))
    from trio_chat.admin.history import guarded  # noqa: PLC0415

    return guarded(partial(run, options, database, settings))


def channel_name(text: str) -> str:
    """Return the folded name of a channel that the command line names."""
    from trio_chat.config.values import LONGEST_CHANNEL, channel  # noqa: PLC0415
    from trio_chat.irc.names import InvalidName, fold_channel  # noqa: PLC0415

    try:
        return fold_channel(channel(text), LONGEST_CHANNEL)
    except InvalidName:
        raise argparse.ArgumentTypeError(_("{value!r} is not the name of a channel").format(value=text)) from None


def _moment(text: str) -> int:
    from trio_chat.chat.ids import first_id  # noqa: PLC0415

    try:
        moment = datetime.fromisoformat(text)
        return first_id((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(_("{value!r} is not a date such as 2026-01-31").format(value=text)) from None


def _days(text: str) -> int:
    import time  # noqa: PLC0415

    from trio_chat.chat.ids import first_id  # noqa: PLC0415

    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_DAYS)) and 1 <= int(text) <= _MOST_DAYS):
        problem = _("{value!r} is not a whole number from 1 to {most}").format(value=text, most=_MOST_DAYS)
        raise argparse.ArgumentTypeError(problem)
    return first_id(time.time() - int(text) * _DAY)


def _export(options: argparse.Namespace, database: Path) -> int:
    from trio_chat.admin.history import export  # noqa: PLC0415

    return export(database, options.channel, options.output, replace=options.force)


def _import(options: argparse.Namespace, database: Path) -> int:
    from trio_chat.admin.history import import_  # noqa: PLC0415

    return import_(database, options.file)


def _prune(options: argparse.Namespace, database: Path) -> int:
    from trio_chat.admin.history import prune  # noqa: PLC0415

    before = options.keep_days if options.before is None else options.before
    return prune(database, before, options.channel, yes=options.yes)


def _backup(options: argparse.Namespace, database: Path) -> int:
    from trio_chat.admin.history import back_up  # noqa: PLC0415

    return back_up(database, options.file, replace=options.force)


def _check(options: argparse.Namespace, database: Path) -> int:
    from trio_chat.admin.history import check  # noqa: PLC0415

    return check(database)
