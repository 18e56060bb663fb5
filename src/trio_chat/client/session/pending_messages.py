"""Messages of this client that the server has not answered yet.

A message stays here from the moment it is sent until the server confirms it (by its echo, its
label, or the PONG behind it), refuses it, or the connection ends. The user is informed which.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trio_chat.client.session.events import MessageKind


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """One message; `key` is its label, or the token of the PING that follows it.

    Args:
        request: the number that its sender has given it, 0 for none.
    """

    key: str
    target: str
    text: str
    kind: MessageKind
    request: int = 0


class PendingMessages:
    """The messages, the oldest first."""

    def __init__(self) -> None:
        self._messages: deque[PendingMessage] = deque()
        self._count = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[PendingMessage]:
        return iter(tuple(self._messages))

    def add(self, target: str, text: str, kind: MessageKind, request: int = 0) -> PendingMessage:
        """Add a message that is about to be sent, under a new key."""
        self._count += 1
        message = PendingMessage(f"m{self._count}", target, text, kind, request)
        self._messages.append(message)
        return message

    def take(self, key: str) -> PendingMessage | None:
        """Remove and return the message with this key, if it is still there."""
        return self._take_first(lambda message: message.key == key)

    def take_echo(
        self, same_target: Callable[[str], bool], text: str, kind: MessageKind
    ) -> PendingMessage | None:
        """Remove and return the message that an echo without a label stands for: one with the same
        text, or else the oldest.
        """
        return self._take_first(
            lambda message: (
                message.kind is kind and message.text == text and same_target(message.target)
            )
        ) or self._take_first(lambda message: message.kind is kind and same_target(message.target))

    def take_oldest(self, same_target: Callable[[str], bool]) -> PendingMessage | None:
        """Remove and return the oldest message to a target: errors come in the order of the
        messages.
        """
        return self._take_first(lambda message: same_target(message.target))

    def take_through(self, key: str) -> list[PendingMessage]:
        """Remove and return the message with this key and all before it; none when it is gone
        already.
        """
        if not any(message.key == key for message in self._messages):
            return []
        taken = []
        while True:
            taken.append(self._messages.popleft())
            if taken[-1].key == key:
                return taken

    def take_all(self) -> list[PendingMessage]:
        """Remove and return all messages."""
        taken = list(self._messages)
        self._messages.clear()
        return taken

    def _take_first(self, fits: Callable[[PendingMessage], bool]) -> PendingMessage | None:
        for message in self._messages:
            if fits(message):
                self._messages.remove(message)
                return message
        return None
