"""Events of a change that a cluster carries out later."""

from collections.abc import Iterable

from trio_chat.chat.events import Event, OutputItem
from trio_chat.chat.users import Session


class DecidedEvents(list[Event]):
    """The events of a change that is carried out later, in a cluster: there are none yet.

    Attributes:
        asker: the session whose answer is to contain its own copies of what its user does; None if
            it receives these like other sessions.
        place: after how many lines of the answer these come.
        own: the events with its own copies, once the change has been carried out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asker: Session | None = None
        self.place = 0
        self.own: list[Event] = []

    def divide(self, events: Iterable[OutputItem]) -> tuple[OutputItem, ...]:
        """Keep the asker's own copies of what the change has led to; return what the others, and
        the history, are to receive.

        What other users do, such as the QUIT of a user that it ends, the asker receives in the
        order of the log: somebody else may take the nickname at once.
        """
        return tuple(self._without_asker(event) for event in events)

    def _without_asker(self, event: OutputItem) -> OutputItem:
        asker = self.asker
        if asker is None or asker.user is None or not isinstance(event, Event):
            return event
        is_own = event.source == asker.user.source and asker in event.recipients
        if not is_own or event.skip is not None:
            return event
        self.own.append(event)
        return event.replace(skip=asker)
