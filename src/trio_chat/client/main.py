"""`trio-chat connect`: picks the interface that suits where input and output go, and runs the line client in it."""

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

import trio

from trio_chat.client.line.client import LineClient
from trio_chat.client.line.interface import Interface
from trio_chat.client.line.pipe import PlainInterface
from trio_chat.client.link.keys import Keys
from trio_chat.client.session.connecting import connect_tcp, format_address

_LEAVE_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """What the command line and config.ini say.

    Args:
        host: the server's name or address; an IPv6 address may stand in brackets.
        port: its port.
        nick: the nickname; "" asks for one on a terminal, and takes the last one or the login name elsewhere.
        channel: the channel to join; "" joins none.
        password: the server's password; "" for none.
    """

    host: str
    port: int
    nick: str = ""
    channel: str = "#lobby"
    password: str = ""


def run(options: ConnectOptions) -> int:
    """Chat until one side ends it, and return the exit code: 0 when all went well, 1 when it failed."""
    if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes before what is written past it
    code = 0
    try:
        code = trio.run(_run, options)
    except* BrokenPipeError:
        _discard_output()
    except* KeyboardInterrupt:  # a second Ctrl-C while leaving
        pass
    return code


async def _run(options: ConnectOptions) -> int:
    host = options.host.removeprefix("[").removesuffix("]")
    channel = options.channel
    client = LineClient(
        _choose_interface(),
        lambda: connect_tcp(host, options.port),
        nick=options.nick,
        channel=channel if channel[:1] in ("", "#", "&") else f"#{channel}",
        password=options.password,
        keys=Keys(f"trio-chat {format_address(host, options.port)}"),
    )
    code = 0  # also when a second signal ends it
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_leave_on_signal, client, nursery.cancel_scope)
        code = await client.run()
        nursery.cancel_scope.cancel()
    return code


async def _leave_on_signal(client: LineClient, everything: trio.CancelScope) -> None:
    """Leave politely at the first signal, at once at the second."""
    with trio.open_signal_receiver(*_LEAVE_SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            asked = False
            async for _signal in signals:
                if asked:
                    everything.cancel()
                asked = True
                nursery.start_soon(client.leave)


def _choose_interface() -> Interface:
    typing = _is_terminal(0)
    if typing and _is_terminal(1) and os.environ.get("TERM", "").lower() not in ("dumb", "unknown"):
        from trio_chat.client.line.terminal import NoTerminalError, TerminalInterface  # noqa: PLC0415  150 ms that pipes need not pay

        with suppress(NoTerminalError):
            return TerminalInterface()
    return PlainInterface(interactive=typing)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _discard_output() -> None:
    """Let Python find nobody to complain to when it flushes at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        return
