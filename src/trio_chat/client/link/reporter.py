"""The channel of events from a link to its interface."""

from contextlib import suppress

import trio

from trio_chat.client.session.events import Event, Note, PromptChanged
from trio_chat.irc.text import clean

_EVENTS = 256
"""Events that wait for the interface; then the link waits, and with it the server."""


class EventReporter:
    """The sending end of the channel.

    Attributes:
        send_channel: for a session, which sends its events itself.
        events: the receiving end, for the interface.
    """

    def __init__(self) -> None:
        self.send_channel, self.events = trio.open_memory_channel[Event](_EVENTS)
        self._warnings: list[str] = []

    async def send(self, event: Event) -> None:
        """Report an event.

        Raises:
            trio.BrokenResourceError: the interface receives no events any longer.
            trio.ClosedResourceError: the link has ended.
        """
        await self.send_channel.send(event)

    async def send_if_open(self, event: Event) -> None:
        """Report an event, unless the interface or the link has ended."""
        with suppress(trio.ClosedResourceError, trio.BrokenResourceError):
            await self.send(event)

    async def tell(self, text: str, *, error: bool = False) -> None:
        """Report a sentence in the user's language."""
        await self.send_if_open(Note(clean(text), error))

    async def warn(self, text: str) -> None:
        """Report a sentence about how safe the connection is, and keep it for `take_warnings`."""
        self._warnings.append(text)
        await self.tell(text, error=True)

    def take_warnings(self) -> list[str]:
        """Remove and return the warnings since the last call."""
        warnings, self._warnings = self._warnings, []
        return warnings

    async def prompt_changed(self) -> None:
        """Report that there is a question to the user, or none any longer."""
        await self.send_if_open(PromptChanged())

    def close(self) -> None:
        """Report nothing any longer."""
        self.send_channel.close()
