"""`trio-chat import`: its commands and their arguments."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.cli.arguments import moment
from trio_chat.cli.commands import DATABASE, Argument, Invocation, group, usage_error
from trio_chat.i18n import N_, _

if TYPE_CHECKING:
    from datetime import tzinfo

    from trio_chat.admin.importer import ImportOptions

IMPORT = group(
    "import",
    help=N_("import messages of other programs"),
    description=N_(
        "Import messages of other programs. The server may go on running. Importing a file twice"
        " adds nothing,\nand an interrupted import continues where it ended."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat import discord --dry-run *.json\n"
        "  trio-chat import slack export.zip --channel general=#lobby"
    ),
)


def _pair(text: str) -> tuple[str, str]:
    before, separator, after = text.rpartition("=")
    if not (before and separator and after):
        raise argparse.ArgumentTypeError(
            _("{value!r} is not of the form OLD=NEW").format(value=text)
        )
    return before, after


def _person(text: str) -> tuple[str, str]:
    from trio_chat.chat import services  # noqa: F401, PLC0415  # registers their names
    from trio_chat.chat.nicknames import looks_like_service  # noqa: PLC0415
    from trio_chat.cli.arguments import account_name  # noqa: PLC0415
    from trio_chat.irc.names import fold_or_self  # noqa: PLC0415

    before, after = _pair(text)
    if looks_like_service(account_name(after), fold_or_self(after)):
        raise argparse.ArgumentTypeError(
            _("{value!r} is the name of a service, or looks like one").format(value=after)
        )
    return before, after


def _channel(text: str) -> tuple[str, str]:
    from trio_chat.cli.arguments import channel_name  # noqa: PLC0415
    from trio_chat.config.values import channel  # noqa: PLC0415

    before, after = _pair(text)
    channel_name(after)
    return before, channel(after)


def _file_or_stream(text: str) -> Path:
    """Parse the name of a file; only `-` itself is standard input, and `./-` a file."""
    path = Path(text)
    is_file_of_that_name = str(path) == "-" != text
    return path.absolute() if is_file_of_that_name else path


_MAP = Argument(
    "--map",
    action="append",
    default=[],
    type=_person,
    metavar="OLD=NEW",
    words=N_("the nickname of a person here; the name of an account makes the messages its own"),
)
_MAP_FILE = Argument(
    "--map-file",
    type=Path,
    metavar="FILE",
    words=N_("a file with one OLD=NEW in each line, as for --map"),
)
_CHANNEL = Argument(
    "--channel",
    action="append",
    default=[],
    type=_channel,
    metavar="OLD=NEW",
    words=N_("the name of a channel here; a private channel is imported only with it"),
)
_ONLY = Argument(
    "--only",
    action="store_true",
    words=N_("import only the channels that --channel names"),
)
_SAME = Argument(
    "--same-accounts",
    action="store_true",
    words=N_("people are the accounts whose names they have"),
)
_SINCE = Argument(
    "--since", type=moment, metavar="DATE", words=N_("only messages from this date or time on")
)
_UNTIL = Argument(
    "--until", type=moment, metavar="DATE", words=N_("only messages before this date or time")
)
_URL = Argument(
    "--url",
    default="",
    metavar="URL",
    words=N_("the address of the server, for links to attached files (default: [server] url)"),
)
_DRY_RUN = Argument(
    "--dry-run", action="store_true", words=N_("write nothing, and show what would be imported")
)
_FILES = Argument("files", nargs="+", type=Path, metavar="FILE", words=N_("a file of the export"))
_STREAMS = Argument(
    "files",
    nargs="+",
    type=_file_or_stream,
    metavar="FILE",
    words=N_("a file of the export; - is standard input"),
)
_BOUNDS = (DATABASE, _CHANNEL, _ONLY, _SINCE, _UNTIL, _DRY_RUN)
_WITHOUT_FILES = (DATABASE, _MAP, _MAP_FILE, _CHANNEL, _ONLY, _SAME, _SINCE, _UNTIL, _DRY_RUN)
_COMMON = (DATABASE, _MAP, _MAP_FILE, _CHANNEL, _ONLY, _SAME, _SINCE, _UNTIL, _URL, _DRY_RUN)


def _options(call: Invocation) -> "ImportOptions":
    from trio_chat.admin.importer import ImportOptions  # noqa: PLC0415

    given = call.options
    url = getattr(given, "url", "")
    url = url and f"{url.rstrip('/')}/"
    if url and not url.startswith(("http://", "https://")):
        usage_error(
            _("{value!r} is not an address such as https://chat.example.org/").format(
                value=given.url
            )
        )
    channels = dict(given.channel)
    longest = call.settings.limits.lengths.channel
    for name in channels.values():
        if len(name) > longest:
            usage_error(_("{value!r} is not the name of a channel").format(value=name))
    return ImportOptions(
        database=call.database,
        settings=call.settings,
        people=dict(_lines_of(getattr(given, "map_file", None))) | dict(getattr(given, "map", ())),
        channels=channels,
        only_mapped=given.only,
        same_accounts=getattr(given, "same_accounts", False),
        since=given.since if given.since is not None else float("-inf"),
        until=given.until if given.until is not None else float("inf"),
        url=url,
        is_dry=given.dry_run,
    )


def _lines_of(file: Path | None) -> list[tuple[str, str]]:
    if file is None:
        return []
    try:
        lines = file.read_text("utf-8-sig").splitlines()
        return [_person(line.strip()) for line in lines if line.strip() and line[0] != "#"]
    except OSError as error:
        reason = error.strerror or error
        usage_error(_("{file}: cannot be read: {reason}").format(file=file, reason=reason))
    except UnicodeDecodeError as error:
        usage_error(f"{file}: {error}")
    except argparse.ArgumentTypeError as error:
        usage_error(f"{file}: {error}")


@IMPORT.command(
    "discord",
    *_COMMON,
    _STREAMS,
    is_long=True,
    help=N_("import files of DiscordChatExporter"),
    description=N_(
        "Import JSON files of DiscordChatExporter: messages, answers, reactions, embeds, threads,"
        " and attached files\nthat were exported too (its option --media)."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat import discord --dry-run *.json\n"
        "  trio-chat import discord general.json --channel general=#lobby --map 'Anna B.=anna'"
    ),
)
def _discord(call: Invocation) -> int:
    from trio_chat.admin.imports import import_discord  # noqa: PLC0415

    return import_discord(call.options.files, _options(call))


@IMPORT.command(
    "slack",
    *_COMMON,
    _FILES,
    is_long=True,
    help=N_("import exports of Slack"),
    description=N_(
        "Import exports of a workspace of Slack, each a ZIP archive or its unpacked directory:"
        " messages, threads,\nreactions, and links to files, which the export does not contain."
    ),
    epilog=N_("examples:\n  trio-chat import slack export.zip --dry-run"),
)
def _slack(call: Invocation) -> int:
    from trio_chat.admin.imports import import_slack  # noqa: PLC0415

    return import_slack(call.options.files, _options(call))


def _zone(text: str) -> "tzinfo":
    from trio_chat.imports.time_zones import time_zone  # noqa: PLC0415

    zone = time_zone(text)
    if zone is None:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not a time zone such as Europe/Berlin, UTC or +03:00").format(
                value=text
            )
        )
    return zone


def _encoding(text: str) -> str:
    sign = "\n<a> "
    try:
        is_plain = sign.encode(text) == sign.encode()
    except (LookupError, UnicodeError):
        is_plain = False
    if not is_plain:
        raise argparse.ArgumentTypeError(
            _("{value!r} is not an encoding such as cp1251, koi8-r or gbk").format(value=text)
        )
    return text


@IMPORT.command(
    "irc",
    *_COMMON,
    Argument(
        "--timezone",
        required=True,
        type=_zone,
        metavar="ZONE",
        words=N_("the time zone of the logs, such as Europe/Berlin, UTC or +03:00"),
    ),
    Argument(
        "--encoding",
        default="cp1252",
        type=_encoding,
        metavar="NAME",
        words=N_("the encoding of lines that are not UTF-8, such as cp1251 (default: cp1252)"),
    ),
    Argument(
        "--own-nick",
        default="",
        metavar="NICK",
        words=N_("the nickname of the owner of the logs, for notices that do not name it"),
    ),
    Argument(
        "--events",
        action="store_true",
        words=N_("also import joins, parts, quits and changes of nicknames"),
    ),
    Argument("logs", type=Path, metavar="LOGS", words=N_("the directory of the logs, or one log")),
    is_long=True,
    help=N_("import logs of IRC clients"),
    description=N_(
        "Import logs of ZNC, WeeChat, irssi, HexChat, and of this program's client. The format of"
        " each file is recognised.\nThe channel is in its path, as the program has named it."
    ),
    epilog=N_(
        "examples:\n"
        "  trio-chat import irc ~/irclogs --timezone Europe/Berlin --dry-run\n"
        "  trio-chat import irc ~/.znc/users/anna/moddata/log --timezone UTC --map anna=anna"
    ),
)
def _irc(call: Invocation) -> int:
    from trio_chat.admin.imports import import_irc  # noqa: PLC0415

    given = call.options
    return import_irc(
        given.logs,
        _options(call),
        given.timezone,
        with_events=given.events,
        encoding=given.encoding,
        own_nick=given.own_nick,
    )


@IMPORT.command(
    "jsonl",
    *_BOUNDS,
    _STREAMS,
    is_long=True,
    help=N_("import what trio-chat export has written"),
    description=N_(
        "Import JSON Lines that `trio-chat export` or `trio-chat history export` has written. The"
        " messages keep their ids."
    ),
    epilog=N_("examples:\n  trio-chat import jsonl lobby.jsonl"),
)
def _jsonl(call: Invocation) -> int:
    from trio_chat.admin.imports import import_jsonl  # noqa: PLC0415

    return import_jsonl(call.options.files, _options(call))


@IMPORT.command(
    "ergo",
    *_WITHOUT_FILES,
    _FILES,
    is_long=True,
    help=N_("import accounts and history of Ergo"),
    description=N_(
        "Import the accounts of Ergo (its ircd.db) and its history in SQLite; name both files."
        " Users log in with their\npasswords as before. Stop Ergo first. Channels with their owners"
        " and modes are not imported."
    ),
    epilog=N_("examples:\n  trio-chat import ergo ircd.db history.db --dry-run"),
)
def _ergo(call: Invocation) -> int:
    from trio_chat.admin.imports import import_ergo  # noqa: PLC0415

    return import_ergo(call.options.files, _options(call))
