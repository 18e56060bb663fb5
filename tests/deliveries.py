"""Deliveries of a batch, one for each session."""

from collections.abc import Iterator, Sequence

from trio_chat.chat.events import OutputItem
from trio_chat.chat.users import Session
from trio_chat.server.deliveries import gather


def deliveries(parts: Sequence[OutputItem]) -> Iterator[tuple[Session, bytes, bool]]:
    """Yield each session with all its bytes, and whether these are replies to its own commands."""
    for sessions, data, is_reply in gather(parts):
        for session in sessions:
            yield session, data, is_reply
