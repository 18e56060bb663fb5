"""The parts of outputs that clients of this node get, or that its history stores."""

from collections.abc import Iterable

from trio_chat.chat.events import Event, OutputItem
from trio_chat.chat.users import NOWHERE, Session
from trio_chat.cluster.machine import Applied

_MOST_AUDIENCES = 10_000

Audience = tuple[Session, ...]


class OwnParts:
    """Selects what matters to one node."""

    def __init__(self) -> None:
        self._audiences: dict[int, tuple[Audience, Audience]] = {}

    def of(self, applied: Iterable[Applied]) -> tuple[OutputItem, ...]:
        """Return the parts for the clients and for the history of this node, in order."""
        return tuple(
            own
            for each in applied
            for part in each.output.parts
            if (own := self._own(part, is_from_here=_is_from_here(each))) is not None
        )

    def _own(self, part: OutputItem, *, is_from_here: bool) -> OutputItem | None:
        if not isinstance(part, Event):
            return part if part.session.sink is not NOWHERE else None
        recipients = self._recipients(part.recipients)
        # The node of the sender alone pushes a message to devices. Any node may have, for which a
        # notification is to be taken away.
        push = part.push_accounts if is_from_here or part.command == "MARKREAD" else ()
        if not recipients and not part.history_targets and not push:
            return None
        if recipients is part.recipients and push is part.push_accounts:
            return part
        return part.replace(recipients=recipients, push_accounts=push)

    def _recipients(self, recipients: Audience) -> Audience:
        """Return those sessions that are connected to this node: for the same recipients the same
        tuple, because an event is encoded once for each.
        """
        known = self._audiences.get(id(recipients))
        if known is not None and known[0] is recipients:
            return known[1]
        own = tuple(session for session in recipients if session.sink is not NOWHERE)
        if len(own) == len(recipients):
            own = recipients
        if len(self._audiences) >= _MOST_AUDIENCES:
            self._audiences.clear()
        self._audiences[id(recipients)] = recipients, own
        return own


def _is_from_here(applied: Applied) -> bool:
    return applied.is_from_here or applied.session is not None
