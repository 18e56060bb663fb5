"""`trio-chat connect`: its arguments, and the choice of server, channel and password."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trio_chat.cli.arguments import fingerprint, setting, target
from trio_chat.cli.commands import Argument, ExclusiveGroup, Invocation, command, usage_error
from trio_chat.cli.streams import unwritable
from trio_chat.i18n import N_, _
from trio_chat.installation import default_config

if TYPE_CHECKING:
    from trio_chat.client.target import ServerAddress
    from trio_chat.client.trust import Security
    from trio_chat.config import ProfileSettings, Settings

_PATIENCE = 1.0
"""Seconds in which a server on this machine takes a connection."""


@command(
    "connect",
    Argument(
        "targets",
        nargs="*",
        metavar="HOST[:PORT]",
        type=target,
        words=N_(
            "host, host:port, [IPv6]:port, irc://host/channel or ircs://host (default: the one in"
            " the configuration); several addresses of one network are separated by commas or"
            " spaces"
        ),
    ),
    Argument("--nick", type=setting("client", "nick"), words=N_("your nickname")),
    Argument(
        "--channel",
        type=setting("server", "lobby"),
        metavar="CHANNEL",
        words=N_("the channel to join; its '#' may be left out"),
    ),
    Argument(
        "--plain",
        action="store_true",
        words=N_("one line for each message instead of the full screen; for screen readers, too"),
    ),
    Argument(
        "--sso",
        action="store_true",
        words=N_("log in by the single sign-on of the server, in a browser"),
    ),
    Argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        words=N_("a file whose first line is the password of the server"),
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
            Argument(
                "--insecure", action="store_true", words=N_("encrypt without verifying the server")
            ),
        )
    ),
    help=N_("join a chat server"),
    description=N_("Join a chat server. /help inside explains its commands."),
    epilog=N_(
        "examples:\n  trio-chat connect                            the server of config.ini, or one"
        " on this computer\n  trio-chat connect 192.0.2.7:5000 --nick anna\n  trio-chat connect"
        " chat.example.org --channel python\n  trio-chat connect work                       the"
        " server of [profile work] in the configuration\n  trio-chat connect"
        " irc://irc.example.org/python\n  trio-chat connect a.example.org,b.example.org:5001   two"
        " addresses of one network"
    ),
)
def connect(call: Invocation) -> int:
    """Run a client."""
    from trio_chat.client.loading import Loading, can_draw_screen  # noqa: PLC0415
    from trio_chat.client.target import ServerAddress, reachable  # noqa: PLC0415
    from trio_chat.irc.addresses import format_address  # noqa: PLC0415

    options = call.options
    options.target = _target(options.targets)
    is_first_run = _use_own_configuration(options)
    settings = call.settings
    client = settings.client
    profiles = _profiles(settings, options)
    own = ServerAddress(reachable(settings.server.host[0]), None)
    server = own if profiles or options.target is None else options.target
    port = _port(settings, server)
    searches = options.target is None and not profiles and _needs_search(server.host, port)
    if searches and (options.plain or not can_draw_screen()):
        chosen = _ask_for_server()
        if chosen is None:
            return 0
        server, port, searches = chosen, chosen.port or port, False
    others = tuple(
        (host, given or _port(settings, ServerAddress(host, None))) for host, given in server.others
    )
    if options.password_file is not None:
        password = _first_line(options.password_file)
    else:
        # The password in config.ini belongs to the server in config.ini; no other may receive it.
        is_own = not (searches or others) and (server.host, port) == (
            own.host,
            settings.server.port,
        )
        password = settings.server.password if is_own else ""
    if server.is_encrypted and options.plaintext:
        usage_error(_("ircs:// means TLS, and --plaintext none; leave one of them out"))
    is_first_run = is_first_run and not (options.target or options.nick)
    names = [profile.name for profile in profiles] or [format_address(server.host, port)]
    loading = Loading([] if is_first_run or searches else names, plain=options.plain)
    with loading.running():
        from trio_chat.client.line.interface import OutputError  # noqa: PLC0415
        from trio_chat.client.main import run  # noqa: PLC0415
        from trio_chat.client.options import ConnectOptions  # noqa: PLC0415

        given = ConnectOptions(
            host=server.host,
            port=port,
            others=others,
            nick=options.nick or client.nick,
            channel=options.channel or server.channel or client.channel or settings.server.lobby,
            key="" if options.channel else server.key,
            password=password,
            security=_security(options, is_required=server.is_encrypted),
            plain=options.plain,
            client=client,
            profiles=profiles,
            known=settings.profiles,
            searches=searches,
            is_first_run=is_first_run,
            sign_on=options.sso,
        )
        try:
            return run(given, loading.end)
        except OutputError as error:
            return unwritable(str(error))


def _target(targets: "list[ServerAddress]") -> "ServerAddress | None":
    """Return the server that is named, with all its addresses; None when none is named."""
    from trio_chat.client.target import TargetError, join  # noqa: PLC0415

    try:
        return join(targets) if targets else None
    except TargetError as error:
        usage_error(str(error))


def _ask_for_server() -> "ServerAddress | None":
    """Return the server that the user chooses in a terminal without a full screen."""
    from trio_chat.client.discovery.plain import ask  # noqa: PLC0415
    from trio_chat.client.options import DEFAULT_PORT  # noqa: PLC0415

    chosen = ask()
    return chosen and chosen._replace(port=chosen.port or DEFAULT_PORT)


def _needs_search(host: str, port: int) -> bool:
    """Return whether a user at a terminal has to be asked for a server: the configured one would be
    on this machine, and does not run.
    """
    from trio_chat.client.loading import is_terminal  # noqa: PLC0415
    from trio_chat.client.target import is_this_machine  # noqa: PLC0415

    if not (is_terminal(0) and is_terminal(1) and is_this_machine(host)):
        return False
    import socket  # noqa: PLC0415

    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError:
        return True
    return False


def _use_own_configuration(options: argparse.Namespace) -> bool:
    """Use the configuration of the user when there is no other; return whether that is missing."""
    if options.config is not None or default_config().exists():
        return False
    from trio_chat.client.paths import config_file  # noqa: PLC0415

    own = config_file()
    if not own.exists():
        return True
    options.config = own
    return False


def _profiles(settings: "Settings", options: argparse.Namespace) -> "tuple[ProfileSettings, ...]":
    """Return the profile that is named, or those that start without being named."""
    from trio_chat.client.target import ServerAddress  # noqa: PLC0415

    if options.target is None:
        return tuple(profile for profile in settings.profiles if profile.start)
    return tuple(
        profile
        for profile in settings.profiles
        if options.target == ServerAddress(profile.name, None)
    )


def _port(settings: "Settings", server: "ServerAddress") -> int:
    port = server.port or settings.server.port
    if not port:
        words = _("the configuration says port 0, any free one: say which it is, as in {host}:5000")
        usage_error(words.format(host=server.host))
    return port


def _first_line(file: Path) -> str:
    from trio_chat.admin.passwords import read_password  # noqa: PLC0415
    from trio_chat.config import KEYS  # noqa: PLC0415
    from trio_chat.maintenance.atomic_file import FileError  # noqa: PLC0415

    kind = KEYS["server"]["password"]
    try:
        return str(kind.parse(read_password(file)))
    except FileError as error:
        usage_error(str(error))
    except ValueError:
        usage_error(
            _("{file}: the first line is no password; allowed: {allowed}").format(
                file=file, allowed=kind.allowed
            )
        )


def _security(options: argparse.Namespace, *, is_required: bool) -> "Security":
    from trio_chat.client.trust import Security  # noqa: PLC0415

    return Security(
        plaintext=options.plaintext,
        insecure=options.insecure,
        required=is_required,
        fingerprint=options.fingerprint or "",
    )
