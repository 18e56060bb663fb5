"""Attempts to connect, repeated until the user leaves or nobody waits for the connection."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from trio_chat.client.link.reporter import EventReporter
from trio_chat.client.session.connecting import Backoff, CannotConnectError
from trio_chat.client.session.events import Note, Waiting
from trio_chat.i18n import _

_MOST_ATTEMPTS = 10
_Result = TypeVar("_Result")


class Reconnector:
    """The attempts of one link.

    Args:
        connect: returns a connection, or raises CannotConnectError.
        reporter: where events are reported.
        backoff: how long to wait between attempts.
        stays: whether attempts go on when the server was never reached.
        gives_up: whether they end after some without success, since no person watches.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[trio.abc.Stream]],
        reporter: EventReporter,
        backoff: Backoff,
        *,
        gives_up: bool,
        stays: bool = False,
    ) -> None:
        self.was_connected = False
        self.stopped = False
        self._connect = connect
        self._reporter = reporter
        self._backoff = backoff
        self._gives_up = gives_up
        self._stays = stays
        self._unreachable = ""
        self._pause = trio.CancelScope()

    def stop(self) -> None:
        """End the attempts, and the current wait."""
        self.stopped = True
        self._pause.cancel()

    def skip_pause(self) -> None:
        """Make the next attempt at once."""
        self._backoff.reset()
        self._pause.cancel()

    def succeeded(self) -> None:
        """Begin anew with the shortest pause: the connection was stable."""
        self._backoff.reset()

    async def connect(self) -> trio.abc.Stream | None:
        """Try once; return None when that failed, which is reported only the first time."""
        try:
            self._unreachable = ""
            return await self._connect()
        except CannotConnectError as error:
            self._unreachable = error.reason
            if not self.was_connected and not self._backoff.attempts:
                await self._reporter.send(Note(str(error), error=True))
            return None

    async def wait_before_next(self) -> bool:
        """Pause before the next attempt; return False when none is to follow."""
        if self.stopped or not (self.was_connected or self._stays):
            return True
        if self._gives_up and self._backoff.attempts >= _MOST_ATTEMPTS:
            await self._reporter.send(
                Note(_("The connection does not come back; giving up."), error=True)
            )
            return False
        delay = self._backoff.next_delay()
        await self._reporter.send(Waiting(delay, self._unreachable))
        await self.wait(partial(trio.sleep, delay))
        return True

    async def wait(self, wait: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Wait for something and return its result; None when the user leaves meanwhile."""
        if not self.stopped:
            with trio.CancelScope() as self._pause:
                return await wait()
        return None
