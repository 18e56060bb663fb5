"""`trio-chat connect`: runs the client in the interface that suits its input and output."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

from trio_chat.client.line.interface import OutputError
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
    """One run of the client in any interface."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program has the terminal, so Ctrl-C is for that program."""

    async def run(self) -> int:
        """Run, and return the exit code."""

    async def leave(self) -> None:
        """Leave all servers with a QUIT."""


def run(options: ConnectOptions, loaded: Callable[[], None] = lambda: None) -> int:
    """Run the client, and return the exit code: 0 when all went well, 1 when it failed.

    Args:
        options: the options of the run.
        loaded: called when everything is imported and nothing is drawn yet.

    Raises:
        BrokenPipeError: the reader of the output has gone, and nobody knows what has arrived.
        OutputError: the output cannot be written.
    """
    if sys.stdout is not None:
        sys.stdout.flush()  # the client writes past it, and printed text must come first
    code, failure = 0, None
    try:
        code = trio.run(_run, options, loaded)
    except* (BrokenPipeError, OutputError) as errors:
        failure = _first(errors)
    except* KeyboardInterrupt:  # a second Ctrl-C while leaving
        pass
    if failure is not None:
        raise failure
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
    """Leave with a QUIT at the first signal, and at once at the second."""
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
        # Imported late: pipes and --plain save 150 ms.
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
    connectors = target.connectors()
    client = LineClient(
        _choose_interface(),
        connectors,
        nick=target.nick,
        channel=channel,
        key=target.key,
        password=target.password,
        passwords=target.passwords,
        tokens=target.tokens,
        may_be_plain=target.security.plaintext,
        encoding=target.encoding,
        hides_strangers=target.hides_strangers,
        log=options.client.log,
        name=target.name,
    )
    for connector in connectors:
        connector.tell = client.tell
    return client


def _choose_interface() -> "Interface":
    if can_draw():
        from trio_chat.client.line.terminal import NoTerminalError, TerminalInterface  # noqa: PLC0415  as above

        with suppress(NoTerminalError):
            return TerminalInterface()
    from trio_chat.client.line.pipe import PlainInterface  # noqa: PLC0415

    return PlainInterface(interactive=is_terminal(0))


def _first(error: BaseException) -> BaseException:
    """Return the first exception in a group, or in groups of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
