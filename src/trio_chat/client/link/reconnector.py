"""Attempts to connect, repeated until the user leaves or nobody waits for the connection."""

import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from trio_chat.client.link.reporter import EventReporter
from trio_chat.client.link.rotation import AddressRotation
from trio_chat.client.session.connecting import Backoff, CannotConnectError
from trio_chat.client.session.events import Connecting, Note, Waiting
from trio_chat.client.trust import Connector
from trio_chat.i18n import _

_MOST_ATTEMPTS = 10
_PATIENCE = 5.0
"""Seconds for an address after which another one is tried; the last one has all the time."""
_Result = TypeVar("_Result")


class Reconnector:
    """The attempts of one link.

    Args:
        rotation: the addresses, of which each attempt takes the next.
        reporter: where events are reported.
        backoff: how long to wait between attempts.
        stays: whether attempts go on when the server was never reached.
        gives_up: whether they end after some without success, since no person watches.
    """

    def __init__(
        self,
        rotation: AddressRotation,
        reporter: EventReporter,
        backoff: Backoff,
        *,
        gives_up: bool,
        stays: bool = False,
    ) -> None:
        self.was_connected = False
        self.stopped = False
        self._rotation = rotation
        self._reporter = reporter
        self._backoff = backoff
        self._gives_up = gives_up
        self._stays = stays
        self._unreachable = ""
        self._is_lost = self._is_expected = False
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

    @property
    def has_next(self) -> bool:
        """Whether the next attempt follows without a pause, at another address."""
        return self._rotation.has_next

    @property
    def has_several(self) -> bool:
        """Whether the user has named several addresses."""
        return self._rotation.has_several

    @property
    def has_other_address(self) -> bool:
        """Whether that address is one that the user has named."""
        return self._rotation.has_several and self._rotation.has_next

    def lost(self, *, was_stable: bool, is_expected: bool = False) -> None:
        """Note that a connection has ended; see `AddressRotation.lost`."""
        self._rotation.lost(was_stable=was_stable, is_expected=is_expected)
        self._is_lost, self._is_expected = True, is_expected

    @property
    def can_upgrade(self) -> bool:
        """Whether the present address can be reached at another port, with encryption."""
        return isinstance(self._rotation.current, Connector)

    async def upgrade(self, port: int) -> None:
        """Make the next attempt at the present address, at another port with encryption."""
        if isinstance(self._rotation.current, Connector):
            await self._rotation.current.upgrade(port)
        self._rotation.try_again()

    async def keep_policy(self, duration: int) -> None:
        """Keep the present address' policy of strict transport security."""
        if isinstance(self._rotation.current, Connector):
            await self._rotation.current.keep_policy(duration)

    async def connect(self) -> trio.abc.Stream | None:
        """Try the next address; return None when that failed, which is reported only in the first
        round.
        """
        is_first, rotation = not self._backoff.attempts, self._rotation
        rotation.advance()
        if is_first and rotation.has_several:
            await self._reporter.send(Connecting(rotation.name))
        try:
            self._unreachable = ""
            with trio.move_on_after(_PATIENCE if rotation.has_next else math.inf):
                return await rotation.current()
            reason = text = _("no answer")
        except CannotConnectError as error:
            reason, text = error.reason, str(error)
        self._unreachable = reason
        if is_first and not self.was_connected and text != reason:
            await self._reporter.send(Note(text, error=True))
        elif is_first and rotation.has_several:
            await self._reporter.send(Note(f"{rotation.name}: {reason or text}", error=True))
        return None

    async def wait_before_next(self) -> bool:
        """Pause before the next round; return False when no attempt is to follow."""
        is_lost, self._is_lost = self._is_lost, False
        if self._rotation.has_next:
            if is_lost:
                await self.wait(partial(trio.sleep, self._backoff.spread()))
            return True
        if self.stopped or not (self.was_connected or self._stays or self._is_expected):
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
