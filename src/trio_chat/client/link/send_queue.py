"""The queue of the lines that the user wants to send: bounded, and emptied by one task.

A line that is typed while there is no connection waits here, so it is neither lost nor overtaken.
What is left at the end is reported.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

import trio

from trio_chat.client.credentials import mask_line, mask_message
from trio_chat.client.session.events import MessageKind
from trio_chat.client.session.protocol import ClientProtocol
from trio_chat.client.session.session import ClientSession, NotConnectedError
from trio_chat.client.session.split import cut
from trio_chat.irc.message import NO_TAGS

_UNPACED = 4
"""Lines of a paste that are sent without a pause."""
_PACE = 0.6
"""Seconds before each further line: servers disconnect a client that sends faster."""


def no_request() -> int:
    """Return the number of a message whose answer its sender does not wait for."""
    return 0


class Say:
    """A message to be sent; keeps what is left of it when the connection breaks in the middle.

    Args:
        target: a channel or a nickname.
        text: what to say.
        kind: the kind of message.
        tags: client-only tags.
        request: returns the number of the next message that it is sent as; see `Said`.

    Attributes:
        is_withdrawn: whether nothing more of it is to be sent; see `SendQueue.withdraw`.
    """

    def __init__(
        self,
        target: str,
        text: str,
        kind: MessageKind,
        tags: Mapping[str, str] = NO_TAGS,
        request: Callable[[], int] = no_request,
    ) -> None:
        self.text = text
        self.target = target
        self.is_withdrawn = False
        self._kind = kind
        self._tags = tags
        self._request = request

    @property
    def shown(self) -> str:
        """The text that is left to be sent, without credentials."""
        return mask_message(self.target, self.text)

    async def __call__(self, session: ClientSession) -> None:
        """Send the rest, in as many messages as it takes."""
        while self.text and not self.is_withdrawn:
            part, rest = cut(self.text, session.protocol.messages.room(self.target, self._kind))
            await session.say(self.target, part, self._kind, self._tags, self._request())
            self.text = rest


class SayLines:
    """Several lines to be sent: as one message where the server takes it, else in as few as it
    takes, with pauses. The arguments and attributes are as those of `Say`.
    """

    def __init__(
        self,
        target: str,
        lines: Sequence[str],
        tags: Mapping[str, str] = NO_TAGS,
        request: Callable[[], int] = no_request,
        kind: MessageKind = MessageKind.MESSAGE,
    ) -> None:
        self.target = target
        self.is_withdrawn = False
        self._lines = [Say(target, line, kind, tags, request) for line in lines]
        self._kind = kind
        self._tags = tags
        self._request = request
        self._count = 0

    def __len__(self) -> int:
        """Return how many lines are left to be sent."""
        return len(self._lines)

    @property
    def text(self) -> str:
        """The text that is left to be sent."""
        return "\n".join(line.text for line in self._lines)

    @property
    def shown(self) -> str:
        """The same without credentials."""
        return "\n".join(line.shown for line in self._lines)

    def fits_together(self, session: ClientSession) -> bool:
        """Return whether the server takes the lines as one message."""
        return session.protocol.messages.fits_together(
            self.target, [line.text for line in self._lines]
        )

    async def __call__(self, session: ClientSession) -> None:
        """Send the rest."""
        if self.fits_together(session):
            await self._say_together(session, len(self._lines))
        while self._lines and not self.is_withdrawn:
            if not self._lines[0].text.strip():
                self._lines.pop(0)
                continue
            texts = [line.text for line in self._lines]
            together = session.protocol.messages.count_together(self.target, texts)
            if self._count and (together > 1 or self._count >= _UNPACED):
                await trio.sleep(_PACE * max(together, 1))
            if together > 1:
                await self._say_together(session, together)
            else:
                await self._lines[0](session)
                self._lines.pop(0)
                self._count += 1

    async def _say_together(self, session: ClientSession, count: int) -> None:
        lines = [line.text for line in self._lines[:count]]
        await session.say_together(self.target, lines, self._tags, self._request(), self._kind)
        del self._lines[:count]
        self._count += count


class ProtocolCall:
    """A call of the protocol to be made.

    Args:
        shown: the command that the user typed, for reports without credentials; "" for none.
        action: the function to call.
    """

    def __init__(self, shown: str, action: Callable[[ClientProtocol], None]) -> None:
        self.shown = mask_line(shown)
        self._action = action

    async def __call__(self, session: ClientSession) -> None:
        """Make the call."""
        await session.do(self._action)


Action = Say | SayLines | ProtocolCall


class SendQueue:
    """The queue, and the session that it goes to while there is one.

    Lines with pauses are sent by a task of their own, so that commands and messages to other
    targets overtake them; messages to the same target wait until they are sent.

    Args:
        room: how many actions may wait.
        cannot_be_sent: called with a text that cannot be written on a line.

    Attributes:
        all_sent: set when the queue is closed and empty.
    """

    def __init__(self, room: int, cannot_be_sent: Callable[[str], Awaitable[None]]) -> None:
        self.all_sent = trio.Event()
        self._cannot_be_sent = cannot_be_sent
        self._room = room
        self._send, self._receive = trio.open_memory_channel[Action](room)
        self._in_hand: Action | None = None
        self._paced: deque[Say | SayLines] = deque()
        self._paced_changed = trio.Event()
        self._pace_scope = trio.CancelScope()
        self._session: ClientSession | None = None
        self._ever_attached = trio.Event()
        self._attached = trio.Event()
        self._gone = trio.Event()

    @property
    def session(self) -> ClientSession | None:
        """The session, while there is one."""
        return self._session

    def attach(self, session: ClientSession) -> None:
        """Send through this session as soon as it is ready."""
        self._session = session
        self._ever_attached.set()
        self._gone = trio.Event()
        self._attached.set()

    def detach(self) -> None:
        """Keep the actions until there is another session."""
        self._session = None
        self._attached = trio.Event()
        self._gone.set()

    async def put(self, action: Action) -> None:
        """Add an action; wait while there is no room for it."""
        await self._send.send(action)

    def put_nowait(self, action: Action) -> None:
        """Add an action.

        Raises:
            trio.WouldBlock: there is no room for it.
        """
        if len(self._paced) >= max(self._room, 1):
            raise trio.WouldBlock
        self._send.send_nowait(action)

    def close(self) -> None:
        """Take no further actions; `all_sent` is set when the rest is sent."""
        self._send.close()

    async def run(self) -> None:
        """Send the actions in order, until `close`; cancelled, leave the rest for `take_unsent`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send_paced)
            async for action in self._receive:
                self._in_hand = action
                await self._perform(action)
                self._in_hand = None
            while self._paced:
                await self._paced_changed.wait()
            nursery.cancel_scope.cancel()
        self.all_sent.set()

    # Lines with pauses

    @property
    def paced_lines(self) -> int:
        """How many lines wait for their pause to end."""
        return sum(len(each) if isinstance(each, SayLines) else 1 for each in self._paced)

    def stop_paced(self, target: str = "") -> list[tuple[str, str]]:
        """Stop sending lines with pauses; return the targets and texts that were not sent.

        Args:
            target: the target of the lines; "" for all.
        """
        same = self._session.protocol.features.same if self._session else str.__eq__
        left: dict[str, list[str]] = {}
        stopped = [each for each in self._paced if not target or same(each.target, target)]
        for each in stopped:
            left.setdefault(each.target, []).append(each.text)
        self._remove_paced(stopped)
        return [(each, "\n".join(texts)) for each, texts in left.items()]

    def _remove_paced(self, actions: Sequence[Say | SayLines]) -> None:
        first = self._paced[0] if self._paced else None
        for each in actions:
            self._paced.remove(each)
        if first in actions:
            self._pace_scope.cancel()
        self._notify_paced()

    async def _send_paced(self) -> None:
        while True:
            while not self._paced:
                await self._paced_changed.wait()
            with trio.CancelScope() as self._pace_scope:
                action = self._paced[0]
                await self._perform(action, at_once=True)
                if action in self._paced:  # not stopped while its last line was written
                    self._paced.remove(action)
                self._notify_paced()

    def _notify_paced(self) -> None:
        self._paced_changed.set()
        self._paced_changed = trio.Event()

    def _must_be_paced(self, action: Say | SayLines, session: ClientSession) -> bool:
        same = session.protocol.features.same
        is_behind = any(same(action.target, each.target) for each in self._paced)
        return is_behind or (isinstance(action, SayLines) and not action.fits_together(session))

    # The rest

    def withdraw(self, action: Say | SayLines) -> None:
        """Send nothing more of an action, which its sender no longer waits for."""
        action.is_withdrawn = True
        if action in self._paced:
            self._remove_paced([action])

    def take_unsent(self) -> list[str]:
        """Remove everything that was not sent, and return the texts."""
        left: list[Action] = [*self._paced, *([self._in_hand] if self._in_hand else [])]
        self._in_hand = None
        self._paced.clear()
        while True:
            try:
                left.append(self._receive.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return [action.shown for action in left if not _is_withdrawn(action)]

    async def wait_settled(self, is_open: Callable[[], bool]) -> None:
        """Wait until everything is sent and answered.

        Args:
            is_open: returns whether another connection may find out what became of a message; if
                not, the loss of the connection ends the wait.
        """
        await self.all_sent.wait()
        await self._ever_attached.wait()
        while True:
            try:
                if self._session:
                    await self._session.wait_ready()
                    await self._session.settle()
                    return
            except NotConnectedError:  # the session reports what was not confirmed
                await self._gone.wait()
            if not is_open():
                return
            await self._attached.wait()

    async def _perform(self, action: Action, *, at_once: bool = False) -> None:
        while True:
            await self._attached.wait()
            session = self._session
            try:
                if session:
                    await session.wait_ready()
                    if _is_withdrawn(action):
                        return
                    if (
                        not at_once
                        and not isinstance(action, ProtocolCall)
                        and self._must_be_paced(action, session)
                    ):
                        self._paced.append(action)
                        self._notify_paced()
                        return
                    await action(session)
                    return
            except NotConnectedError:
                await self._gone.wait()
            except ValueError:
                await self._cannot_be_sent(action.shown)
                return


def _is_withdrawn(action: Action) -> bool:
    return not isinstance(action, ProtocolCall) and action.is_withdrawn
