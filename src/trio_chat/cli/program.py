"""The command line: `trio-chat serve`, `trio-chat connect` and the rest. Arguments to settings, and nothing else.

Everything heavy is imported where it is needed, so that `--help` and `--version` answer at once.
"""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from trio_chat import __version__
from trio_chat.cli import accounts, history, operators
from trio_chat.i18n import _, install

if TYPE_CHECKING:
    from trio_chat.client.target import Target
    from trio_chat.config import ProfileSettings, Settings

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
LANGUAGES = ("en", "ru")

_CONFIG = "config.ini"
_LONGEST_PASSWORD_FILE = 4096


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the arguments; None for those of the process.

    Returns:
        the exit code: 0 for success, 1 for failure, 2 for a wrong command line or configuration.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _make_streams_safe()
    try:
        # The help is in that language too, so it must be known before there is a parser.
        install(_language(arguments))
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:  # argparse leaves this way
        return stop.code if isinstance(stop.code, int) else FAILED


def _make_streams_safe() -> None:
    # What others wrote must not end the program because this terminal's character set lacks a letter; and Windows gives
    # pipes a character set of its own.
    encoding = "utf-8" if sys.platform == "win32" else None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    if sys.platform == "win32" and isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding=encoding, errors="replace")


def _language(arguments: list[str]) -> str:
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            return value if equals else "".join(arguments[position + 1 : position + 2])
    return ""


