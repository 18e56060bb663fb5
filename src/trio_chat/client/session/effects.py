"""Effects of the client protocol: lines for the server and events for the interface.

The parts of the protocol know this one object, not each other: what a part wants to be sent or
reported, it adds here, and the session takes it.
"""

from trio_chat.client.session.events import Event
from trio_chat.irc.message import Message


class Effects:
    """Lines to be sent and events to be reported, each in the order in which they were added."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._events: list[Event] = []

    def send(self, command: str, *params: str) -> None:
        """Add a message without tags to the lines.

        Raises:
            ValueError: when a parameter cannot be written on a line.
        """
        self.put(Message(command, params))

    def put(self, message: Message) -> None:
        """Add a message to the lines.

        Raises:
            ValueError: when a parameter cannot be written on a line.
        """
        self._lines.append(message.line())

    def report(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)

    def take_lines(self) -> list[str]:
        """Remove and return the lines."""
        lines, self._lines = self._lines, []
        return lines

    def take_events(self) -> list[Event]:
        """Remove and return the events."""
        events, self._events = self._events, []
        return events
