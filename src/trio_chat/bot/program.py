"""The program of a bot: the command line, the log, and signals."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from trio_chat.bot.run import BotError
from trio_chat.client.fingerprints import fingerprint_of
from trio_chat.client.options import DEFAULT_PORT, ServerOptions, with_ports
from trio_chat.client.target import parse
from trio_chat.client.trust import Connector, Security

log = logging.getLogger("trio_chat.bot")

PASSWORD_VARIABLE = "BOT_PASSWORD"  # noqa: S105 - a name
"""The variable of the environment with the password of the account."""
SERVER_PASSWORD_VARIABLE = "BOT_SERVER_PASSWORD"  # noqa: S105 - a name
"""That with the password of the server."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a shell."""
_TO_LEAVE = 5.0
"""Seconds for a QUIT after a signal."""


class RunnableBot(Protocol):
    """A bot, as its program needs it."""

    wanted_nick: str
    wanted_channels: Sequence[str]

    async def run(
        self,
        connect: Sequence[Connector],
        *,
        account: str,
        password: str,
        server_password: str,
        positions: Path | None,
        may_be_plain: bool,
    ) -> None:
        """Connect, and stay connected until `stop`."""

    async def stop(self, reason: str = "") -> None:
        """Leave the server."""


def connectors(address: str, security: Security | None = None) -> list[Connector]:
    """Return what connects to a server, for `Bot.run`.

    Args:
        address: `host`, `host:port`, `ircs://host`, or several separated by commas.
        security: the demands on the connection; None for TLS where the server has it.

    Raises:
        ValueError: the address is not valid.
    """
    server = parse(address)
    security = replace(security or Security(), required=server.is_encrypted)
    (host, port), *others = with_ports(((server.host, server.port), *server.others), DEFAULT_PORT)
    found = ServerOptions(
        name=address,
        host=host,
        port=port,
        others=tuple(others),
        nick="",
        channels=(),
        security=security,
    ).connectors()
    for connector in found:
        connector.tell = _warn
    return found


def main(bot: RunnableBot, arguments: Sequence[str] | None = None) -> None:
    """Run a bot until SIGINT or SIGTERM; exit with 1 when it cannot go on.

    Args:
        bot: the bot.
        arguments: the command line; None for that of the process.
    """
    options = _parser(bot).parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s [%(levelname)s] %(message)s", stream=sys.stderr
    )
    if options.nick:
        bot.wanted_nick = options.nick
    if options.channel:
        bot.wanted_channels = tuple(options.channel)
    security = Security(plaintext=options.plaintext, fingerprint=options.fingerprint or "")
    try:
        password = _password(options.password_file, PASSWORD_VARIABLE)
        server_password = _password(options.server_password_file, SERVER_PASSWORD_VARIABLE)
        connect = connectors(options.server, security)
        if options.account and not password:
            raise ValueError(f"the account {options.account} needs a password")
    except (OSError, ValueError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
    run = partial(
        bot.run,
        connect,
        account=options.account,
        password=password,
        server_password=server_password,
        positions=options.positions,
        may_be_plain=options.plaintext,
    )
    try:
        trio.run(_until_signal, bot, run)
    except* BotError as group:
        sys.exit("; ".join(str(error) for error in group.exceptions))
    except* KeyboardInterrupt:  # before or behind the time in which the signal is received
        sys.exit(INTERRUPTED)


def _parser(bot: RunnableBot) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        epilog=f"Without a file, a password is that of ${PASSWORD_VARIABLE} (of the account), or of"
        f" ${SERVER_PASSWORD_VARIABLE}."
    )
    parser.add_argument("server", nargs="?", default="127.0.0.1", help="host, host:port or ircs://")
    parser.add_argument("--nick", default="", help=f"its nickname (default {bot.wanted_nick})")
    parser.add_argument("--channel", action="append", help="a channel to join; may be repeated")
    parser.add_argument("--account", default="", help="the account to log in to")
    parser.add_argument(
        "--password-file", type=Path, help="its first line is the password of the account"
    )
    parser.add_argument(
        "--server-password-file", type=Path, help="its first line is the password of the server"
    )
    parser.add_argument(
        "--positions", type=Path, help="a file that remembers which messages were received"
    )
    encryption = parser.add_mutually_exclusive_group()
    encryption.add_argument("--plaintext", action="store_true", help="connect without encryption")
    encryption.add_argument(
        "--fingerprint", type=_fingerprint, help="of the only certificate to accept"
    )
    return parser


def _fingerprint(text: str) -> str:
    try:
        return fingerprint_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _password(file: Path | None, variable: str) -> str:
    """Return the password in a file, else that in a variable of the environment, "" for none.

    Raises:
        OSError: the file cannot be read.
        ValueError: its first line is no password.
    """
    if file is None:
        return os.environ.get(variable, "")
    try:  # editors of Windows write a mark at the beginning
        password = file.read_bytes().partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8") from None
    if not password:
        raise ValueError(f"the first line of {file} is empty")
    return password


async def _until_signal(bot: RunnableBot, run: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_leave_on_signal, bot, nursery.cancel_scope)
        await run()
        nursery.cancel_scope.cancel()


async def _leave_on_signal(bot: RunnableBot, everything: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _signal in signals:
            break
    with trio.move_on_after(_TO_LEAVE):
        await bot.stop()
        await trio.sleep_forever()
    everything.cancel()


async def _warn(text: str) -> None:
    await trio.lowlevel.checkpoint()
    log.warning("%s", text)