def _run(arguments: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == __package__.partition(".")[0]:
            raise
        print(_("trio-chat: not installed completely, {name} is missing").format(name=error.name), file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=argparse.SUPPRESS,  # so that the one before the command is not overwritten
        help=_("language of the program (default: that of the configuration, or of the system)"),
    )
    parser = argparse.ArgumentParser(
        prog="trio-chat",
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=_("A chat for the terminal and for every IRC client."),
        epilog=_(
            "examples:\n"
            "  trio-chat serve                  start a server that everybody on the network can join\n"
            "  trio-chat connect 192.0.2.7      join the one on another computer"
        ),
    )
    parser.add_argument("--version", action="version", version=f"trio-chat {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title=_("commands"))
    _add_serve(commands, common)
    _add_connect(commands, common)
    tools = history.Tools(common, _add_command, _load, _refuse)
    history.add(commands, tools)
    accounts.add(commands, tools)
    operators.add(commands, tools)
    return parser


def _add_command(
    commands: Any, common: argparse.ArgumentParser, name: str, run: Callable[[argparse.Namespace], int], **words: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, parents=[common], formatter_class=argparse.RawDescriptionHelpFormatter, **words
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=_("the configuration (default: config.ini, if there is one here)")
    )
    return parser


def _add_serve(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = _add_command(
        commands,
        common,
        "serve",
        _serve,
        help=_("start a chat server"),
        description=_("Start a chat server. Ctrl+C stops it."),
        epilog=_(
            "examples:\n"
            "  trio-chat serve\n"
            "  trio-chat serve --host 127.0.0.1 --port 6667\n"
            "  trio-chat serve --config /etc/trio-chat.ini --log-level debug"
        ),
    )
    listen = _("addresses to listen on, separated by commas; 0.0.0.0 is every IPv4 address")
    parser.add_argument("--host", type=_setting("server", "host"), help=listen)
    parser.add_argument("--port", type=_setting("server", "port"), help=_("port to listen on; 0 is any free one"))
    level = _("how much is logged: debug, info, warning or error")
    parser.add_argument("--log-level", type=_setting("logging", "level"), metavar="LEVEL", help=level)


def _add_connect(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = _add_command(
        commands,
        common,
        "connect",
        _connect,
        help=_("join a chat server"),
        description=_("Join a chat server. /help inside tells what can be done there."),
        epilog=_(
            "examples:\n"
            "  trio-chat connect                            the server of config.ini, or one on this computer\n"
            "  trio-chat connect 192.0.2.7:5000 --nick anna\n"
            "  trio-chat connect chat.example.org --channel python\n"
            "  trio-chat connect work                       the server of [profile work] in the configuration\n"
            "  trio-chat connect irc://irc.example.org/python"
        ),
    )
    where = _("host, host:port, [IPv6]:port, irc://host/channel or ircs://host (default: the one in the configuration)")
    parser.add_argument("target", nargs="?", metavar="HOST[:PORT]", type=_target, help=where)
    parser.add_argument("--nick", type=_setting("client", "nick"), help=_("your nickname"))
    channel = _("the channel to join; its '#' may be left out")
    parser.add_argument("--channel", type=_setting("server", "lobby"), metavar="CHANNEL", help=channel)
    plain = _("one line for each message instead of the full screen; for screen readers, too")
    parser.add_argument("--plain", action="store_true", help=plain)
    password = _("a file whose first line is the password of the server")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help=password)
    how = parser.add_mutually_exclusive_group()
    pinned = _("connect only to the server whose certificate has this SHA-256 fingerprint")
    how.add_argument("--fingerprint", type=_fingerprint, metavar="HEX", help=pinned)
    how.add_argument("--plaintext", action="store_true", help=_("connect without encryption"))
    how.add_argument("--insecure", action="store_true", help=_("encrypt, whoever the server is"))


def _setting(section: str, key: str) -> Callable[[str], object]:
    """Return an argument type that takes what config.ini takes for this key."""

    def parse(value: str) -> object:
        from trio_chat.config import KEYS  # noqa: PLC0415

        kind = KEYS[section][key]
        try:
            return kind.parse(value)
        except ValueError:
            message = _("{value!r} is not allowed; allowed: {allowed}").format(value=value, allowed=kind.allowed)
            raise argparse.ArgumentTypeError(message) from None

    return parse


def _target(text: str) -> "Target":
    from trio_chat.client.target import TargetError, parse  # noqa: PLC0415

    try:
        return parse(text)
    except TargetError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(_("a SHA-256 fingerprint has 64 hexadecimal digits"))
    return digits


def _load(options: argparse.Namespace) -> "Settings":
    from trio_chat.config import ConfigError, load  # noqa: PLC0415

    try:
        settings = load(options.config)
    except ConfigError as error:
        _refuse(str(error))
    if "lang" not in options and settings.client.language:
        install(settings.client.language)
    return settings


def _refuse(problem: str) -> NoReturn:
    print(f"trio-chat: {problem}", file=sys.stderr)
    raise SystemExit(USAGE)


def _serve(options: argparse.Namespace) -> int:
    from trio_chat.config import load  # noqa: PLC0415

    settings = _with_options(_load(options), options)
    from trio_chat.server.main import run  # noqa: PLC0415

    return run(settings, lambda: _with_options(load(options.config), options))


def _with_options(settings: "Settings", options: argparse.Namespace) -> "Settings":
    """Return the settings with what the command line says in the place of what they say."""
    server, logging = settings.server, settings.logging
    if options.host is not None:
        server = replace(server, host=options.host)
    if options.port is not None:
        server = replace(server, port=options.port)
    if options.log_level is not None:
        logging = replace(logging, level=options.log_level)
    return replace(settings, server=server, logging=logging)


def _connect(options: argparse.Namespace) -> int:
    from trio_chat.client.places import config_file  # noqa: PLC0415

    is_first_run = False
    if options.config is None and not Path(_CONFIG).exists():
        own = config_file()
        is_first_run = not own.exists()
        options.config = None if is_first_run else own
    settings = _load(options)
    client = settings.client
    profiles = _profiles(settings, options)
    if profiles and options.target is not None:
        options.target = None
    own_host = _own_host(settings)
    host, port, channel, is_encrypted = options.target or (own_host, None, "", False)
    port = port or settings.server.port
    if not port:
        _refuse(_("the configuration says port 0, any free one: say which it is, as in {host}:5000").format(host=host))
    if options.password_file is not None:
        password = _first_line(options.password_file)
    else:
        # The password in config.ini is that of the server in config.ini, and no other server's business.
        password = settings.server.password if (host, port) == (own_host, settings.server.port) else ""
    from trio_chat.client.main import ConnectOptions, run  # noqa: PLC0415
    from trio_chat.client.trust import Security  # noqa: PLC0415

    if is_encrypted and options.plaintext:
        _refuse(_("ircs:// means TLS, and --plaintext none; leave one of them out"))
    security = Security(
        plaintext=options.plaintext, insecure=options.insecure, required=is_encrypted, fingerprint=options.fingerprint or ""
    )
    channel = options.channel or channel or client.channel or settings.server.lobby
    return run(
        ConnectOptions(
            host=host,
            port=port,
            nick=options.nick or client.nick,
            channel=channel,
            password=password,
            security=security,
            plain=options.plain,
            client=client,
            profiles=profiles,
            known=settings.profiles,
            is_first_run=is_first_run and not (options.target or options.nick),
        )
    )


def _profiles(settings: "Settings", options: argparse.Namespace) -> "tuple[ProfileSettings, ...]":
    """Return the profiles that are meant: the one that is named, or those that start by themselves."""
    if options.target is None:
        return tuple(profile for profile in settings.profiles if profile.start)
    return tuple(profile for profile in settings.profiles if options.target == (profile.name, None, "", False))


def _own_host(settings: "Settings") -> str:
    from trio_chat.client.target import reachable  # noqa: PLC0415

    return reachable(settings.server.host[0])


def _first_line(file: Path) -> str:
    from trio_chat.config import KEYS  # noqa: PLC0415

    kind = KEYS["server"]["password"]
    try:
        with file.open("rb") as stream:
            text = stream.read(_LONGEST_PASSWORD_FILE).decode("utf-8-sig")
        password = str(kind.parse(text.partition("\n")[0].rstrip("\r")))
    except OSError as error:
        _refuse(_("{file}: cannot be read: {reason}").format(file=file, reason=error.strerror or error))
    except ValueError:
        _refuse(_("{file}: the first line is no password; allowed: {allowed}").format(file=file, allowed=kind.allowed))
    if not password:
        _refuse(_("{file}: the first line is empty; it must be the password").format(file=file))
    return password
