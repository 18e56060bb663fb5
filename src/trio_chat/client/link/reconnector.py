"""Getting a connection again and again, until the user leaves or nobody is there who would want
it.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from trio_chat.client.session.connecting import Backoff, CannotConnectError
from trio_chat.client.session.events import Event, Note, Waiting
from trio_chat.i18n import _

_MOST_ATTEMPTS = 10
_Result = TypeVar("_Result")


class Reconnector:
    """The attempts to be connected.

    Args:
        connect: gets a connection, or raises CannotConnectError.
        events: where to tell what happens.
        backoff: how long to wait between attempts.
        stays: whether it goes on also when the server was never reached.
        gives_up: whether it does so after some attempts without success, since nobody watches.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[trio.abc.Stream]],
        events: trio.MemorySendChannel[Event],
        backoff: Backoff,
        *,
        gives_up: bool,
        stays: bool = False,
    ) -> None:
        self.was_connected = False
        self.stopped = False
        self._connect = connect
        self._events = events
        self._backoff = backoff
        self._gives_up = gives_up
        self._stays = stays
        self._unreachable = ""
        self._pause = trio.CancelScope()

    def stop(self) -> None:
        """Wait for nothing more and try no more."""
        self.stopped = True
        self._pause.cancel()

    def skip_pause(self) -> None:
        """Try at once what would be tried later."""
        self._backoff.reset()
        self._pause.cancel()

    def succeeded(self) -> None:
        """Begin anew: the connection was a good one."""
        self._backoff.reset()

    async def connect(self) -> trio.abc.Stream | None:
        """Try once; return None when that failed, which is told at once only the first time."""
        try:
            self._unreachable = ""
            return await self._connect()
        except CannotConnectError as error:
            self._unreachable = error.reason
            if not self.was_connected and not self._backoff.attempts:
                await self._events.send(Note(str(error), error=True))
            return None

    async def wait_before_next(self) -> bool:
        """Wait before the next attempt; return False to give up."""
        if self.stopped or not (self.was_connected or self._stays):
            return True
        if self._gives_up and self._backoff.attempts >= _MOST_ATTEMPTS:
            await self._events.send(
                Note(_("The connection does not come back; giving up."), error=True)
            )
            return False
        delay = self._backoff.next_delay()
        await self._events.send(Waiting(delay, self._unreachable))
        await self.wait(partial(trio.sleep, delay))
        return True

    async def wait(self, wait: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Wait for something and return it; None when the user leaves meanwhile."""
        if not self.stopped:
            with trio.CancelScope() as self._pause:
                return await wait()
        return None
