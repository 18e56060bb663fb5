"""What the user wants sent, in order, until it can be: one bounded queue that only one task empties.

A line typed while the connection is down waits here, so it is neither lost nor overtaken; what is left at the end is told.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import trio

from trio_chat.client.session.dialogue import Dialogue
from trio_chat.client.session.events import Kind
from trio_chat.client.session.session import NotConnectedError, Session
from trio_chat.client.session.split import cut
from trio_chat.irc.message import NO_TAGS

_UNPACED = 4
"""Lines that are sent at once."""
_PACE = 0.6
"""Seconds before each of the others: servers take who is faster for a flood."""


class Say:
    """A message to be sent; keeps what is left of it when the connection breaks in the middle."""

    def __init__(self, target: str, text: str, kind: Kind, tags: Mapping[str, str] = NO_TAGS) -> None:
        self.text = text
        self._target = target
        self._kind = kind
        self._tags = tags

    async def __call__(self, session: Session) -> None:
        """Send the rest, in as many messages as it takes."""
        while self.text:
            part, rest = cut(self.text, session.dialogue.room(self._target, self._kind))
            await session.say(self._target, part, self._kind, self._tags)
            self.text = rest


class SayLines:
    """Several lines to be sent: as one message where the server can, one by one and not too fast elsewhere."""

    def __init__(self, target: str, lines: Sequence[str], tags: Mapping[str, str] = NO_TAGS) -> None:
        self._target = target
        self._lines = list(lines)
        self._tags = tags
        self._count = 0

    @property
    def text(self) -> str:
        """What is left to be sent."""
        return " / ".join(self._lines)

    async def __call__(self, session: Session) -> None:
        """Send the rest."""
        if session.dialogue.fits_together(self._target, self._lines):
            await session.say_together(self._target, self._lines, self._tags)
            self._lines = []
            return
        while self._lines:
            if self._lines[0].strip():
                if self._count >= _UNPACED:
                    await trio.sleep(_PACE)
                await Say(self._target, self._lines[0], Kind.MESSAGE, self._tags)(session)
                self._count += 1
            self._lines.pop(0)


class Do:
    """A command to be carried out; `text` is how it was typed."""

    def __init__(self, text: str, action: Callable[[Dialogue], None]) -> None:
        self.text = text
        self._action = action

    async def __call__(self, session: Session) -> None:
        """Carry it out."""
        await session.do(self._action)


class Outbox:
    """The queue, and the session that it goes to while there is one.

    Args:
        room: how many actions may wait.
        cannot_be_sent: told the text of what cannot be written on a line.
    """

    def __init__(self, room: int, cannot_be_sent: Callable[[str], Awaitable[None]]) -> None:
        self.all_sent = trio.Event()
        self._cannot_be_sent = cannot_be_sent
        self._send, self._receive = trio.open_memory_channel[Say | SayLines | Do](room)
        self._in_hand: Say | SayLines | Do | None = None
        self._session: Session | None = None
        self._ever_attached = trio.Event()
        self._attached = trio.Event()
        self._gone = trio.Event()

    @property
    def session(self) -> Session | None:
        """The session, while there is one."""
        return self._session

    def attach(self, session: Session) -> None:
        """Send through this session as soon as it is ready."""
        self._session = session
        self._ever_attached.set()
        self._gone = trio.Event()
        self._attached.set()

    def detach(self) -> None:
        """Keep what is to be sent until there is another session."""
        self._session = None
        self._attached = trio.Event()
        self._gone.set()

    async def put(self, action: Say | SayLines | Do) -> None:
        """Add an action; wait while there is no room for it."""
        await self._send.send(action)

    def put_nowait(self, action: Say | SayLines | Do) -> None:
        """Add an action.

        Raises:
            trio.WouldBlock: there is no room for it.
        """
        self._send.send_nowait(action)

    def close(self) -> None:
        """Add nothing more; `all_sent` comes when the rest is sent."""
        self._send.close()

    async def run(self) -> None:
        """Send what is there, in order, until `close`; cancelled, leave what was not sent for `take_unsent`."""
        async for action in self._receive:
            self._in_hand = action
            await self._perform(action)
            self._in_hand = None
        self.all_sent.set()

    def take_unsent(self) -> list[str]:
        """Remove everything that was not sent, and return what it says."""
        left = [self._in_hand] if self._in_hand else []
        self._in_hand = None
        while True:
            try:
                left.append(self._receive.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return [action.text for action in left]

    async def wait_settled(self, is_open: Callable[[], bool]) -> None:
        """Wait until everything is sent and answered.

        Args:
            is_open: tells whether another connection may find out what became of a message; if not, losing one is the end.
        """
        await self.all_sent.wait()
        await self._ever_attached.wait()
        while True:
            try:
                if self._session:
                    await self._session.wait_ready()
                    await self._session.settle()
                    return
            except NotConnectedError:  # what was not confirmed is told by the session
                await self._gone.wait()
            if not is_open():
                return
            await self._attached.wait()

    async def _perform(self, action: Say | SayLines | Do) -> None:
        while True:
            await self._attached.wait()
            session = self._session
            try:
                if session:
                    await session.wait_ready()
                    await action(session)
                    return
            except NotConnectedError:
                await self._gone.wait()
            except ValueError:
                await self._cannot_be_sent(action.text)
                return
