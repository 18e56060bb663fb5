"""`trio-chat connect`: runs the client in the interface that suits its input and output."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

from trio_chat.client.loading import can_draw, is_terminal
from trio_chat.client.options import ConnectOptions, server_options

if TYPE_CHECKING:
    from trio_chat.client.line.interface import Interface

_LEAVE_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)


class Client(Protocol):
    """One run of the client, whatever it looks like."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the terminal belongs to another program, which Ctrl-C is for."""

    async def run(self) -> int:
        """Run, and return the exit code."""

    async def leave(self) -> None:
        """Leave politely."""


def run(options: ConnectOptions, loaded: Callable[[], None] = lambda: None) -> int:
    """Chat until one side ends it, and return the exit code: 0 when all went well, 1 when it
    failed.

    Args:
        options: what is wanted.
        loaded: called when everything is imported and nothing is drawn yet.
    """
    if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes before what is written past it
    code = 0
    try:
        code = trio.run(_run, options, loaded)
    except* BrokenPipeError:
        _discard_output()
    except* KeyboardInterrupt:  # a second Ctrl-C while leaving
        pass
    return code


async def _run(options: ConnectOptions, loaded: Callable[[], None]) -> int:
    client = _choose_client(options, loaded)
    code = 0  # also when a second signal ends it
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_leave_on_signal, client, nursery.cancel_scope)
        code = await client.run()
        nursery.cancel_scope.cancel()
    return code


async def _leave_on_signal(client: Client, everything: trio.CancelScope) -> None:
    """Leave politely at the first signal, at once at the second."""
    with trio.open_signal_receiver(*_LEAVE_SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            asked = False
            async for number in signals:
                if number == signal.SIGINT and client.is_elsewhere:
                    continue
                if asked:
                    everything.cancel()
                asked = True
                nursery.start_soon(client.leave)


def _choose_client(options: ConnectOptions, loaded: Callable[[], None]) -> Client:
    problem = ""
    if not options.plain and can_draw():
        # Imported late: 150 ms that pipes and --plain need not pay.
        from trio_chat.client.screen.tty import NoScreenError  # noqa: PLC0415

        try:
            from trio_chat.client.screen.start import screen_client  # noqa: PLC0415

            client = screen_client(options)
        except NoScreenError as error:
            problem = str(error)
        else:
            loaded()
            return client
    line_client = _line_client(options)
    loaded()
    if problem:
        print(problem, file=sys.stderr)
    return line_client


def _line_client(options: ConnectOptions) -> Client:
    from trio_chat.client.line.client import LineClient  # noqa: PLC0415

    target = server_options(options)[0]
    channel = target.channels[0] if target.channels else ""
    connector = target.connector()
    client = LineClient(
        _choose_interface(),
        connector,
        nick=target.nick,
        channel=channel,
        password=target.password,
        passwords=target.passwords,
        may_be_plain=target.security.plaintext,
        encoding=target.encoding,
        hides_strangers=target.hides_strangers,
        log=options.client.log,
        name=target.name,
    )
    connector.tell = client.tell
    return client


def _choose_interface() -> "Interface":
    if can_draw():
        from trio_chat.client.line.terminal import NoTerminalError, TerminalInterface  # noqa: PLC0415  as above

        with suppress(NoTerminalError):
            return TerminalInterface()
    from trio_chat.client.line.pipe import PlainInterface  # noqa: PLC0415

    return PlainInterface(interactive=is_terminal(0))


def _discard_output() -> None:
    """Let Python find nobody to complain to when it flushes at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        return
